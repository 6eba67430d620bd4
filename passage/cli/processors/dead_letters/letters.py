"""The letters a command is about: those that are named, or all that match; and how each of them is told."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from passage.cli.processors.app_argument import open_app_log
from passage.cli.terminal import rfc3339
from passage.errors import CommandError
from passage_log.kafka import KafkaLog
from passage_log.port import Log
from passage_processors import App
from passage_processors.runtime.offline.dead_letters import StoredLetter, letter_at, letters
from passage_processors.runtime.topics import check_topics
from passage_schemas.instant import instant_of_milliseconds

KINDS = ("fact", "wake-up", "foreign")

Reason = Annotated[str | None, typer.Option(help="Only those whose reason has this in it.")]
FromTopic = Annotated[str | None, typer.Option(help="Only those from this topic, or for this schedule.")]
OfKind = Annotated[str | None, typer.Option(help=f"Only these: {', '.join(KINDS)}.")]

_PLACE = re.compile(r"(\d+)@(\d+)")
MOST_DIGITS = 18
"""Of an offset, which is a number of 63 bits."""


class Matching:
    """What `--reason`, `--topic` and `--kind` leave."""

    def __init__(self, reason: str | None, topic: str | None, kind: str | None) -> None:
        if kind is not None and kind not in KINDS:
            raise CommandError(f"--kind {kind}: there is {', '.join(KINDS)}")
        self._wanted = reason, topic, kind

    @property
    def any(self) -> bool:
        return self._wanted == (None, None, None)

    def __call__(self, one: StoredLetter) -> bool:
        reason, topic, kind = self._wanted
        return (
            (reason is None or reason in one.reason)
            and (topic is None or topic == one.topic)
            and (kind is None or kind == one.kind)
        )


def places_of(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Partition and offset of each. Raises CommandError for what names no letter."""
    return [_place(text) for text in texts]


def _place(text: str) -> tuple[int, int]:
    found = _PLACE.fullmatch(text)
    if found is None or len(found[2]) > MOST_DIGITS or len(found[1]) > MOST_DIGITS:
        raise CommandError(f"{text!r} names no letter; write PARTITION@OFFSET, as `dead-letters list` does: 0@12")
    return int(found[1]), int(found[2])


def opened(
    app: App, bootstrap: str | None, client_file: Path | None, connect_timeout_seconds: float
) -> tuple[KafkaLog, int]:
    """The log, whose topics are as the app needs them, and how many partitions they have."""
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    return log, check_topics(log, app)


def named(log: Log, app: App, places: Sequence[tuple[int, int]], count: int) -> list[StoredLetter]:
    """The letters that lie in these places. Raises CommandError for a partition beyond the `count` there are."""
    for number, _ in places:
        if number >= count:
            raise CommandError(f"{app.dead_letters} has no partition {number}; it has {count}")
    return [letter_at(log, app, *place) for place in places]


def all_matching(log: Log, app: App, matches: Matching, count: int) -> Iterator[StoredLetter]:
    """All there are in these partitions, as far as they match."""
    return (one for one in letters(log, app, range(count)) if matches(one))


def document(one: StoredLetter) -> dict[str, Any]:
    """A letter for programs, without the value."""
    return {
        "partition": one.partition.number,
        "offset": one.offset,
        "refused_at": rfc3339(one.stored_at),
        "requeued_at": rfc3339(one.requeued_at),
        "kind": one.kind,
        "topic": one.topic,
        "place": one.place,
        "key": None if one.key is None else text_of(one.key),
        "happened_at": happened_at(one),
        "unit": one.unit or None,
        "wake_up": one.wake_up or None,
        "reason": one.reason,
        "is_whole": one.is_whole,
    }


def happened_at(one: StoredLetter) -> str | None:
    """When the fact happened, or the tick; None where that isn't known."""
    return rfc3339(instant_of_milliseconds(one.timestamp_ms)) if one.timestamp_ms else None


def text_of(value: bytes | None) -> str:
    return "-" if value is None else value.decode(errors="backslashreplace")
