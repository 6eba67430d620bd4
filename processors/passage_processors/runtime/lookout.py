"""What a worker waits for, looked for after each turn: everybody who may wait is asked, and `waits` is told.

Nothing stands still in silence: a wait that isn't asked about here is never said. Nearly every look costs a few
comparisons; questions go to the log every few seconds, where nothing moves. It refuses to know the time of day.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

import structlog

from passage_log.aside import Aside
from passage_log.errors import LogError
from passage_log.port import Log, Member
from passage_processors.app import App
from passage_processors.core.order.promises import Promises
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.inputs.readiness import Readiness
from passage_processors.runtime.restore.restore import Restore
from passage_processors.runtime.standstill import Standstill
from passage_processors.runtime.task import Task
from passage_processors.runtime.topics import tasks_of
from passage_processors.runtime.upstream import Upstream
from passage_processors.runtime.waits import SAY_EVERY_SECONDS, Wait, Waits
from passage_schemas.log_record import Partition

_log = structlog.get_logger("passage.processors")

ASK_GROUP_EVERY_SECONDS = 30.0
"""Of a worker that owns nothing: longer than a group takes to settle behind a broker that was away."""
LONG_PAUSE_SECONDS = 60.0
"""Whoever pauses a schedule for a moment need not hear of it."""


class Lookout:
    """Of one worker. Times in monotonic seconds."""

    def __init__(
        self,
        app: App,
        log: Log,
        member: Member,
        feed: ClockFeed,
        upstream: Upstream,
        readiness: Readiness,
        monotonic: Callable[[], float],
    ) -> None:
        self.waits = Waits(app.name, monotonic)
        self.silenced = SilencedSchedules(app, feed.promises, monotonic)
        self._app = app
        self._log = log
        self._member = member
        self._feed = feed
        self._upstream = upstream
        self._readiness = readiness
        self._monotonic = monotonic
        self._inputs = Standstill(monotonic)
        self._ask_group_at = monotonic() + ASK_GROUP_EVERY_SECONDS
        self._asking_group = Aside("passage-group", self._ask_group)
        self._group_hint: str | None = None
        self._group_wait: Wait | None = None
        self._numbers = 0
        """Of the app's tasks, once it was asked for."""

    def look(self, tasks: Mapping[int, Task], paused: Collection[Partition], restore: Restore | None) -> bool:
        """`tasks`: those being folded. True: the inputs must be read anew."""
        tell = self.waits.tell
        tell("ticks", self._feed.held_up())
        tell("gate", None if restore is None else restore.gate_wait)
        tell("changelog", None if restore is None else restore.held_up())
        if tasks or restore is not None:
            self._ask_group_at, self._group_hint = self._monotonic() + ASK_GROUP_EVERY_SECONDS, None
            tell("group", None)
        else:
            tell("group", self._look_at_group())
        tell("clock", self._readiness.clock_wait if tasks else None)
        tell("upstream", self._upstream.wait if tasks else None)
        tell("answer", self._readiness.answer_wait if tasks else None)
        self.silenced.look(tasks.values())
        stuck = self._look_at_inputs(tasks, paused) if tasks else []
        tell("inputs", self._inputs.wait if tasks else None)
        if stuck:
            _log.warning(
                "inputs_read_anew",
                app=self._app.name,
                partitions=[f"{partition.topic}[{partition.number}]" for partition in stuck],
            )
        return bool(stuck)

    def _look_at_inputs(self, tasks: Mapping[int, Task], paused: Collection[Partition]) -> list[Partition]:
        if not self._inputs.is_due:
            return []
        inputs = [Partition(topic, number) for number in tasks for topic in self._app.sources]
        return self._inputs.look(self._member, [partition for partition in inputs if partition not in paused])

    def _look_at_group(self) -> Wait | None:
        """The group gives this worker nothing: is there nothing to give?"""
        now = self._monotonic()
        is_due = now >= self._ask_group_at and "ticks" not in self.waits.standing  # else no broker may answer
        if is_due and self._asking_group.ask():
            self._ask_group_at = now + ASK_GROUP_EVERY_SECONDS
        hint = self._group_hint
        since = now if self._group_wait is None else self._group_wait.since
        self._group_wait = None if hint is None else Wait(since, hint)
        return self._group_wait

    def _ask_group(self) -> None:
        try:
            self._group_hint = self._of_nobody()
        except LogError as error:
            self._group_hint = str(error)

    def _of_nobody(self) -> str | None:
        self._numbers = self._numbers or tasks_of(self._log, self._app)
        members = self._log.group_members(self._app.name)
        owned = [member.partitions for member in members]
        free = [
            number
            for number in range(self._numbers)
            if not any(all(Partition(topic, number) in theirs for topic in self._app.sources) for theirs in owned)
        ]
        if not free:
            return None
        return (
            f"the group of {self._app.name} has {len(members)} members, and partitions {free} belong to none of them "
            "whole: it has not settled, or members with other inputs are in it"
        )


class SilencedSchedules:
    """Those the app counts that were removed, or paused for long, while wake-ups are open: these get no tick.

    Nothing is waited for then, no fact is held, and the task is at rest: without this nobody would be told, for ever.
    A pause is long by the worker's own seconds, from when it heard of it.
    """

    def __init__(self, app: App, promises: Promises, monotonic: Callable[[], float]) -> None:
        self.schedules: tuple[str, ...] = ()
        """Those that wake-ups may wait for in vain, as of the last look."""
        self._app = app
        self._promises = promises
        self._monotonic = monotonic
        self._since: dict[str, float] = {}
        self._said_at = float("-inf")

    def look(self, tasks: Iterable[Task]) -> None:
        """Notice them, and say so every few seconds. Costs nothing while all are active."""
        silenced = {name: entry for name, entry in self._promises.silenced.items() if name in self._app.counted}
        now = self._monotonic()
        self._since = {name: self._since.get(name, now) for name in silenced}
        opened = sum(task.cut.open for task in tasks) if silenced else 0
        long = (
            name
            for name, entry in sorted(silenced.items())
            if entry.status == "removed" or now - self._since[name] >= LONG_PAUSE_SECONDS
        )
        self.schedules = tuple(long) if opened else ()
        if self.schedules and now - self._said_at >= SAY_EVERY_SECONDS:
            self._said_at = now
            for name in self.schedules:
                self._say(name, opened, now)

    def _say(self, name: str, opened: int, now: float) -> None:
        entry = self._promises.silenced[name]
        mend = "put it back into the clock's file" if entry.status == "removed" else f"passage clock resume {name}"
        _log.warning(
            "schedule_silenced",
            app=self._app.name,
            schedule=name,
            status=entry.status,
            by=entry.status_by,
            reason=entry.status_reason,
            open=opened,
            waited_seconds=round(now - self._since[name], 1),
            mend=f"{mend}: wake-ups that count it get no tick until then",
        )
