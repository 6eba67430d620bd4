"""Which ticks are due, and when to look again.

Pure: the caller brings the last published tick of each schedule and the time. Occurrences are computed from the
previous occurrence and never from `now`, so a late wake-up cannot shift a schedule.

Order. The *front* is the latest end among the ticks published so far. An occurrence that ends at or after the front is
*live*, one that ends before it is *backfill*: the clock has passed that instant without it (a schedule that was added
with `starts_at` in the past, or one that was resumed). Live ones go first, backfill behind, each in (ends_at, schedule
name) order. It follows that

- a clock that was down catches up in one order over all its schedules, and so does one whose log is empty;
- a new schedule's past never holds up the present: whatever is due live goes before the next piece of it;
- the order depends on nothing but the log and `now`: a plan made anew from the last ticks goes on as the old one would
  have, and one call for a thousand gives what a thousand calls for one give.

It refuses a label its schedule has already used: the label is the record's key, and compaction would erase history.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace

from passage_clock.errors import PlanError
from passage_clock.schedules import Occurrence, Schedule
from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class LastTick:
    """The last readable tick of a schedule. `digest`: SHA-256 of its value's bytes, for the next tick's `previous`."""

    ordinal: int
    period: str
    ends_at: Instant
    digest: bytes


@dataclass(frozen=True, slots=True)
class Planned:
    """An occurrence that is due, with what its tick will say of its place: its ordinal, and when the next one comes
    (None: nothing more is known to come). `stands_for`: how many occurrences, itself the last, its tick stands for."""

    schedule: Schedule
    occurrence: Occurrence
    ordinal: int
    next_at: Instant | None
    stands_for: int = 1


class _Progress:
    """How far one schedule has come: the occurrence at its head is the next to be published."""

    __slots__ = ("coming", "head", "ordinal", "schedule")

    def __init__(self, schedule: Schedule, coming: Iterator[Occurrence], ordinal: int) -> None:
        self.schedule = schedule
        self.coming = coming
        self.head = next(coming, None)
        self.ordinal = ordinal


_Queue = list[tuple[Instant, str, _Progress]]


class Plan:
    """What is due of these schedules, made once per term.

    `last` has the last tick of every schedule that has one. `first_at` has, for those that have none, the `next_at`
    recorded when the schedule was first promised; it counts where there is no `starts_at`. Names that are not among
    `schedules` are allowed in both: their last ticks count for the front.

    Raises PlanError, naming the schedule, for a label used before or a schedule that has nowhere to start.
    """

    def __init__(
        self, schedules: Sequence[Schedule], last: Mapping[str, LastTick], first_at: Mapping[str, Instant]
    ) -> None:
        self._front = max((tick.ends_at for tick in last.values()), default=None)
        self._progress: dict[str, _Progress] = {}
        self._live: _Queue = []
        self._backfill: _Queue = []
        for schedule in schedules:
            if schedule.name in self._progress:
                raise PlanError(f"{schedule.name}: planned twice; a schedule's name is its identity, rename one")
            progress = _start(schedule, last.get(schedule.name), first_at.get(schedule.name))
            self._progress[schedule.name] = progress
            if progress.head is not None:
                self._queue_of(progress.head).append((progress.head.ends_at, schedule.name, progress))
        heapify(self._live)
        heapify(self._backfill)

    def due(self, now: Instant, limit: int) -> list[Planned]:
        """At most `limit` occurrences with ends_at <= now, in order. They count as published once returned: if they
        were not, throw the plan away and make one from the log."""
        found: list[Planned] = []
        while len(found) < limit:
            if self._live and self._live[0][0] <= now:
                self._front = self._live[0][0]
                found.append(self._take(self._live))
            elif self._backfill and self._backfill[0][0] <= now:
                found.append(self._take(self._backfill))
            else:
                break
        return found

    def wake_at(self) -> Instant | None:
        """When the next occurrence is due; in the past while some are. None: nothing is known to come."""
        heads = [queue[0][0] for queue in (self._live, self._backfill) if queue]
        return min(heads, default=None)

    def promises(self) -> dict[str, Instant | None]:
        """Each schedule's next occurrence; None for one that stopped, its calendar's data at an end."""
        return {name: one.head.ends_at if one.head is not None else None for name, one in self._progress.items()}

    def backfilling(self) -> tuple[str, ...]:
        """The schedules whose next occurrence lies before the front, by name."""
        return tuple(sorted(name for _, name, _ in self._backfill))

    def _queue_of(self, occurrence: Occurrence) -> _Queue:
        return self._live if self._front is None or occurrence.ends_at >= self._front else self._backfill

    def _take(self, queue: _Queue) -> Planned:
        """Publish the head of the queue and put its schedule where its next occurrence belongs.

        Nothing in the live queue ever ends before the front, since the front is the end of its last least element; so
        schedules only ever move from the backfill to the live ones.
        """
        progress = queue[0][2]
        name = progress.schedule.name
        taken = progress.head
        assert taken is not None
        progress.ordinal += 1
        following = progress.head = next(progress.coming, None)
        if following is None:
            heappop(queue)
            return Planned(progress.schedule, taken, progress.ordinal, None)
        if following.ends_at <= taken.ends_at or following.period == taken.period:
            raise PlanError(f"{name}: {following} does not follow {taken}")
        home = self._queue_of(following)
        if home is queue:
            heapreplace(queue, (following.ends_at, name, progress))
        else:
            heappop(queue)
            heappush(home, (following.ends_at, name, progress))
        return Planned(progress.schedule, taken, progress.ordinal, following.ends_at)


def _start(schedule: Schedule, last: LastTick | None, first_at: Instant | None) -> _Progress:
    if last is not None:
        progress = _Progress(schedule, schedule.occurrences(last.ends_at), last.ordinal)
        if progress.head is not None and _used_before(progress.head.period, last.period):
            raise PlanError(
                f"{schedule.name}: its next period would be {progress.head.period}, but its tick {last.ordinal} was "
                f"{last.period} already (was its zone or rule changed?); give the changed schedule a new name, or a "
                "starts_at after that period"
            )
        return progress
    if schedule.starts_at is not None:
        return _Progress(schedule, schedule.occurrences(None), 0)
    if first_at is not None:
        return _Progress(schedule, schedule.occurrences(Instant(first_at - 1)), 0)
    raise PlanError(
        f"{schedule.name}: no tick, no starts_at and no recorded promise, so it has nowhere to start; record its "
        "first promise, or give it a starts_at"
    )


def _used_before(label: str, last: str) -> bool:
    """Whether a schedule whose last label is `last` may have used this one. Labels of one shape sort by time; those
    with an offset (`T`) name an instant by themselves, so only the very same is a repetition."""
    if "T" in label:
        return label == last
    return _shape(label) == _shape(last) and label <= last


def _shape(label: str) -> str:
    return re.sub(r"\d", "0", label)
