"""What a task may fold now: how long ticks wait for facts, facts for the clock, and inputs for each other.

Everything here is about arrival, and therefore recorded: a replay obeys the cuts and never asks.

Nothing waits for the requests, which come when an operator asks, or never. A replay is the same all the same: a cut is
fixed before its first record is folded, and tells how many requests were among them.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter

import structlog

from passage_log.errors import Unreachable
from passage_log.port import Member
from passage_processors.app import App
from passage_processors.core.order.promises import ALWAYS, Hold
from passage_processors.core.order.timeline import YEAR_10000, Bounds, DateLimit, Pending
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.task import Task
from passage_processors.runtime.upstream import Upstream
from passage_processors.runtime.waits import Wait
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.log_record import Partition

_log = structlog.get_logger("passage.processors")
_LOOK_AGAIN_SECONDS = 1.0
"""What holds facts is said every few seconds; to name it takes longer than to notice it."""

_LONGEST_SECONDS = 1e12
"""More than there is on any calendar."""


class Readiness:
    """Times in monotonic seconds."""

    def __init__(self, app: App, feed: ClockFeed, upstream: Upstream, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._feed = feed
        self._upstream = upstream
        self._monotonic = monotonic
        self._held_since: float | None = None
        self._held_by: str | None = None
        self._named_at = float("-inf")
        self.clock_wait: Wait | None = None
        self.answer_wait: Wait | None = None
        """No broker told where the inputs end."""
        self._released: dict[str, Instant] = {}
        self._unknown: set[str] = set()
        self.waiting_for: str | None = None
        """The schedule facts are held for, None when none are."""

    @property
    def released(self) -> tuple[str, ...]:
        """Schedules no longer waited for, by max_clock_wait_seconds, as long as their promise stays what it was."""
        promises = self._feed.promises
        return tuple(name for name, next_at in sorted(self._released.items()) if promises.next_at(name) == next_at)

    def bounds(self, task: Task) -> Bounds:
        """What this task may fold, given what has been read."""
        feed, grace = self._feed, self._app.grace_seconds
        hold = feed.promises.hold(self._app.counted, feed.history.last, self.released)

        def tick_may_pass(sequence: int, empty: Pending) -> bool:
            return empty is task.requests or (
                empty.through >= feed.seen_at(sequence) + grace and self._has_all(task, empty, sequence)
            )

        def fact_may_pass(empty: Pending) -> bool:
            return empty is task.requests or (
                empty.through >= task.arrived_at and self._has_all(task, empty, self._told_of(task))
            )

        return Bounds(feed.history.last, hold.before, tick_may_pass, fact_may_pass, self._date_limit(hold))

    def _date_limit(self, hold: Hold) -> DateLimit | None:
        """Beyond which a fact is refused rather than waited with. What is ahead is told by the clock's promise, and not
        by a wall of ours; where the clock has promised nothing, nothing is."""
        bound = self._app.max_fact_ahead_seconds
        if bound is None or hold.schedule is None or not ALWAYS < hold.before < YEAR_10000:
            return None
        seconds, promised = min(bound, _LONGEST_SECONDS), datetime_of(hold.before).isoformat()
        return DateLimit(
            Instant(hold.before + round(seconds * 1_000_000)),
            f"its date is more than {seconds:.0f} s after the tick it would wait for, {hold.schedule} at {promised}; "
            "mend the date, or raise max_fact_ahead_seconds",
        )

    def _has_all(self, task: Task, empty: Pending, sequence: int) -> bool:
        """An input that is another app's output, with nothing pending: was all read that comes before this tick?

        One with something pending needs no such proof. Its head is no earlier than the tick, and upstream writes in the
        order it folds: nothing it would have folded before its own tick can be behind that head."""
        return empty.through > self._upstream.passed_at(empty.topic, task.number, sequence)

    def _told_of(self, task: Task) -> int:
        """The tick upstream must have folded before facts of other inputs may go: the next one where it is known, for
        they lie before it, and else the last one folded, whose burst upstream may not have written whole."""
        history = self._feed.history
        return history.after(task.sequence) if task.tick_waits else task.sequence

    def look_through(self, tasks: Iterable[Task], member: Member) -> None:
        """Ask the log for the ends of the inputs that something waits for, and note which have been read through."""
        now = self._monotonic()
        wanted: dict[Partition, Pending] = {}
        for task in tasks:
            for pending in self._waited_for(task, now):
                wanted[Partition(pending.topic, task.number)] = pending
        if not wanted:
            self.answer_wait = None
            return
        try:
            ends = member.ends(list(wanted))
        except Unreachable as error:
            self.answer_wait = Wait(now if self.answer_wait is None else self.answer_wait.since, str(error))
            return
        self.answer_wait = None
        for partition, pending in wanted.items():
            pending.position = member.position(partition)
            if pending.position >= ends[partition]:
                pending.through = now

    def _waited_for(self, task: Task, now: float) -> list[Pending]:
        """Inputs with nothing pending that a tick (its grace over) or another input's facts wait for. One whose app
        upstream is behind isn't looked at: that it is read to its end proves nothing yet."""
        empty = [pending for pending in task.inputs if not pending and pending is not task.requests]
        since = float("inf")
        if task.tick_waits:
            grace_over = self._feed.seen_at(task.sequence + 1) + self._app.grace_seconds
            since = grace_over if grace_over <= now else since
        if any(task.inputs):
            since = min(since, task.arrived_at)
        if since > now:
            return []
        told_of = self._told_of(task)
        return [
            pending
            for pending in empty
            if pending.through < now and self._upstream.passed_at(pending.topic, task.number, told_of) < now
        ]

    def watch_upstream(self, tasks: Iterable[Task]) -> None:
        """Notice which apps upstream keep tasks waiting."""
        waits: dict[str, int] = {}
        for task in tasks:
            if not task.tick_waits and not any(task.inputs):
                continue
            told_of = self._told_of(task)
            behind = {
                self._upstream.app_of(pending.topic)
                for pending in task.inputs
                if not pending and self._upstream.passed_at(pending.topic, task.number, told_of) == float("inf")
            }
            for app in behind - {None}:
                waits[str(app)] = waits.get(str(app), 0) + 1
        self._upstream.watch(waits)

    def watch_clock(self, tasks: Iterable[Task]) -> None:
        """Notice that facts are held, and let them go when the app's bound says so."""
        feed, now = self._feed, self._monotonic()
        hold = feed.promises.hold(self._app.counted, feed.history.last, self.released)
        heads = [(pending.instants[pending.at], pending) for task in tasks for pending in task.inputs if pending]
        held = [(instant, pending) for instant, pending in heads if instant >= hold.before]
        if not held or hold.schedule is None:
            self._held_since = self.waiting_for = self.clock_wait = None
            return
        self.waiting_for = hold.schedule
        if self._held_since is None or self._held_by != hold.schedule:
            self._held_since, self._held_by = now, hold.schedule
            self._named_at = float("-inf")
        bound = self._app.max_clock_wait_seconds
        if bound is not None and now - self._held_since >= bound:
            self._released[hold.schedule] = hold.before
            _log.warning("clock_wait_given_up", schedule=hold.schedule, waited_seconds=round(now - self._held_since, 1))
        elif now - self._named_at >= _LOOK_AGAIN_SECONDS:
            self._named_at = now
            fact = _named(*max(held, key=itemgetter(0)))
            more = {"schedule": hold.schedule, "partitions": len(held), "fact": fact}
            self.clock_wait = Wait(self._held_since, self.hint(hold.schedule), more)

    def say_unknown(self) -> None:
        """Which schedules the clock has never named: said once at a start, before the first fact waits for one."""
        for schedule in sorted(self._app.counted - self._feed.promises.named - self._unknown):
            self._unknown.add(schedule)
            _log.warning("schedule_unknown", app=self._app.name, schedule=schedule, hint=self.hint(schedule))

    def hint(self, schedule: str) -> str:
        """Why a schedule may be keeping everybody waiting, and what would mend it."""
        named = self._feed.promises.named
        if schedule in named:
            return "the clock is behind or down, or the fact is dated in the future; it waits for the next tick"
        known = f"it names: {', '.join(sorted(named)) or 'none'}; start it, or correct the policy"
        return f"the clock has never named this schedule; {did_you_mean(schedule, named, known)}"


def _named(instant: int, pending: Pending) -> str:
    """Where a fact stands and what it is dated: one from a wrong clock waits for ever."""
    record = pending.records[pending.at]
    dated = datetime_of(Instant(instant)).isoformat()
    return f"{record.topic()}[{record.partition()}]@{record.offset()}, dated {dated}"
