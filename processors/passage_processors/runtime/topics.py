"""The topics an app needs, as they must be: what a wrong setting would lose is said before the first fact, and a topic
that became another under a worker stops it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from passage_log.aside import Aside
from passage_log.errors import LogError, Unfit
from passage_log.port import Log, Topic
from passage_log.preflight import MISSING, Wanted, partition_complaints, preflight
from passage_processors.app import App
from passage_processors.runtime.upstream import timeline_of

_log = structlog.get_logger("passage.processors")

RECORD_BYTES = 1_000_000
"""What `core/step/fold.py` counts on when it says which facts and events are too large."""
HINT = (
    "`passage processors topics MODULE:APP --create` creates the app's, "
    "`passage clock topics --config FILE --create` the clock's"
)
LOOK_SECONDS = 30.0
"""A stop within a minute costs nothing yet; a question in half a minute costs the brokers nothing."""

TopicsSeen = Mapping[str, Topic | None]


def app_topics(app: App, partitions: int | None = None) -> list[Wanted]:
    """The app's topics, inputs first; all but the clock's have as many partitions as the inputs.

    Derived events carry the instant of their cause, which may lie years back, so the output must not delete by age. The
    timeline and the dead letters take the broker's time instead: they may be let go once nobody will replay that far.
    Requests are dated like facts, and as much a part of the cuts.
    """
    return [
        *(_input(app, topic, partitions) for topic in sorted(app.inputs)),
        Wanted(
            app.output,
            partitions,
            cleanup="delete",
            time="CreateTime",
            keeps_old_dates=True,
            max_record_bytes=RECORD_BYTES,
        ),
        Wanted(app.changelog, partitions, cleanup="compact", keeps_old_dates=True, max_record_bytes=RECORD_BYTES),
        Wanted(app.timeline, partitions, cleanup="delete", time="LogAppendTime", max_record_bytes=RECORD_BYTES),
        Wanted(app.dead_letters, partitions, cleanup="delete", time="LogAppendTime"),
        Wanted(app.requests, partitions, cleanup="delete", time="CreateTime", keeps_old_dates=True),
        *(Wanted(timeline_of(upstream), partitions) for upstream in sorted(set(app.derived_from.values()))),
        Wanted(app.ticks_topic, 1, cleanup="compact", time="CreateTime"),
        Wanted(app.schedules_topic, 1, cleanup="compact"),
    ]


def _input(app: App, topic: str, partitions: int | None) -> Wanted:
    """Compaction would let go of facts that have a later one of their aggregate: of an invoice that was paid in part,
    that it was sent. And a fact must lie there until the longest outage and the grace are over, or it is never folded.
    """
    is_table = topic in app.compacted
    return Wanted(
        topic,
        partitions,
        cleanup=None if is_table else "delete",
        time="CreateTime",
        keeps_seconds=app.longest_outage_seconds + app.grace_seconds,
        or_else={
            "cleanup.policy": "list the topic in the app's `compacted`, if of each key only the last fact counts",
            "retention.ms": "lower the app's `longest_outage_seconds`, if facts may be lost so soon",
        },
    )


def check_topics(log: Log, app: App) -> int:
    """The number of partitions of the app's tasks. Raises Unfit with every complaint, a line each, and Unreachable."""
    try:
        return preflight(log, app_topics(app), per_partition(app))[app.output].partitions
    except Unfit as error:
        raise Unfit(f"{error}\n{HINT}" if MISSING in str(error) else str(error)) from error


def per_partition(app: App) -> list[str]:
    """The topics that have a partition for each task."""
    return [wanted.topic for wanted in app_topics(app) if wanted.topic not in (app.ticks_topic, app.schedules_topic)]


def tasks_of(log: Log, app: App) -> int:
    """How many tasks the app has: the partitions of its output. Raises Unfit, Unreachable."""
    output = log.describe([app.output])[app.output]
    if output is None:
        raise Unfit(f"{app.output}: there is no such topic; {HINT}")
    return output.partitions


def create_topics(log: Log, app: App, partitions: int) -> None:
    """Create the app's own topics that don't exist, inputs included, and neither the clock's (`passage clock topics`
    does those) nor those of an app upstream. What must be replayed is kept for ever. Raises Unfit, Unreachable."""
    others = {app.ticks_topic, app.schedules_topic, *map(timeline_of, app.derived_from.values())}
    wanted = [one for one in app_topics(app, partitions) if one.topic not in others]
    there = [one for one in log.describe([topic.topic for topic in wanted]).values() if one is not None]
    if odd := [one for one in there if one.partitions != partitions]:
        counts = ", ".join(f"{one.name} has {one.partitions} partitions" for one in odd)
        raise Unfit(f"nothing was created: {counts}, not {partitions}; say --partitions accordingly")
    kept = {"retention.ms": "-1"}
    log.create([replace(topic, settings={**topic.settings, **kept}) for topic in (one.as_topic() for one in wanted)])


class Shapes:
    """Whether the topics are still those a worker began with. Times in monotonic seconds.

    Somebody adds partitions to one input: no member gets a whole task of the new ones, keys are scattered over them,
    and nobody would say anything. Or a topic is deleted and made again: offsets then mean records that are gone.
    Neither mends itself and both miscount, so the worker stops with what was seen; a start then says what mends it.

    The brokers are asked after each assignment, and every while: new partitions of an input make the group share out
    anew, but of the app's other topics nobody tells.
    """

    def __init__(self, app: App, log: Log, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._log = log
        self._monotonic = monotonic
        self._look_at = float("inf")
        self._aside = Aside("passage-shapes", self._ask)
        self._first: TopicsSeen | None = None
        self._complaints: list[str] = []

    def look_soon(self) -> None:
        """The group has shared out anew."""
        self._look_at = float("-inf")

    def check(self) -> None:
        """Have the brokers asked if it is time. Raises Unfit with what they said last time, a line for each topic."""
        if self._complaints:
            raise Unfit("\n".join(self._complaints))
        now = self._monotonic()
        if now >= self._look_at and self._aside.ask():
            self._look_at = now + LOOK_SECONDS

    def _ask(self) -> None:
        counted = per_partition(self._app)
        try:
            topics = self._log.describe([*counted, self._app.ticks_topic, self._app.schedules_topic])
        except LogError as error:
            # Whoever can't be reached, or must not be asked, is told of by those who wait for an answer.
            _log.debug("shapes_unknown", app=self._app.name, reason=str(error))
            return
        self._first = self._first or topics
        self._complaints = complaints(self._app, self._first, topics)


def complaints(app: App, first: TopicsSeen, now: TopicsSeen) -> list[str]:
    """One line for each topic that is another than it was at `first`."""
    read = {*app.sources, app.changelog, app.ticks_topic, app.schedules_topic}
    unequal = partition_complaints(per_partition(app), now)
    lines = list(unequal)
    for name, before in first.items():
        after = now[name]
        if before is None:
            continue
        if after is None:
            lines.append(f"topic {name}: it was there when this worker began, and is no more; restore it from a copy")
        elif after.partitions != before.partitions and not unequal:
            lines.append(
                f"topic {name}: it had {before.partitions} partitions when this worker began and has "
                f"{after.partitions} now, so a key's facts lie where nothing is known of it; make new topics of that "
                "many, and start the app anew on them under another name"
            )
        elif after.identity != before.identity and name in read:
            lines.append(
                f"topic {name}: it was deleted and created again while this worker ran, so what was read of it is gone "
                "and its offsets mean others; restore it from a copy, or start the app anew under another name"
            )
    return lines
