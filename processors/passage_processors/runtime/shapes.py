"""Whether the topics are still those a worker began with: as many partitions, all alike, and no other ones of the name.

Somebody adds partitions to one input: no member gets a whole task of the new ones, keys are scattered over them, and
nobody would say anything. Or a topic is deleted and made again: offsets then mean records that are gone. Neither mends
itself and both miscount, so the worker stops with what was seen; a start then says what mends it.

The brokers are asked after each assignment, and every while: new partitions of an input make the group share out anew,
but of the app's other topics nobody tells.
"""

from collections.abc import Callable, Mapping

import structlog

from passage_log.aside import Aside
from passage_log.errors import LogError, Unfit
from passage_log.port import Log, Topic
from passage_log.preflight import partition_complaints
from passage_processors.app import App
from passage_processors.runtime.topics import per_partition

_log = structlog.get_logger("passage.processors")

LOOK_SECONDS = 30.0
"""A stop within a minute costs nothing yet; a question in half a minute costs the brokers nothing."""

TopicsSeen = Mapping[str, Topic | None]


class Shapes:
    """Of one worker's topics. Times in monotonic seconds."""

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
            found = self._log.describe([*counted, self._app.ticks_topic, self._app.schedules_topic])
        except LogError as error:
            # Whoever can't be reached, or must not be asked, is told of by those who wait for an answer.
            _log.debug("shapes_unknown", app=self._app.name, reason=str(error))
            return
        self._first = self._first or found
        self._complaints = complaints(self._app, self._first, found)


def complaints(app: App, first: TopicsSeen, now: TopicsSeen) -> list[str]:
    """One line for each topic that is another than it was at `first`."""
    read = {*app.sources, app.changelog, app.ticks_topic, app.schedules_topic}
    unequal = partition_complaints(per_partition(app), now)
    said = list(unequal)
    for name, before in first.items():
        after = now[name]
        if before is None:
            continue
        if after is None:
            said.append(f"topic {name}: it was there when this worker began, and is no more; restore it from a copy")
        elif after.partitions != before.partitions and not unequal:
            said.append(
                f"topic {name}: it had {before.partitions} partitions when this worker began and has "
                f"{after.partitions} now, so a key's facts lie where nothing is known of it; make new topics of that "
                "many, and start the app anew on them under another name"
            )
        elif after.identity != before.identity and name in read:
            said.append(
                f"topic {name}: it was deleted and created again while this worker ran, so what was read of it is gone "
                "and its offsets mean others; restore it from a copy, or start the app anew under another name"
            )
    return said
