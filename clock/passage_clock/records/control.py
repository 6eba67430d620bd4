"""What operators ask of the leader: records on the control topic.

Two kinds. A *standing* ask has the schedule's name for its key: pause, or go on. The last one holds until another
replaces it (the topic is compacted), so a leader that comes to office a year later still finds it. It changes which
ticks are published from then on, never one that was: a paused schedule keeps its ordinals, and when it is resumed its
misfire policy says what becomes of the missed occurrences.

A *trigger* has the key `trigger/<schedule>/<id>` and is answered once: by a record on the triggers topic, and in the
same transaction by a record of the same key here that says it is done, who did it, and who had asked for it and why.

Values are JSON, because a person may have to write one by hand. Refuses to act: it only reads and writes the words.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from passage_clock.errors import ClockError
from passage_schemas.instant import Instant, datetime_of

PROBE_KEY = b"passage/probe"
"""The leader's own records, which ask the broker for the time. Nobody's ask."""

TRIGGER_PREFIX = b"trigger/"
"""No schedule's name: names have no slash."""

LONGEST = 1_000
"""Bytes of a key, characters of who and why: they are written on, into records that must fit their topics."""

SHOWN = 100
"""Characters of what others wrote, in a line of ours."""


@dataclass(frozen=True, slots=True)
class StatusAsk:
    """Pause a schedule, or take it up again."""

    schedule: str
    status: Literal["active", "paused"]
    by: str
    reason: str

    @property
    def key(self) -> bytes:
        return self.schedule.encode()

    def encode(self) -> bytes:
        return json.dumps({"status": self.status, "by": self.by, "reason": self.reason}).encode()


@dataclass(frozen=True, slots=True)
class Trigger:
    """Publish a schedule's event once, out of turn. `id` is the asker's: the same id is the same ask. `requested_at`:
    when the broker took it; not part of what is written."""

    schedule: str
    id: str
    by: str
    reason: str
    requested_at: Instant

    @property
    def key(self) -> bytes:
        return TRIGGER_PREFIX + f"{self.schedule}/{self.id}".encode()

    def encode(self) -> bytes:
        return json.dumps({"status": "trigger", "by": self.by, "reason": self.reason}).encode()

    def encode_done(self, by: str, outcome: str) -> bytes:
        """The leader's answer, under the same key. It keeps who had asked, for it takes the place of the ask."""
        said = {"status": "done", "by": by, "reason": outcome, "asked_by": self.by, "asked_because": self.reason}
        return json.dumps(said).encode()


def trigger_asked(schedule: str, by: str, reason: str, at: Instant) -> Trigger:
    """An ask made now, named by who makes it and when."""
    return Trigger(schedule, f"{by}@{datetime_of(at).isoformat()}", by, reason, at)


def decode_ask(key: bytes, value: bytes) -> StatusAsk:
    """Raises ClockError for what is no ask: the leader says so and goes on without it."""
    schedule, fields = _text(key), _fields(key, value)
    status = fields.get("status")
    if status not in ("active", "paused"):
        raise ClockError(f'control record {shown(key)}: status is {shown(status)}; it must be "active" or "paused"')
    return StatusAsk(schedule, status, *_who(fields))


def decode_trigger(key: bytes, value: bytes, requested_at: Instant) -> Trigger | None:
    """None for one that is done. Raises ClockError for what is no trigger."""
    fields = _fields(key, value)
    status = fields.get("status")
    if status == "done":
        return None
    schedule, _, name = _text(key.removeprefix(TRIGGER_PREFIX)).partition("/")
    if status != "trigger" or not schedule or not name:
        raise ClockError(
            f"control record {shown(key)}: status is {shown(status)}; under a key trigger/<schedule>/<id> it must be "
            '"trigger"'
        )
    by, reason = _who(fields)
    return Trigger(schedule, name, by, reason, requested_at)


def _text(key: bytes) -> str:
    if len(key) > LONGEST:
        raise ClockError(f"control record {shown(key)}: its key has {len(key)} bytes; {LONGEST} are the most")
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise ClockError(f"control record {shown(key)}: its key is no text: {error.reason}") from error


def _fields(key: bytes, value: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(value)
    except (ValueError, RecursionError) as error:  # the latter: a million brackets
        raise ClockError(f"control record {shown(key)}: not JSON: {error}") from error
    return fields if isinstance(fields, dict) else {}


def _who(fields: dict[str, Any]) -> tuple[str, str]:
    return _said(fields, "by", "unknown"), _said(fields, "reason", "")


def _said(fields: dict[str, Any], name: str, default: str) -> str:
    """As a text that can be written on: JSON can say half a surrogate, UTF-8 can't."""
    said = fields.get(name, default)
    text = str(said) if isinstance(said, str | int | float) else default
    return text[:LONGEST].encode(errors="replace").decode()


def shown(said: object) -> str:
    """In a line of our log: a foreign value may be as long, or as deep, as a record."""
    if isinstance(said, str | bytes):
        # A byte may be four characters there.
        text = repr(said[:SHOWN])
        return text if len(text) <= SHOWN and len(said) <= SHOWN else f"{text[: SHOWN - 3]}..."
    return "nothing" if said is None else f"a {type(said).__name__}"
