"""The clock: a candidate that stands by, takes office and publishes what is due.

One thread, one `step` after another; `leadership` says which may follow, `office` takes it. A step does one bounded
thing and returns, so that the group is served between any two, and a simulation can stop the world between any two.

    STANDING_BY                                   follow the log; take office unasked when it is vacated or overdue
    BACKING_OFF, FENCED, REFUSING                 follow the log
    OPENING, MARKING                              open the writer, write the barrier
    READING                                       follow the log to our own barrier
    SETTLING                                      read schedules and control to their end, probe, write what changed
    IN_OFFICE                                     publish a batch of what is due; probe while nothing is
    HELD                                          wait for the wall to be right again

Refuses to retry in place: an error ends the office, and the way back begins with a new writer.
"""

from collections.abc import Callable
from functools import partial

import structlog

from passage_clock.config import ClockConfig
from passage_clock.errors import PromiseError
from passage_clock.leading.broker_time import BrokerTime
from passage_clock.leading.candidacy import Candidacy
from passage_clock.leading.duties import Duties
from passage_clock.leading.failure_detector import FailureDetector
from passage_clock.leading.fitness import Fitness
from passage_clock.leading.leader_monitor import LeaderMonitor
from passage_clock.leading.leadership import Cause, Leadership, Stage
from passage_clock.leading.log_lines import tell_taken
from passage_clock.leading.lookout import CandidateLookout
from passage_clock.leading.observer import Observer, Quiet
from passage_clock.leading.office import Office
from passage_clock.leading.seat import POLL_SECONDS, Seat, StopSignal
from passage_clock.records.clock_state import ClockState
from passage_clock.records.entries import Edition
from passage_clock.records.follower import Follower, Places
from passage_clock.wall import Wall
from passage_log.errors import Fenced, LogError, Refused, Truncated, Unfit
from passage_log.port import Log, Member
from passage_schemas.log_record import Partition

# `POLL_SECONDS` for who stands by, which waits for the log and looks at its group in between.
STANDBY_POLL_SECONDS = 0.1
# A probe takes some 20 ms: nothing may be due in that time.
PROBE_ROOM_SECONDS = 0.1
# How long to wait for records that are known to be on their way.
READING_SECONDS = 0.005

# A log that fails a standby at once would be asked without end.
PAUSE_SECONDS = 0.5

# A transaction this large takes about a tenth of a second: short beside a session of six seconds, long beside a commit.
BATCH_TICKS = 5_000

log = structlog.get_logger(__name__)


def places(config: ClockConfig) -> Places:
    topics = config.topics
    return Places(*(Partition(name, 0) for name in (topics.ticks, topics.schedules, topics.control, topics.triggers)))


class Clock:
    """One candidate. `name` tells people which. Belongs to one thread.

    Raises out of `step` and `run` what an operator must mend: Unfit, Refused, Truncated, ClockError, SchemaError. Any
    other error of the log is said, and the way back begins anew.
    """

    def __init__(
        self,
        config: ClockConfig,
        log_: Log,
        wall: Wall,
        name: str,
        observer: Observer | None = None,
        edition: Edition | None = None,
        batch_ticks: int = BATCH_TICKS,
    ) -> None:
        self.name = name
        self._config = config
        self._log = log_
        self._wall = wall
        self._observer = observer if observer is not None else Quiet()
        self._edition = edition or Edition.at_hand(config.generation)
        self._batch_ticks = batch_ticks
        self._places = places(config)
        self._follower = Follower(log_, self._places)
        detector = FailureDetector(name, config.fast_failover_grace_seconds, config.max_skew_seconds)
        self._monitor = LeaderMonitor(self._follower, detector, wall)
        self._fitness = Fitness(config, self._edition, self._follower, self._observer)
        self._duties = Duties(config, self._follower, wall, self._observer, batch_ticks)
        self._time = BrokerTime(name, config.max_skew_seconds, wall, self._observer)
        self._lookout = CandidateLookout(
            name, config, self._follower, self._monitor, self._fitness, wall, self._observer
        )
        self._seat = Seat(log_, config)
        self._candidacy = Candidacy(name, self._seat, wall, self._observer, self._drop_office)
        self._office: Office | None = None
        self._ends: dict[Partition, int] = {}
        self._asked = 0
        self._opened_at = 0.0
        self._must_pause = False
        self._steps: dict[Stage, Callable[[], float]] = {
            Stage.STANDING_BY: self._stand_by,
            Stage.BACKING_OFF: self._wait,
            Stage.FENCED: self._wait,
            Stage.REFUSING: self._wait,
            Stage.OPENING: self._open,
            Stage.MARKING: self._mark,
            Stage.READING: self._read,
            Stage.SETTLING: self._settle,
            Stage.IN_OFFICE: self._lead,
            Stage.HELD: lambda: POLL_SECONDS,
            Stage.STOPPED: lambda: POLL_SECONDS,
        }

    @property
    def transactional_id(self) -> str:
        """The same for every candidate: who writes these ticks fences whoever did, whatever group they came from."""
        return f"passage-clock.{self._config.topics.ticks}"

    @property
    def leadership(self) -> Leadership:
        return self._candidacy.leadership

    @property
    def member(self) -> Member | None:
        """Its seat in the group; None before the first step, while fenced or refusing, and when stopped."""
        return self._seat.member

    def run(self, stop: StopSignal) -> None:
        """Be a candidate until told to stop; then resign and leave the group."""
        log.info("standing_by", candidate=self.name, group=self._config.group, ticks=self._config.topics.ticks)
        try:
            while not stop.is_set():
                seconds = self.step()
                self._guarded(partial(self._rest, seconds, stop))
            self.stop()
        finally:
            self.close()

    def step(self) -> float:
        """Do the next bounded thing. The seconds in which there will be nothing to do, unless the group says so."""
        seconds = self._guarded(self._step)
        self._observer.stepped(self._wall.monotonic(), self._monitor.has_reached_the_log)
        return seconds

    def _step(self) -> float:
        self._candidacy.serve(self._fitness)
        seconds = self._steps[self.leadership.stage]()
        self._lookout.look(self.leadership, self._time.skew_seconds, has_time=seconds > PROBE_ROOM_SECONDS)
        return seconds

    def _guarded(self, act: Callable[[], float]) -> float:
        """What the log refuses is handled by what the error's class says; 0.0 after an error."""
        try:
            return act()
        except (Unfit, Refused, Truncated):
            raise
        except PromiseError as error:
            self._candidacy.refuse(self._fitness.broke(error))
        except LogError as error:
            if isinstance(error, Fenced) and self.leadership.owns_writer:
                self._candidacy.fenced(str(error))
            else:
                self._fail(error)
        return 0.0

    def stop(self) -> None:
        """Resign if in office, and leave the group at once, so that a standby need not wait for the session to end."""
        if self.leadership.stage in (Stage.IN_OFFICE, Stage.HELD) and self._office is not None:
            try:
                self._office.resign()
                log.info("resigned", candidate=self.name, term=self.leadership.term)
            except LogError as error:
                log.warning("resignation_failed", candidate=self.name, reason=str(error))
        self._candidacy.stop()

    def close(self) -> None:
        """Let go of everything, without a resignation. A second call does nothing."""
        self._drop_office()
        self._seat.leave()
        self._follower.close()

    def _rest(self, seconds: float, stop: StopSignal) -> float:
        if self._must_pause:
            self._must_pause = stop.wait(PAUSE_SECONDS)
        if seconds <= 0:
            return 0.0
        if not self.leadership.owns_writer:
            # What a standby waits for comes by the log: a resignation, or a tick.
            self._follow(min(seconds, STANDBY_POLL_SECONDS))
        else:
            self._seat.rest(seconds, stop)
        return 0.0

    # The steps.

    def _wait(self) -> float:
        return STANDBY_POLL_SECONDS if self._follow() == 0 else 0.0

    def _stand_by(self) -> float:
        if self._follow():
            return 0.0
        sign = self._monitor.sign()
        is_fit = self._monitor.has_reached_the_log and self._fitness.judge()
        if sign is None or not is_fit:
            return STANDBY_POLL_SECONDS
        log.warning("acting", candidate=self.name, why=sign.name.lower(), last_leader=self._monitor.last_leader)
        self._candidacy.move(sign)
        return 0.0

    def _follow(self, timeout_seconds: float = 0.0) -> int:
        return self._monitor.follow(self._batch_ticks, timeout_seconds)

    def _open(self) -> float:
        self._office = Office(
            self._log,
            self._wall,
            self._places,
            self._config.schedules,
            self._edition,
            self._config.source,
            self.name,
            self._config.catch_up_ticks_per_second,
        )
        self._opened_at = self._wall.monotonic()
        self._office.open(self.transactional_id)
        self._candidacy.move(Cause.OPENED)
        return 0.0

    def _mark(self) -> float:
        term = self._in_office().mark(self._follower.last_at())
        self._candidacy.move(Cause.MARKED, term)
        return 0.0

    def _read(self) -> float:
        term = self.leadership.term
        assert term is not None, "a barrier was written"
        read = self._follow()
        if self._follower.passed(self._places.ticks, term):
            self._follower.rest()
            self._ends = {place: self._follower.end(place) for place in (self._places.schedules, self._places.control)}
            self._candidacy.move(Cause.CAUGHT_UP)
            return 0.0
        return 0.0 if read else READING_SECONDS

    def _settle(self) -> float:
        if not all(self._follower.passed(place, end - 1) for place, end in self._ends.items()):
            if self._lookout.obstacle is not None:
                self._in_office().end_hanging()
            return 0.0 if self._follow() else READING_SECONDS
        if (refusal := self._fitness.look()) is not None:
            self._candidacy.refuse(refusal)
            return 0.0
        if self._is_ahead():
            return POLL_SECONDS
        office = self._in_office()
        self._record(office, self._state())
        self._candidacy.move(Cause.SETTLED)
        tell_taken(self.name, self.leadership.term, office.sequence, self._wall.monotonic() - self._opened_at)
        return 0.0

    def _lead(self) -> float:
        office = self._in_office()
        self._follow()
        now = self._time.vouched(office)
        if now is None:
            self._candidacy.move(Cause.AHEAD)
            return POLL_SECONDS
        if self._follower.asked != self._asked:
            self._record(office, self._state())
        seconds = self._duties.do(office, now, self.leadership.term)
        if seconds > PROBE_ROOM_SECONDS and self._time.may_ask():
            return POLL_SECONDS if self._is_ahead() else self._duties.seconds_to_next(office)
        return seconds

    def _state(self) -> ClockState:
        return self._follower.state()

    def _record(self, office: Office, state: ClockState) -> None:
        self._asked = self._follower.asked
        self._duties.record(office, state)

    def _is_ahead(self) -> bool:
        if not self._time.is_ahead(self._in_office()):
            return False
        self._candidacy.move(Cause.AHEAD)
        return True

    def _fail(self, error: LogError) -> None:
        self._lookout.failed(str(error))
        self._read_anew()
        if not self.leadership.owns_writer:
            log.warning("log_unreachable", candidate=self.name, reason=str(error))
            self._monitor.lost_the_log()
            self._must_pause = True
            return
        self._candidacy.failed(str(error))

    def _read_anew(self) -> None:
        try:
            self._follower.reopen()
        except LogError as error:
            log.warning("reader_not_opened", candidate=self.name, reason=str(error))

    def _drop_office(self) -> None:
        if self._office is not None:
            self._office.discard()
            self._office = None
            self._duties.end()
            self._follower.wake()

    def _in_office(self) -> Office:
        assert self._office is not None, f"no office while {self.leadership.stage.name}"
        return self._office
