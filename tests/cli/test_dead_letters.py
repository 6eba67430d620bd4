"""`passage processors dead-letters` as an operator meets it, on a real Kafka."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from passage.cli.processors.dead_letters.show import readable
from passage_log.kafka import KafkaLog
from passage_log.port import Topic
from passage_log.ranges import read_all
from passage_processors import Worker
from passage_processors.runtime.topics import create_topics
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from tests.cli.command import Command

APP = """\
from dataclasses import dataclass
from passage import App, Json, Policy

@dataclass(frozen=True)
class Sent:
    invoice: str
    terms: int

@dataclass(frozen=True)
class Overdue:
    invoice: str

mended = False

def emit(case):
    if case.key == "inv-7" and not mended:
        raise ValueError("no such debtor")
    return Overdue(case.key)

def after(fact):
    if fact.terms == 0 and not mended:
        raise ValueError("no terms")
    return fact.terms or 1

overdue = Policy(name="overdue", starts_on=Sent, after=after, of="day.utc", emits=Overdue, event=emit)
app = App(
    "{name}", inputs={{"{name}.in": [Sent]}}, output="{name}.out", policies=[overdue],
    ticks_topic="{name}.ticks", schedules_topic="{name}.schedules", grace_seconds=0.0, commit_interval_seconds=0.0,
    formats={formats},
)
"""

DAY = 86_400_000_000
BEGIN = Instant(1_767_225_600_000_000)
PARTITIONS = 2

WRONG = {
    "an action there is not": (["drop", "mine:app"], "No such command 'drop'"),
    "show nothing": (["show", "mine:app"], "Missing argument 'LETTER'"),
    "requeue nothing": (["requeue", "mine:app"], "name them as PARTITION@OFFSET, or say --all"),
    "some and all": (["requeue", "mine:app", "0@1", "--all"], "name them as PARTITION@OFFSET, or say --all"),
    "no place": (["show", "mine:app", "12"], "'12' names no letter; write PARTITION@OFFSET"),
    "a kind there is not": (["list", "mine:app", "--kind", "tick"], "--kind tick: there is fact, wake-up, foreign"),
    "list one": (["list", "mine:app", "0@1"], "unexpected extra argument(s) (0@1)"),
    "list in a dry run": (["list", "mine:app", "--dry-run"], "No such option: --dry-run"),
    "one that matches": (["requeue", "mine:app", "0@1", "--topic", "x"], "leave them out where you name some"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "mine", None)  # whatever another test left under this name is put back
    del sys.modules["mine"]
    (tmp_path / "mine.py").write_text(APP.format(name="mine", formats={}))
    return tmp_path


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line_with_exit_code_2(case: str, folder: Path, passage: Command) -> None:
    arguments, said = WRONG[case]
    done = passage("processors", "dead-letters", *arguments)
    assert done.code == 2
    assert said in done.told


class Site:
    """An app on the broker, whose policy can be mended by a file."""

    def __init__(self, folder: Path, name: str, log: KafkaLog, formats: str = "{}") -> None:
        (folder / "mine.py").write_text(APP.format(name=name, formats=formats))
        self.folder, self.log = folder, log
        self.module = __import__("mine")
        self.app = self.module.app
        compacted = {"cleanup.policy": "compact"}
        log.create([Topic(self.app.ticks_topic, 1, compacted), Topic(self.app.schedules_topic, 1, compacted)])
        create_topics(log, self.app, PARTITIONS)
        self._hand = log.appender()
        entry = ScheduleEntry(
            "day.utc", "DayHasPassed", "UTC", None, "", "", "active", "", "", Instant(BEGIN + DAY), 0, 1, "2026f", "0"
        )
        self._write(Partition(self.app.schedules_topic, 0), b"day.utc", SCHEDULE_ENTRY.encode(entry), BEGIN)

    def _write(self, partition: Partition, key: bytes, value: bytes, at: int) -> None:
        self._hand.append(partition, key, value, milliseconds_of(Instant(at)))
        self._hand.flush()

    def sent(self, invoice: str, terms: int, at_days: float) -> None:
        value = event_codec(self.module.Sent).encode(self.module.Sent(invoice, terms))
        self.raw(invoice, value, at_days)

    def raw(self, invoice: str, value: bytes, at_days: float) -> None:
        number = partition_of(invoice.encode(), PARTITIONS)
        self._write(Partition(f"{self.app.name}.in", number), invoice.encode(), value, BEGIN + int(at_days * DAY))

    def day(self, number: int) -> None:
        ends_at = Instant(BEGIN + number * DAY)
        tick = Tick(
            event="DayHasPassed", schedule="day.utc", ordinal=number, sequence=number, period=str(number),
            starts_at=Instant(ends_at - DAY), ends_at=ends_at, next_at=Instant(ends_at + DAY), zone="UTC",
            calendar=None, tzdata="2026f", published_at=ends_at, definition="", previous=None,
        )  # fmt: skip
        self._write(Partition(self.app.ticks_topic, 0), tick.key, TICK.encode(tick), ends_at)

    def works_until(self, done: Callable[[Worker], bool]) -> None:
        worker = Worker(self.app, self.log, "a")
        for _ in range(2000):
            if len(worker.tasks) == PARTITIONS and worker.is_idle and done(worker):
                worker.close()
                return
            worker.turn(0.05)
        raise AssertionError("still not done")

    def records(self, topic: str) -> list[tuple[bytes | None, int]]:
        return sorted(
            (record.key(), record.timestamp()[1])
            for number in range(PARTITIONS)
            for record in read_all(self.log, Partition(topic, number))
        )


@pytest.mark.kafka
def test_what_was_refused_is_listed_shown_mended_and_sent_back(
    folder: Path, passage: Command, topic_name: Callable[..., str], kafka_log: KafkaLog, kafka_bootstrap: str
) -> None:
    site = Site(folder, topic_name("letters"), kafka_log)
    here = ("mine:app", "--bootstrap", kafka_bootstrap)
    site.sent("inv-1", 0, 0.25)
    site.sent("inv-7", 1, 0.5)
    site.raw("inv-8", b"garbage", 0.75)
    site.day(1)
    site.works_until(lambda worker: all(task.sequence == 1 for task in worker.tasks.values()))

    listed = passage("processors", "dead-letters", "list", *here, "--json").document
    by_key = {one["key"]: one for one in listed}
    assert {key: one["kind"] for key, one in by_key.items()} == {"inv-1": "fact", "inv-7": "wake-up", "inv-8": "fact"}
    assert by_key["inv-1"]["happened_at"] == "2026-01-01T06:00:00Z"
    assert [by_key["inv-7"][name] for name in ("unit", "topic", "place")] == ["overdue", "day.utc", 1]
    place = {key: f"{one['partition']}@{one['offset']}" for key, one in by_key.items()}
    table = passage("processors", "dead-letters", "list", *here, "--kind", "fact", "--reason", "no terms").out
    assert place["inv-1"] in table
    assert place["inv-8"] not in table
    assert passage("processors", "dead-letters", "list", *here, "--topic", "day.utc").out.count("\n") == 2

    shown = passage("processors", "dead-letters", "show", *here, place["inv-1"], place["inv-8"]).out
    assert "Sent(invoice='inv-1', terms=0)" in shown
    assert "value       garbage\n" in shown
    one = passage("processors", "dead-letters", "show", *here, place["inv-1"], "--json").document
    assert (one["type"], one["fact"]) == ("Sent", {"invoice": "inv-1", "terms": 0})

    dry = passage("processors", "dead-letters", "requeue", *here, "--all", "--dry-run")
    assert dry.out.endswith("3 would be requeued, 0 can't be\n")
    assert len(site.records(f"{site.app.name}.in")) == 3

    site.module.mended = True  # type: ignore[attr-defined]  # the module was made above
    done = passage("processors", "dead-letters", "requeue", *here, place["inv-1"], place["inv-7"])
    assert done.code == 0
    assert done.out.endswith("2 requeued, 0 can't be\n")
    again = site.records(f"{site.app.name}.in")
    assert [one for one in again if again.count(one) == 2] == [
        (b"inv-1", milliseconds_of(Instant(BEGIN + DAY // 4)))
    ] * 2
    listed = passage("processors", "dead-letters", "list", *here, "--json").document
    marked = {one["key"]: one["requeued_at"] for one in listed}
    assert [marked["inv-8"], *(marked[key] is None for key in ("inv-1", "inv-7"))] == [None, False, False]
    rest = passage("processors", "dead-letters", "requeue", *here, "--all", "--dry-run")
    assert rest.out.endswith("1 would be requeued, 0 can't be, 2 were before: name those that are to go again\n")
    site.day(2)
    site.works_until(lambda worker: all(task.sequence == 2 for task in worker.tasks.values()))
    assert [key for key, _ in site.records(site.app.output)] == [b"inv-1", b"inv-7"]
    counted = passage("processors", "status", *here, "--json").document["tasks"]
    assert sum(task["dead_letters"] for task in counted) == 3  # a mark is no letter


@pytest.mark.kafka
def test_a_fact_is_shown_in_the_format_of_the_topic_it_was_on(
    folder: Path, passage: Command, topic_name: Callable[..., str], kafka_log: KafkaLog, kafka_bootstrap: str
) -> None:
    name = topic_name("letters")
    site = Site(folder, name, kafka_log, f"{{'{name}.in': Json()}}")
    site.raw("inv-1", b'{"invoice":"inv-1","terms":0}', 0.25)
    site.day(1)
    site.works_until(lambda worker: all(task.sequence == 1 for task in worker.tasks.values()))
    here = ("mine:app", "--bootstrap", kafka_bootstrap)
    (one,) = passage("processors", "dead-letters", "list", *here, "--json").document
    letter = f"{one['partition']}@{one['offset']}"
    assert "Sent(invoice='inv-1', terms=0)" in passage("processors", "dead-letters", "show", *here, letter).out
    told = passage("processors", "dead-letters", "show", *here, letter, "--json").document
    assert (told["type"], told["fact"]) == ("Sent", {"invoice": "inv-1", "terms": 0})


@pytest.mark.kafka
def test_a_letter_that_cannot_be_sent_back_is_exit_code_2_and_says_where_it_lies(
    folder: Path, passage: Command, topic_name: Callable[..., str], kafka_log: KafkaLog, kafka_bootstrap: str
) -> None:
    site = Site(folder, topic_name("letters"), kafka_log)
    hand = kafka_log.appender()
    hand.append(Partition(site.app.dead_letters, 1), b"k", b"not ours", 1)
    hand.flush()
    here = ("mine:app", "--bootstrap", kafka_bootstrap)
    done = passage("processors", "dead-letters", "requeue", *here, "--all")
    assert done.code == 2
    assert done.out == "0 requeued, 1 can't be\n"
    assert done.told == (
        f"passage: {site.app.dead_letters}[1]@0: nothing here says where it came from; it is no letter of this app"
    )
    missing = passage("processors", "dead-letters", "show", *here, "1@7")
    assert missing.told.startswith(f"passage: {site.app.dead_letters}[1]@7: there is no letter; ")
    beyond = passage("processors", "dead-letters", "show", *here, "5@7")
    assert beyond.told == f"passage: {site.app.dead_letters} has no partition 5; it has 2"


@pytest.mark.kafka
def test_what_is_foreign_is_warned_of_beside_the_answer_and_not_in_it(
    folder: Path, passage: Command, topic_name: Callable[..., str], kafka_log: KafkaLog, kafka_bootstrap: str
) -> None:
    site = Site(folder, topic_name("foreign"), kafka_log)
    hand = kafka_log.appender()
    for number in range(PARTITIONS):
        hand.append(Partition(site.app.changelog, number), b"overdue/\xff", b"\x01", 1)
        hand.append(Partition(site.app.timeline, number), b"\xff", b"garbage", 1)
        hand.append(Partition(site.app.dead_letters, number), b"\xff", None, 1, [("passage_topic", b"\xff")])
    hand.flush()
    hand.close()
    here = ("mine:app", "--bootstrap", kafka_bootstrap)
    due = passage("processors", "due", *here, "--json")
    assert due.document["schedules"][0]["coming"] == []
    assert due.err.count("foreign_record_ignored") == PARTITIONS
    replayed = passage("processors", "replay", *here)
    assert (replayed.code, "foreign_record_ignored" in replayed.out) == (0, False)
    assert replayed.err.count("foreign_record_ignored") == PARTITIONS
    listed = passage("processors", "dead-letters", "list", *here, "--kind", "foreign", "--json").document
    assert [(one["kind"], one["key"]) for one in listed] == [("foreign", "\\xff")] * PARTITIONS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b'{"invoice": "inv-1",\n\t"terms": 0}', '{"invoice": "inv-1",\n\t"terms": 0}'),
        ("bröker".encode(), "bröker"),
        (b"", ""),
        (b"\xc3\x01\x00", None),
        (b"\x1b[2J", None),
        ("a\u202eb".encode(), None),
        (b"\x00", None),
    ],
)
def test_a_value_is_shown_as_text_where_it_is_some(value: bytes, text: str | None) -> None:
    assert readable(value) == text
