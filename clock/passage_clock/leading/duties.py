"""What is done in office, a bounded piece of each a step, and whom it is told: ticks, answers, what may be let go.

Refuses to ask whether this is the time and the place for it: the service knows the stage, and brings a vouched reading
of the wall. What the log refuses in between ends the office, and is the service's to handle.
"""

from passage_clock.config import ClockConfig
from passage_clock.leading.log_lines import tell_answers, tell_batch, tell_entries, tell_let_go, tell_stopped
from passage_clock.leading.observer import Observer
from passage_clock.leading.office import Office
from passage_clock.leading.outlook import Outlook
from passage_clock.leading.retention import SWEEP_ROOM_SECONDS
from passage_clock.leading.seat import POLL_SECONDS
from passage_clock.leading.skew import WallReading
from passage_clock.records.clock_state import ClockState
from passage_clock.records.follower import Follower
from passage_clock.wall import Wall


class Duties:
    """Of one candidate, over all its offices. `batch_ticks`: how many ticks make a transaction at most."""

    def __init__(
        self, config: ClockConfig, follower: Follower, wall: Wall, observer: Observer, batch_ticks: int
    ) -> None:
        self._schedules = config.schedules
        self._follower = follower
        self._wall = wall
        self._observer = observer
        self._outlook = Outlook(config.schedules, observer)
        self._batch_ticks = batch_ticks

    def record(self, office: Office, state: ClockState) -> None:
        """Settle, at the beginning of an office and when operators have asked for something."""
        tell_entries(office.settle(state))
        tell_stopped(office.promises)
        self._observer.settled(self._schedules, state)

    def do(self, office: Office, now: WallReading, term: int | None) -> float:
        """The seconds in which there will be nothing more to do."""
        batch = office.publish(now.wall_at, self._batch_ticks)
        if batch is not None:
            if batch.ticks:
                self._observer.published(batch)
            tell_batch(batch, term)
        tell_answers(office.answer(self._follower.triggers, now.wall_at))
        self._outlook.look(office, now)
        seconds = self.seconds_to_next(office)
        if seconds <= SWEEP_ROOM_SECONDS:
            return seconds
        gone = office.tidy(now.wall_at)
        tell_let_go(gone)
        return seconds if gone is None else 0.0

    def seconds_to_next(self, office: Office) -> float:
        """Until something is to be published; those of a rest where nothing more is known to come."""
        wake_at = office.wake_at()
        self._observer.waits(wake_at)
        return POLL_SECONDS if wake_at is None else max(0.0, (wake_at - self._wall.now()) / 1_000_000)

    def end(self) -> None:
        """The office is over."""
        self._outlook.end()
        self._observer.waits(None)
