"""Every complaint names the topic, what is wrong with it and the setting that mends it."""

from collections.abc import Mapping

import pytest

from passage_log.errors import Unfit
from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_log.preflight import FOR_EVER_MS, Wanted, complaints, partition_complaints, preflight

A_WEEK_MS = 7 * 86_400_000

DEFAULTS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": str(A_WEEK_MS),
    "retention.bytes": "-1",
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": str(FOR_EVER_MS),
    "max.message.bytes": "1048588",
}

TICKS = Wanted(
    "passage.ticks", partitions=1, cleanup="compact", keeps_old_dates=True, keeps_for_ever=True, time="CreateTime"
)

FIT = {**DEFAULTS, "cleanup.policy": "compact"}


def said_of(wanted: Wanted, partitions: int = 1, **settings: str) -> list[str]:
    dotted = {name.replace("_", "."): value for name, value in settings.items()}
    return complaints([wanted], {wanted.topic: Topic(wanted.topic, partitions, {**FIT, **dotted})})


def test_a_fit_topic_is_not_complained_of() -> None:
    assert said_of(TICKS) == []


def test_a_missing_topic_is_told_with_all_it_takes_to_create_it() -> None:
    (said,) = complaints([TICKS], {"passage.ticks": None})
    assert said.startswith("topic passage.ticks: there is none")
    for needed in ("partitions: 1", "cleanup.policy=compact", "retention.ms=-1", "message.timestamp.type=CreateTime"):
        assert needed in said


def test_what_is_wanted_can_be_created_and_is_fit_then() -> None:
    log = MemoryLog()
    wanted = [
        TICKS,
        Wanted("orders", keeps_old_dates=True, cleanup="delete"),
        Wanted("passage.control", partitions=1, time="LogAppendTime"),
        Wanted("large", max_record_bytes=5_000_000),
    ]
    log.create([one.as_topic(partitions=4) for one in wanted])
    found = preflight(log, wanted)
    assert {name: topic.partitions for name, topic in found.items()} == {
        "passage.ticks": 1,
        "orders": 4,
        "passage.control": 1,
        "large": 4,
    }


@pytest.mark.parametrize(
    ("setting", "value", "mend"),
    [
        ("cleanup.policy", "delete", "set cleanup.policy=compact"),
        ("cleanup.policy", "compact,delete", "set cleanup.policy=compact"),
        ("message.timestamp.type", "LogAppendTime", "set message.timestamp.type=CreateTime"),
        ("message.timestamp.before.max.ms", "3600000", f"set message.timestamp.before.max.ms={FOR_EVER_MS}"),
    ],
)
def test_a_wrong_setting_is_told_with_its_value_and_its_mend(setting: str, value: str, mend: str) -> None:
    found = {"passage.ticks": Topic("passage.ticks", 1, {**FIT, "retention.ms": "-1", setting: value})}
    said = complaints([TICKS], found)
    assert len(said) == 1
    assert f"{setting}={value}" in said[0]
    assert mend in said[0]


def test_a_topic_that_deletes_by_date_cannot_keep_old_dates() -> None:
    facts = Wanted("billing", keeps_old_dates=True)
    (said,) = said_of(facts, cleanup_policy="delete")
    assert f"retention.ms={A_WEEK_MS}" in said
    assert "set retention.ms=-1" in said
    assert said_of(facts, cleanup_policy="delete", retention_ms="-1") == []


def test_a_compacted_topic_does_not_mind_its_retention() -> None:
    assert said_of(Wanted("state", keeps_old_dates=True), cleanup_policy="compact") == []


def test_a_topic_that_deletes_by_size_does_not_keep_for_ever() -> None:
    history = Wanted("history", cleanup="delete", keeps_for_ever=True)
    (said,) = said_of(history, cleanup_policy="delete", retention_ms="-1", retention_bytes="1000")
    assert "set retention.bytes=-1" in said


def test_a_wrong_number_of_partitions_is_told() -> None:
    (said,) = said_of(TICKS, partitions=3)
    assert "has 3 partitions and must have 1" in said
    assert said_of(Wanted("billing"), partitions=3) == []


def test_a_topic_too_small_for_its_records_is_told() -> None:
    (said,) = said_of(Wanted("billing", max_record_bytes=2_000_000))
    assert "set max.message.bytes=2000000" in said


def test_inputs_must_have_equally_many_partitions() -> None:
    found: dict[str, Topic | None] = {"bills": Topic("bills", 4), "payments": Topic("payments", 6), "gone": None}
    (said,) = partition_complaints(["bills", "payments", "gone"], found)
    assert "bills has 4, payments has 6" in said
    assert partition_complaints(["bills", "gone"], found) == []


def test_preflight_tells_everything_at_once() -> None:
    log = MemoryLog()
    log.create([Topic("bills", 4), Topic("payments", 6)])
    wanted = [TICKS, Wanted("bills", keeps_old_dates=True), Wanted("payments", cleanup="compact")]
    with pytest.raises(Unfit) as refusal:
        preflight(log, wanted, same_partitions=["bills", "payments"])
    lines = str(refusal.value).splitlines()
    assert len(lines) == 4
    assert ["passage.ticks" in lines[0], "bills" in lines[1], "payments" in lines[2], "differ" in lines[3]] == [
        True
    ] * 4
