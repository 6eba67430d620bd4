"""The answer to a trigger: an event out of turn. Never a tick: it has no ordinal, and nothing counts it.

Pure. The leader writes both halves of an answer in one transaction, the event and the word that it is done, so that no
ask is answered twice and none is lost, whoever dies in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from passage_clock.records.control import Trigger
from passage_clock.schedules import Schedule
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.instant import Instant, milliseconds_of, rfc3339
from passage_schemas.log_record import Headers
from passage_schemas.records import TRIGGERED
from passage_schemas.triggered import Triggered

PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class TriggerAnswer:
    """What the leader says to one ask: the event, or why there is none."""

    trigger: Trigger
    event: Triggered | None
    outcome: str

    def record(self, source: str) -> tuple[bytes, bytes, int, Headers]:
        """The event's key, value, time in milliseconds (when it was asked for) and headers."""
        event = self.event
        assert event is not None, f"{self.trigger.key!r} was refused"
        key = f"{event.schedule}/{event.id}".encode()
        asked_at = rfc3339(event.requested_at)
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", key),
            ("ce_type", event.event.encode()),
            ("ce_source", source.encode()),
            ("ce_time", asked_at.encode()),
            ("content-type", b"application/avro"),
        ]
        return key, TRIGGERED.encode(event), milliseconds_of(event.requested_at), headers


def answer(trigger: Trigger, schedules: Mapping[str, Schedule], now: Instant) -> TriggerAnswer:
    """A paused schedule's event is published too: somebody asked for it by name."""
    schedule = schedules.get(trigger.schedule)
    if schedule is None:
        hint = did_you_mean(trigger.schedule, schedules, "")
        refused = f"refused: there is no schedule {trigger.schedule!r}"
        return TriggerAnswer(trigger, None, f"{refused}; {hint}" if hint else refused)
    event = Triggered(
        event=schedule.event,
        schedule=schedule.name,
        id=trigger.id,
        requested_by=trigger.by,
        reason=trigger.reason,
        requested_at=trigger.requested_at,
        published_at=now,
    )
    return TriggerAnswer(trigger, event, PUBLISHED)
