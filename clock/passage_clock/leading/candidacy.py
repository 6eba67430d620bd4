"""Where a candidate stands, and every move from there: its stage, and its seat in the group, which goes with it.

`leadership` says which move may follow. Who was fenced, refuses or stops has left the group, so that the assignment
goes to another. Refuses to do what a stage is for: that is the service's, and it is told when an office is over.
"""

from collections.abc import Callable

import structlog

from passage_clock.leading.fitness import Fitness, OfficeRefusal
from passage_clock.leading.leadership import OUTSIDE, Cause, Leadership, Stage
from passage_clock.leading.log_lines import tell_refused
from passage_clock.leading.observer import Observer
from passage_clock.leading.seat import Seat
from passage_clock.wall import Wall

log = structlog.get_logger(__name__)


class Candidacy:
    """Belongs to one thread. `leave_office` is called when a move ends one."""

    def __init__(self, name: str, seat: Seat, wall: Wall, observer: Observer, leave_office: Callable[[], None]) -> None:
        self.leadership = Leadership()
        self._name = name
        self._seat = seat
        self._wall = wall
        self._observer = observer
        self._leave_office = leave_office

    def move(self, happened: Cause, term: int | None = None) -> None:
        """`term` comes with MARKED and only with it."""
        before = self.leadership
        self.leadership = after = before.after(happened, self._wall.monotonic(), term)
        if before.owns_writer and not after.owns_writer:
            self._leave_office()
        self._observer.moved(before, after)

    def serve(self, fitness: Fitness) -> None:
        """What time and the group make of it: who should lead, and whether a wait is over. Serves the group."""
        if self.leadership.waited(self._wall.monotonic()):
            self.move(Cause.WAITED)
        if self.leadership.stage in OUTSIDE:
            return
        is_assigned = self._seat.is_named()
        stage, is_acting = self.leadership.stage, self.leadership.is_acting
        if is_assigned and stage is Stage.STANDING_BY and (refusal := fitness.look_again()) is not None:
            self.refuse(refusal)
        elif is_assigned and (stage is Stage.STANDING_BY or is_acting):
            self.move(Cause.ASSIGNED)
        elif not is_assigned and not is_acting and stage is not Stage.STANDING_BY:
            log.info("unassigned", candidate=self._name, term=self.leadership.term)
            self.move(Cause.REVOKED)

    def refuse(self, refusal: OfficeRefusal) -> None:
        self._leave(Cause.REFUSED)
        tell_refused(self._name, refusal, self._again_in_seconds())

    def fenced(self, reason: str) -> None:
        log.warning("fenced", candidate=self._name, term=self.leadership.term, reason=reason)
        self._leave(Cause.FENCED)

    def failed(self, reason: str) -> None:
        """The office, or the way into it."""
        self.move(Cause.FAILED)
        log.warning("office_failed", candidate=self._name, reason=reason, again_in_seconds=self._again_in_seconds())

    def stop(self) -> None:
        self._leave(Cause.STOP)

    def _leave(self, happened: Cause) -> None:
        self.move(happened)
        self._seat.leave()

    def _again_in_seconds(self) -> float:
        return self.leadership.until - self._wall.monotonic()
