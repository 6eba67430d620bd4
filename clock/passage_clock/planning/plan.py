"""Which ticks are due, and when to look again.

Pure: the caller brings the last published tick of each schedule and the time. Occurrences are computed from the
previous occurrence and never from `now`, so a late wake-up cannot shift a schedule.

Order. The *front* is the latest end among the ticks published so far. An occurrence that ends at or after the front is
*live*, one that ends before it is *backfill*: the clock has passed that instant without it (a schedule that was added
with `starts_at` in the past, or one that was resumed). Live ones go first, backfill behind, each in (ends_at, schedule
name) order. It follows that

- a clock that was down catches up in one order over all its schedules;
- a new schedule's past never holds up the present: whatever is due live goes before the next piece of it;
- the order depends on nothing but the log and `now`: a plan made anew from the last ticks goes on as the old one would
  have, and one call for a thousand gives what a thousand calls for one give.

Misfires. What is late when a look comes to it gets a tick each (`publish_all`), or one tick stands for all of it, the
last (`coalesce`), or gets none when it is later than the schedule's grace (`skip`). Backfill is nothing else: a
`starts_at` long past gives everything, one tick, or nothing but what comes now. Ordinals are dense all the same. Both
lenient policies are judged at every look anew, from the log and that look's `now`; nothing about them is remembered but
that a skip moves the schedule's promise, which the caller has to publish (`moved`) and brings again as `first_at`.

It refuses a label its schedule has already used: the label is the record's key, and compaction would erase history.
"""

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import NamedTuple

from passage_clock.errors import PlanError
from passage_clock.planning.progress import LastTick, Progress, start
from passage_clock.planning.sharing import Sharing
from passage_clock.schedules import Occurrence, Schedule
from passage_schemas.instant import Instant

GATHERED_AT_ONCE = 50_000
"""Counting a year of seconds takes half a minute; a look may take a tenth of a second, or the group gives us up."""

SAMPLED = 10_000
"""How many occurrences an estimate of the backlog may work out."""


class Planned(NamedTuple):
    """An occurrence that is due, with what its tick will say of its place: its ordinal, and when the next one comes
    (None: nothing more is known to come). `stands_for`: how many occurrences, itself the last, its tick stands for."""

    schedule: Schedule
    occurrence: Occurrence
    ordinal: int
    next_at: Instant | None
    stands_for: int = 1


_Queue = list[tuple[Instant, str, Progress]]


class Plan:
    """What is due of these schedules, made once per term.

    `last` has the last tick of every schedule that has one. `first_at` has, for those that have none, the `next_at`
    recorded when the schedule was first promised, which counts where there is no `starts_at`; and for one that skips,
    the promise that was recorded last. Names that are not among `schedules` are allowed in both: their last ticks count
    for the front. `front`: where it is when there are no ticks yet; without it, everything that is due is live then.

    Raises PlanError for labels used before and schedules that have nowhere to start, naming each in a line of its own.
    """

    def __init__(
        self,
        schedules: Sequence[Schedule],
        last: Mapping[str, LastTick],
        first_at: Mapping[str, Instant],
        front: Instant | None = None,
    ) -> None:
        self._front = max((tick.ends_at for tick in last.values()), default=front)
        self._progress: dict[str, Progress] = {}
        self._live: _Queue = []
        self._backfill: _Queue = []
        self._lenient: _Queue = []
        """The schedules whose policy has yet to judge what is late. Between two looks that is all of them."""
        self._moved: dict[str, Instant | None] = {}
        self.backfilled = 0
        """How many of those that the last look gave were backfill."""
        wrong: list[str] = []
        sharing = Sharing()
        for schedule in schedules:
            try:
                self._add(schedule, last.get(schedule.name), first_at.get(schedule.name), sharing)
            except PlanError as error:
                wrong.append(str(error))
        if wrong:
            raise PlanError("\n".join(wrong))
        for queue in (self._live, self._backfill, self._lenient):
            heapify(queue)

    def due(self, now: Instant, limit: int, backfill_limit: int | None = None) -> list[Planned]:
        """At most `limit` occurrences with ends_at <= now, in order, at most `backfill_limit` of them backfill. They
        count as published once returned: if they were not, throw the plan away and make one from the log.

        It may give none although some are due, when a lenient schedule's are still being counted: look again."""
        judged, self.backfilled = self._judge(now), 0
        found: list[Planned] = []
        room = limit if backfill_limit is None else backfill_limit
        while len(found) < limit:
            if self._live and self._live[0][0] <= now:
                self._front = self._live[0][0]
                found.append(self._take(self._live, now))
            elif self.backfilled < room and self._backfill and self._backfill[0][0] <= now:
                self.backfilled += 1
                found.append(self._take(self._backfill, now))
            else:
                break
        if judged:
            self._withdraw()
        return found

    def give_up(self, now: Instant) -> None:
        """Skip what is too late at `now`: the promises are then those that hold. For who publishes them all anyway."""
        self.due(now, 0)
        self._moved.clear()

    def moved(self) -> dict[str, Instant | None]:
        """The promises that moved by a skip since this was last asked. They must be published no later than what was
        due: nobody else will tell a subscriber not to wait for a tick that doesn't come."""
        moved, self._moved = self._moved, {}
        return moved

    def wake_at(self) -> Instant | None:
        """When the next occurrence is due; in the past while some are. None: nothing is known to come."""
        return min((queue[0][0] for queue in (self._live, self._backfill, self._lenient) if queue), default=None)

    def live_at(self) -> Instant | None:
        """As `wake_at`, but for the backfill."""
        front, lenient = self._front, self._lenient
        if front is None or not lenient or lenient[0][0] >= front:
            return min((queue[0][0] for queue in (self._live, lenient) if queue), default=None)
        found = [at for _, _, progress in lenient if (at := progress.live_at(front)) is not None]
        return min([*found, *(at for at, _, _ in self._live[:1])], default=None)

    def promises(self) -> dict[str, Instant | None]:
        """Each schedule's next occurrence; None for one that stopped, its calendar's data at an end."""
        return {name: one.promise for name, one in self._progress.items()}

    def backfilling(self) -> tuple[str, ...]:
        """The schedules whose next occurrence lies before the front, by name."""
        front = self._front
        lenient = (name for at, name, _ in self._lenient if front is not None and at < front)
        return tuple(sorted([*(name for _, name, _ in self._backfill), *lenient]))

    def backlog(self, now: Instant) -> int:
        """About how many ticks are due by `now`: exact where they are few, else judged by the first of them."""
        late = [one for _, _, one in (*self._live, *self._backfill) if one.head is not None and one.head.ends_at <= now]
        each = max(2, SAMPLED // max(1, len(late)))
        return sum(_about(one, now, each) for one in late) + sum(at <= now for at, _, _ in self._lenient)

    def _add(self, schedule: Schedule, last: LastTick | None, first_at: Instant | None, sharing: Sharing) -> None:
        if schedule.name in self._progress:
            raise PlanError(f"{schedule.name}: planned twice; a schedule's name is its identity, rename one")
        progress = start(schedule, last, first_at, sharing)
        self._progress[schedule.name] = progress
        if progress.head is not None:
            queue = self._lenient if progress.is_lenient else self._queue_of(progress.head)
            queue.append((progress.head.ends_at, schedule.name, progress))

    def _queue_of(self, occurrence: Occurrence) -> _Queue:
        return self._live if self._front is None or occurrence.ends_at >= self._front else self._backfill

    def _take(self, queue: _Queue, now: Instant) -> Planned:
        """Publish the head of the queue and put its schedule where its next occurrence belongs.

        Nothing in the live queue ever ends before the front, since the front is the end of its last least element; so
        schedules only ever move from the backfill to the live ones.
        """
        _, name, progress = queue[0]
        taken, stands_for = progress.head, progress.stands_for
        assert taken is not None
        following = progress.follow()
        if following is None:
            heappop(queue)
            return Planned(progress.schedule, taken, progress.ordinal, None, stands_for)
        next_at = following.ends_at
        if next_at <= taken.ends_at or following.period == taken.period:
            raise PlanError(
                f"{name}: its rule names {following.period} at {next_at} after {taken.period} at {taken.ends_at}, "
                "which is not in order; take the schedule out of the configuration, or say it by another rule"
            )
        home = self._lenient if progress.is_lenient and next_at > now else self._queue_of(following)
        if home is queue:
            heapreplace(queue, (next_at, name, progress))
        else:
            heappop(queue)
            heappush(home, (next_at, name, progress))
        return Planned(progress.schedule, taken, progress.ordinal, next_at, stands_for)

    def _judge(self, now: Instant) -> bool:
        """Let the policies decide about what is late at `now`. Whether any lenient schedule is due after that."""
        left, judged = GATHERED_AT_ONCE, False
        while left > 0 and self._lenient and self._lenient[0][0] <= now:
            _, name, progress = heappop(self._lenient)
            if progress.schedule.misfire == "coalesce":
                left -= progress.gather(now, left)
            elif progress.skip(now):
                self._moved[name] = progress.promise
            head, promise = progress.head, progress.promise
            if head is None or promise is None:
                continue
            if left > 0 and head.ends_at <= now:
                heappush(self._queue_of(head), (head.ends_at, name, progress))
                judged = True
            else:
                heappush(self._lenient, (promise, name, progress))
        return judged

    def _withdraw(self) -> None:
        """Whatever of the judged was not taken is judged anew at the next look: what is late by then may be more."""
        for queue in (self._live, self._backfill):
            judged = [entry[2] for entry in queue if entry[2].is_lenient]
            if judged:
                queue[:] = [entry for entry in queue if not entry[2].is_lenient]
                heapify(queue)
            for progress in judged:
                assert progress.promise is not None
                heappush(self._lenient, (progress.promise, progress.schedule.name, progress))


def _about(progress: Progress, now: Instant, most: int) -> int:
    """How many of this schedule's occurrences are due by `now`, the head among them."""
    assert progress.head is not None
    first = last = progress.head.ends_at
    counted = 0
    for occurrence in progress.schedule.occurrences(Instant(first - 1)):
        if occurrence.ends_at > now:
            return counted
        last, counted = occurrence.ends_at, counted + 1
        if counted == most:
            return counted + (now - last) * (most - 1) // (last - first)
    return counted


__all__ = ["LastTick", "Plan", "Planned"]
