"""Whether a candidate could lead, judged while it stands by: a rollout must hear of it while good replicas are left.

What the log has seen in a newer edition makes it stand back and say so: its data may be brought up to date beneath
others that lead. So does a file that is another than the one that led with its generation, and a promise that this
candidate would break: another may keep it. What contradicts published ticks no other leader can mend: it ends the
candidate at once.

Refuses to judge by half of the log: ask only when everything readable was read. It looks again only when the schedules
topic said something since.
"""

from dataclasses import dataclass

import structlog

from passage_clock.config import ClockConfig
from passage_clock.errors import PlanError, PromiseError
from passage_clock.leading.observer import Observer
from passage_clock.leading.promises import MEND, broken, compared_by_the_rules, unkept
from passage_clock.leading.promises import told as told_unkept
from passage_clock.records.differing import differences, mend_of, told
from passage_clock.records.entries import Edition, newer_than
from passage_clock.records.follower import Follower

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OfficeRefusal:
    """Why a candidate may not lead, and what would mend it: a few words each."""

    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{self.reason}; {self.mend}"


class Fitness:
    """Belongs to one thread."""

    def __init__(self, config: ClockConfig, edition: Edition, follower: Follower, observer: Observer) -> None:
        self._config = config
        self._edition = edition
        self._follower = follower
        self._observer = observer
        self._heard = -1
        self._trusts_our_rules = False
        """Whether they were held against the promises. An office does it again, whenever it makes a plan."""
        self.refusal: OfficeRefusal | None = None
        """What was found when it was last judged."""

    def look(self) -> OfficeRefusal | None:
        """Why we may not lead by what was read; None: we may."""
        return self._tell(self._found())

    def broke(self, promise: PromiseError) -> OfficeRefusal:
        """An office found that it would break this one: as `look`, and that is what was found."""
        self._trusts_our_rules = False
        refusal = OfficeRefusal(str(promise), MEND)
        self._tell(refusal)
        return refusal

    def look_again(self) -> OfficeRefusal | None:
        """As `look`, if there was something against us when it was last judged; else nothing is known yet."""
        return None if self.refusal is None else self.look()

    def judge(self) -> bool:
        """Whether we may lead. Raises PlanError, a line for each schedule that contradicts its published ticks."""
        if self._follower.heard == self._heard:
            return self.refusal is None
        self._heard = self._follower.heard
        before = self.refusal
        refusal = self.look()
        if refusal is not None and refusal != before:
            log.error("may_not_lead", reason=refusal.reason, mend=refusal.mend)
        if refusal is None and self._has_changed():
            refused = broken(self._config.schedules, self._follower.state())
            if refused:
                raise PlanError("\n".join(refused))
        return refusal is None

    def _found(self) -> OfficeRefusal | None:
        entries = self._follower.entries.values()
        newer = newer_than(self._edition, entries, self._config.schedules)
        if newer:
            return OfficeRefusal("; ".join(newer), "bring this replica up to date; until then another must lead")
        others, generation = differences(self._config, entries), self._config.generation
        if others:
            return OfficeRefusal(told(generation, others), mend_of(generation))
        return None if self._trusts_our_rules else self._unkept()

    def _unkept(self) -> OfficeRefusal | None:
        found = unkept(compared_by_the_rules(self._config.schedules, self._follower.state(), self._edition))
        self._trusts_our_rules = not found
        return OfficeRefusal(told_unkept(found), MEND) if found else None

    def _tell(self, refusal: OfficeRefusal | None) -> OfficeRefusal | None:
        self.refusal = refusal
        self._observer.outdated(None if refusal is None else str(refusal))
        return refusal

    def _has_changed(self) -> bool:
        """Cheap, and nearly always all there is to ask."""
        entries = self._follower.entries
        found = ((one, entries.get(one.name)) for one in self._config.schedules)
        return any(entry is not None and entry.definition != one.definition for one, entry in found)
