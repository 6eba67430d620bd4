"""What is wrong with the topics, told before anything runs on them, all of it at once.

The danger is in silence: a topic with a finite retention deletes by the records' own timestamps, so a replayed January
would vanish while it is being written. `complaints` is pure; `preflight` asks the log and refuses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from passage_log.errors import Unfit
from passage_log.port import Log, Topic

MISSING = "there is none"
"""What a complaint says of a topic that isn't there; creating it is then the remedy."""

FOR_EVER_MS = 2**63 - 1
"""Kafka's way to say that a limit on timestamps is none."""

Cleanup = Literal["compact", "delete"]
TimestampType = Literal["CreateTime", "LogAppendTime"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic as its user needs it. None means that anything will do.

    `keeps_old_dates`: it takes and keeps records dated long ago. `keeps_for_ever`: nothing but compaction removes any.
    `keeps_seconds`: how long it keeps them at least. `max_record_bytes`: the largest record that will be written.
    `or_else`: by setting, what its user may do instead of mending it.
    """

    topic: str
    partitions: int | None = None
    cleanup: Cleanup | None = None
    keeps_old_dates: bool = False
    keeps_for_ever: bool = False
    time: TimestampType | None = None
    max_record_bytes: int | None = None
    keeps_seconds: float = 0.0
    or_else: Mapping[str, str] = field(default_factory=dict)

    def as_topic(self, partitions: int = 1) -> Topic:
        """The topic to create where there is none; `partitions` where this doesn't say."""
        return Topic(self.topic, self.partitions or partitions, self.settings())

    def settings(self) -> dict[str, str]:
        """The settings that make a topic fit, and no others."""
        chosen: dict[str, str] = {}
        if self.cleanup:
            chosen["cleanup.policy"] = self.cleanup
        if self.time:
            chosen["message.timestamp.type"] = self.time
        if self.keeps_old_dates or self.keeps_for_ever:
            chosen["retention.ms"] = "-1"
        elif self.keeps_seconds:
            chosen["retention.ms"] = str(self.keeps_ms)
        if self.keeps_for_ever:
            chosen["retention.bytes"] = "-1"
        if self.keeps_old_dates:
            chosen["message.timestamp.before.max.ms"] = str(FOR_EVER_MS)
        if self.max_record_bytes:
            chosen["max.message.bytes"] = str(self.max_record_bytes)
        return chosen

    @property
    def keeps_ms(self) -> int:
        """-1: for ever."""
        return ceil(self.keeps_seconds * 1000) if self.keeps_seconds * 1000 < FOR_EVER_MS else -1


def preflight(log: Log, wanted: Sequence[Wanted], same_partitions: Sequence[str] = ()) -> dict[str, Topic]:
    """The topics as they are, when every one is fit. `same_partitions`: topics that must have equally many.

    Raises Unfit with every complaint, a line each, and Unreachable."""
    names = [*dict.fromkeys([*(one.topic for one in wanted), *same_partitions])]
    found = log.describe(names)
    said = [*complaints(wanted, found), *partition_complaints(same_partitions, found)]
    if said:
        raise Unfit("\n".join(said))
    return {name: topic for name, topic in found.items() if topic is not None}


def complaints(wanted: Sequence[Wanted], found: Mapping[str, Topic | None]) -> list[str]:
    """One line for each thing that is not as it must be: what, where, and how to mend it."""
    said: list[str] = []
    for one in wanted:
        topic = found.get(one.topic)
        said += [_missing(one)] if topic is None else _unfit(one, topic)
    return said


def partition_complaints(topics: Sequence[str], found: Mapping[str, Topic | None]) -> list[str]:
    """One line if these topics have different numbers of partitions. A key's facts would then be counted apart."""
    counts = {name: topic.partitions for name in topics if (topic := found.get(name)) is not None}
    if len(set(counts.values())) < 2:
        return []
    listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
    return [
        f"topics {', '.join(counts)}: their numbers of partitions differ ({listed}), so one key's records would be "
        f"in different tasks; give each of them {max(counts.values())}, as new topics where records are there already"
    ]


def _missing(wanted: Wanted) -> str:
    partitions = wanted.partitions or "as many as its readers need"
    settings = ", ".join(f"{name}={value}" for name, value in wanted.settings().items()) or "the broker's own"
    return f"topic {wanted.topic}: {MISSING}; create it with partitions: {partitions}, settings: {settings}"


def _unfit(wanted: Wanted, topic: Topic) -> Iterator[str]:
    where = f"topic {topic.name}"
    if wanted.partitions is not None and topic.partitions != wanted.partitions:
        yield (
            f"{where}: it has {topic.partitions} partitions and must have {wanted.partitions}; partitions can't be "
            "taken away, and added ones scatter the keys: create it anew"
        )
    for name, value, why in _settings_complaints(wanted, topic.settings):
        instead = f", or {wanted.or_else[name]}" if name in wanted.or_else else ""
        yield f"{where}: {name}={topic.settings.get(name, 'unknown')}, {why}; set {name}={value}{instead}"


def _settings_complaints(wanted: Wanted, settings: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(setting, the value it must have, why)."""
    policies = {policy.strip() for policy in settings.get("cleanup.policy", "delete").split(",")}
    if wanted.cleanup is not None and policies != {wanted.cleanup}:
        yield "cleanup.policy", wanted.cleanup, _why_cleanup(wanted.cleanup)
    if wanted.time is not None and settings.get("message.timestamp.type") != wanted.time:
        yield "message.timestamp.type", wanted.time, _why_time(wanted.time)
    deletes = "delete" in policies
    if deletes and _is_finite(settings.get("retention.ms", "-1")) and (wanted.keeps_old_dates or wanted.keeps_for_ever):
        yield "retention.ms", "-1", "so records dated before that are deleted, however new they are on the log"
    elif deletes and _is_shorter(settings.get("retention.ms", "-1"), wanted.keeps_ms):
        yield "retention.ms", str(wanted.keeps_ms), "so whoever was away for longer finds records deleted unread"
    if deletes and _is_finite(settings.get("retention.bytes", "-1")) and wanted.keeps_for_ever:
        yield "retention.bytes", "-1", "so the oldest records are deleted when it has grown"
    before = settings.get("message.timestamp.before.max.ms", str(FOR_EVER_MS))
    if wanted.keeps_old_dates and int(before) < FOR_EVER_MS:
        yield "message.timestamp.before.max.ms", str(FOR_EVER_MS), "so a record dated longer ago is refused"
    largest = settings.get("max.message.bytes")
    if wanted.max_record_bytes and largest is not None and int(largest) < wanted.max_record_bytes:
        yield "max.message.bytes", str(wanted.max_record_bytes), "so a record that is needed here can be too large"


def _why_cleanup(cleanup: Cleanup) -> str:
    if cleanup == "compact":
        return "so it forgets keys that are still needed, or never forgets old values"
    return "so compaction would remove records that have a successor of the same key"


def _why_time(time: TimestampType) -> str:
    if time == "CreateTime":
        return "so the broker overwrites the instants the records carry"
    return "so the records don't tell the broker's own time"


def _is_shorter(value: str, wanted_ms: int) -> bool:
    return _is_finite(value) and (wanted_ms < 0 or int(value) < wanted_ms)


def _is_finite(value: str) -> bool:
    return int(value) >= 0 and int(value) < FOR_EVER_MS
