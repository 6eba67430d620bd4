"""How far one schedule has come: the occurrence at its head is the next to get a tick.

Pure. Here is what a schedule's misfire policy makes of occurrences that are late, and where a schedule begins: behind
its last tick, at its `starts_at`, or where it was first promised.

Refuses a label that may have been used before; a schedule that keeps what was published steps over it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile

from passage_clock.errors import PlanError
from passage_clock.planning.sharing import Sharing
from passage_clock.schedules import Occurrence, Schedule
from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class LastTick:
    """The last readable tick of a schedule. `digest`: SHA-256 of its value's bytes, for the next tick's `previous`."""

    ordinal: int
    period: str
    ends_at: Instant
    digest: bytes


class _Peeked(Iterator[Occurrence]):
    """Occurrences of which the first can be looked at: whether there is another one due decides about this one."""

    __slots__ = ("_coming", "first")

    def __init__(self, coming: Iterator[Occurrence]) -> None:
        self._coming = coming
        self.first = next(coming, None)

    def __next__(self) -> Occurrence:
        taken = self.first
        if taken is None:
            raise StopIteration
        self.first = next(self._coming, None)
        return taken


class Progress:
    """One schedule's place. `head` is None where nothing more is known to come. `is_lenient`: its policy has to judge
    what is late before any of it is taken."""

    __slots__ = ("_since", "coming", "head", "is_lenient", "ordinal", "schedule", "stands_for")

    def __init__(self, schedule: Schedule, coming: Iterator[Occurrence], ordinal: int) -> None:
        self.schedule = schedule
        self.is_lenient = schedule.misfire != "publish_all"
        self.coming = _Peeked(coming) if schedule.misfire == "coalesce" else coming
        self.head = next(self.coming, None)
        self.ordinal = ordinal
        self.stands_for = 1
        self._since: Instant | None = None

    @property
    def promise(self) -> Instant | None:
        """What a subscriber may rely on: no tick comes before it. It is no later than the head."""
        if self._since is not None:
            return self._since
        return self.head.ends_at if self.head is not None else None

    def live_at(self, front: Instant) -> Instant | None:
        """When a look may find its next tick live: for one whose head is backfill, when more comes to stand for."""
        assert self.head is not None
        if self.head.ends_at >= front:
            return self.promise
        coming = self.coming.first if isinstance(self.coming, _Peeked) else None
        return coming.ends_at if coming is not None else None

    def follow(self) -> Occurrence | None:
        """The head has been taken: the next one takes its place."""
        self.ordinal += 1
        if self.is_lenient:
            self.stands_for, self._since = 1, None
        self.head = next(self.coming, None)
        return self.head

    def skip(self, now: Instant) -> bool:
        """Give up what is later at `now` than the schedule's grace; by one leap, however much that is. Whether anything
        was given up: then the promise has moved."""
        assert self.head is not None
        oldest = Instant(now - round(self.schedule.misfire_grace_seconds * 1_000_000))
        if self.head.ends_at >= oldest:
            return False
        self.coming = self.schedule.occurrences(Instant(oldest - 1))
        self.head = next(self.coming, None)
        return True

    def gather(self, now: Instant, most: int) -> int:
        """Let the last occurrence that is due by `now` stand for all before it; at most so many in one call. How many
        that were: `most` may mean that there are more."""
        assert self.head is not None
        assert isinstance(self.coming, _Peeked)
        coming, promise, gathered = self.coming, self.promise, 0
        while gathered < most and (first := coming.first) is not None and first.ends_at <= now:
            self.head = next(coming)
            gathered += 1
        if gathered:
            self._since = promise
            self.stands_for += gathered
        return gathered


def start(schedule: Schedule, last: LastTick | None, first_at: Instant | None, sharing: Sharing) -> Progress:
    """Where a schedule goes on, or begins. `first_at`: nothing before it gets a tick; it counts for a schedule that
    skips, and for one that has neither a tick nor a `starts_at`. Raises PlanError."""
    after = last.ends_at if last is not None else None
    if first_at is not None and (schedule.misfire == "skip" or (last is None and schedule.starts_at is None)):
        after = Instant(first_at - 1 if after is None else max(first_at - 1, after))
    if after is None and schedule.starts_at is None:
        raise PlanError(
            f"{schedule.name}: no tick, no starts_at and no recorded promise, so it has nowhere to start; record its "
            "first promise, or give it a starts_at"
        )
    coming = sharing.occurrences(schedule, after)
    if last is None:
        return Progress(schedule, coming, 0)
    used = last.period
    if schedule.on_change == "keep":  # The day that has its tick keeps it; the changed rule goes on with the next.
        coming = dropwhile(lambda one: used_before(one.period, used), coming)
    progress = Progress(schedule, coming, last.ordinal)
    if progress.head is not None and used_before(progress.head.period, used):
        raise PlanError(
            f"{schedule.name}: its next period would be {progress.head.period}, but its tick {last.ordinal} was "
            f"{used} already (was its zone or rule changed?); keep that tick by on_change: keep, which goes on with "
            "the next, or give the changed schedule a new name, or a starts_at after that period"
        )
    return progress


def used_before(label: str, last: str) -> bool:
    """Whether a schedule whose last label is `last` may have used this one. Labels of one shape sort by time; those
    with an offset (`T`) name an instant by themselves, so only the very same is a repetition."""
    if "T" in label:
        return label == last
    return _shape(label) == _shape(last) and label <= last


def _shape(label: str) -> str:
    return re.sub(r"\d", "0", label)
