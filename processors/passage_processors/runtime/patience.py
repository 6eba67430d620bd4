"""What a task may fold now: how long ticks wait for facts, facts for the clock, and inputs for each other.

Everything here is about arrival, and therefore recorded: a replay obeys the cuts and never asks.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from operator import itemgetter

import structlog

from passage_log.errors import Unreachable
from passage_log.port import Member, Partition
from passage_processors.app import App
from passage_processors.core.timeline import Bounds, Pending
from passage_processors.runtime.feed import Feed
from passage_processors.runtime.task import Task
from passage_schemas.instant import Instant, datetime_of

_log = structlog.get_logger("passage.processors")
_SAY_AGAIN_SECONDS = 10.0


class Patience:
    """Times in monotonic seconds."""

    def __init__(self, app: App, feed: Feed, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._feed = feed
        self._monotonic = monotonic
        self._held_since: float | None = None
        self._held_by: str | None = None
        self._said_at = float("-inf")
        self._released: dict[str, Instant] = {}
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
        return Bounds(
            last_tick=feed.history.last,
            facts_before=hold.before,
            tick_may_pass=lambda sequence, empty: empty.through >= feed.seen_at(sequence) + grace,
            fact_may_pass=lambda empty: empty.through >= task.arrived_at,
        )

    def look_through(self, tasks: Iterable[Task], member: Member) -> None:
        """Ask the log for the ends of the inputs that something waits for, and note which have been read through."""
        now = self._monotonic()
        wanted: dict[Partition, Pending] = {}
        for task in tasks:
            for pending in self._waited_for(task, now):
                wanted[Partition(pending.topic, task.number)] = pending
        if not wanted:
            return
        try:
            ends = member.ends(list(wanted))
        except Unreachable:
            return
        for partition, pending in wanted.items():
            pending.position = member.position(partition)
            if pending.position >= ends[partition]:
                pending.through = now

    def _waited_for(self, task: Task, now: float) -> list[Pending]:
        """Inputs with nothing pending that a tick (its grace over) or another input's facts wait for."""
        empty = [pending for pending in task.inputs if not pending]
        since = float("inf")
        if task.tick_waits:
            grace_over = self._feed.seen_at(task.sequence + 1) + self._app.grace_seconds
            since = grace_over if grace_over <= now else since
        if len(empty) < len(task.inputs):
            since = min(since, task.arrived_at)
        return [pending for pending in empty if pending.through < now and since <= now]

    def watch_clock(self, tasks: Iterable[Task]) -> None:
        """Notice that facts are held, say so every few seconds, and let them go when the app's bound says so."""
        feed, now = self._feed, self._monotonic()
        hold = feed.promises.hold(self._app.counted, feed.history.last, self.released)
        heads = [(pending.instants[pending.at], pending) for task in tasks for pending in task.inputs if pending]
        held = [(instant, pending) for instant, pending in heads if instant >= hold.before]
        if not held or hold.schedule is None:
            self._held_since = self.waiting_for = None
            return
        self.waiting_for = hold.schedule
        if self._held_since is None or self._held_by != hold.schedule:
            self._held_since, self._held_by = now, hold.schedule
            self._said_at = now
        bound = self._app.max_clock_wait_seconds
        if bound is not None and now - self._held_since >= bound:
            self._released[hold.schedule] = hold.before
            _log.warning("clock_wait_given_up", schedule=hold.schedule, waited_seconds=round(now - self._held_since, 1))
        elif now - self._said_at >= _SAY_AGAIN_SECONDS:
            self._said_at = now
            _log.warning(
                "waiting_for_clock",
                schedule=hold.schedule,
                partitions=len(held),
                fact=_named(*max(held, key=itemgetter(0))),
                waited_seconds=round(now - self._held_since, 1),
                hint=self.hint(hold.schedule),
            )

    def hint(self, schedule: str) -> str:
        """Why a schedule may be keeping everybody waiting, and what would mend it."""
        named = self._feed.promises.named
        if schedule in named:
            return "the clock is behind or down; facts wait for its next tick"
        near = get_close_matches(schedule, named, 1)
        if near:
            return f"the clock has never named this schedule; did you mean {near[0]!r}?"
        known = ", ".join(sorted(named)) or "none"
        return f"the clock has never named this schedule; it names: {known}; start it, or correct the policy"


def _named(instant: int, pending: Pending) -> str:
    """Where a fact stands and what it is dated: one from a wrong clock waits for ever."""
    record = pending.records[pending.at]
    dated = datetime_of(Instant(instant)).isoformat()
    return f"{record.topic()}[{record.partition()}]@{record.offset()}, dated {dated}"
