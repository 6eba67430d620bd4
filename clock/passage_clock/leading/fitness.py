"""Whether a candidate could lead, judged while it stands by: a rollout must hear of it while good replicas are left.

What the log has seen in a newer edition makes it stand back and say so: its data may be brought up to date beneath
others that lead. What contradicts published ticks no other leader can mend: it ends the candidate at once.

Refuses to judge by half of the log: ask only when everything readable was read. It looks again only when the schedules
topic said something since.
"""

from collections.abc import Sequence

from passage_clock.errors import PlanError
from passage_clock.leading.continuity import broken
from passage_clock.leading.observer import Observer
from passage_clock.records.entries import Edition, newer_than
from passage_clock.records.follower import Follower
from passage_clock.schedules import Schedule


class Fitness:
    """Belongs to one thread."""

    def __init__(self, schedules: Sequence[Schedule], edition: Edition, follower: Follower, observer: Observer) -> None:
        self._schedules = tuple(schedules)
        self._edition = edition
        self._follower = follower
        self._observer = observer
        self._heard = -1
        self._is_fit = True

    def newer(self) -> list[str]:
        """What was read of that is newer than ours; empty: we may lead."""
        return newer_than(self._edition, self._follower.entries.values(), self._schedules)

    def judge(self) -> bool:
        """Whether we may lead. Raises PlanError, a line for each schedule that contradicts its published ticks."""
        if self._follower.heard == self._heard:
            return self._is_fit
        self._heard = self._follower.heard
        newer = self.newer()
        self._is_fit = not newer
        self._observer.outdated("; ".join(newer) or None)
        if self._is_fit and self._has_changed():
            refused = broken(self._schedules, self._follower.memory())
            if refused:
                raise PlanError("\n".join(refused))
        return self._is_fit

    def _has_changed(self) -> bool:
        """Cheap, and nearly always all there is to ask."""
        entries = self._follower.entries
        found = ((one, entries.get(one.name)) for one in self._schedules)
        return any(entry is not None and entry.definition != one.definition for one, entry in found)
