"""`passage processors status`, `due` and `inspect` as an operator meets them, on a real Kafka."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from passage.cli.terminal import rfc3339
from passage_clock.wall import MachineWall
from passage_log.kafka import KafkaLog
from passage_log.port import Topic
from passage_processors import Worker
from passage_processors.runtime.topics import create_topics
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from passage_trial.network import free_port
from tests.cli.command import Command, Done

pytestmark = pytest.mark.kafka

APP = """\
from dataclasses import dataclass
from passage import App, Policy

@dataclass(frozen=True)
class Sent:
    invoice: str
    terms: int

@dataclass(frozen=True)
class Overdue:
    invoice: str

def emit(case):
    if case.key == "inv-7":
        raise ValueError("no such debtor")
    return Overdue(case.key)

overdue = Policy(
    name="overdue", starts_on=Sent, after=lambda fact: fact.terms, of="day.utc", emits=Overdue, event=emit
)
app = App(
    "{name}", inputs={{"{name}.in": [Sent]}}, output="{name}.out", policies=[overdue],
    ticks_topic="{name}.ticks", schedules_topic="{name}.schedules", grace_seconds=0.0, commit_interval_seconds=0.0,
)
"""

HOUR = 3_600_000_000
PARTITIONS = 2


class Site:
    """An app of its own on the broker: the clock's hand, a producer of facts, workers that turn when told."""

    def __init__(self, name: str, module: str, log: KafkaLog) -> None:
        self.name = name
        self.where = f"{module}:app"
        self.log = log
        sys.modules.pop(module, None)
        self.module = __import__(module)
        self.app = self.module.app
        compacted = {"cleanup.policy": "compact"}
        log.create([Topic(self.app.ticks_topic, 1, compacted), Topic(self.app.schedules_topic, 1, compacted)])
        create_topics(log, self.app, PARTITIONS)
        self.now = MachineWall().now()
        self._appender = log.appender()
        self._ticks = 0
        entry = ScheduleEntry(
            "day.utc", "DayHasPassed", "UTC", None, "", "", "active", "", "", self.now, 0, 1, "2026f", "0"
        )
        self._write(Partition(self.app.schedules_topic, 0), b"day.utc", SCHEDULE_ENTRY.encode(entry), self.now)

    def tick(self, ends_at: Instant, next_at: Instant) -> None:
        self._ticks += 1
        tick = Tick(
            event="DayHasPassed", schedule="day.utc", ordinal=self._ticks, sequence=self._ticks,
            period=str(self._ticks), starts_at=ends_at, ends_at=ends_at, next_at=next_at, zone="UTC", calendar=None,
            tzdata="2026f", published_at=ends_at, definition="", previous=None,
        )  # fmt: skip
        self._write(Partition(self.app.ticks_topic, 0), tick.key, TICK.encode(tick), ends_at)

    def sent(self, invoice: str, terms: int, at: Instant) -> None:
        key, fact = invoice.encode(), self.module.Sent(invoice, terms)
        value = event_codec(self.module.Sent).encode(fact)
        self._write(Partition(f"{self.name}.in", partition_of(key, PARTITIONS)), key, value, at)

    def _write(self, partition: Partition, key: bytes, value: bytes, at: Instant) -> None:
        self._appender.append(partition, key, value, milliseconds_of(at))
        self._appender.flush()

    def settled(self) -> Worker:
        """A worker that has folded all there is."""
        worker = Worker(self.app, self.log, "seen")
        while not (worker.is_idle and all(task.cut.tick_sequence == self._ticks for task in worker.tasks.values())):
            worker.turn(0.05)
        return worker


@pytest.fixture
def site(
    tmp_path: Path, topic_name: Callable[..., str], kafka_log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    name = topic_name("seen")
    module = f"seen_{abs(hash(name))}"
    (tmp_path / f"{module}.py").write_text(APP.format(name=name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Site(name, module, kafka_log)
    sys.modules.pop(module, None)


@pytest.fixture
def told(passage: Command, site: Site, kafka_bootstrap: str) -> Command:
    """The command of these two words, with the app and the broker named."""
    return lambda name, *more: passage("processors", name, site.where, *more, "--bootstrap", kafka_bootstrap)


def two_days(site: Site) -> None:
    """Seven invoices, two ticks: two overdue, one that can't be, four to come. The next tick is in an hour."""
    for number, terms in enumerate((1, 1, 3, 3, 5, 99, 1), start=1):
        site.sent(f"inv-{number}", terms, Instant(site.now - 5 * HOUR))
    site.tick(Instant(site.now - 4 * HOUR), Instant(site.now - 3 * HOUR))
    site.tick(Instant(site.now - 3 * HOUR), Instant(site.now + HOUR))


def test_status_tells_of_every_task_with_no_worker_and_beside_one(site: Site, told: Command) -> None:
    two_days(site)
    before = told("status", "--json")
    assert before.code == 1
    assert [task["state"].partition(":")[0] for task in before.document["tasks"]] == ["nobody owns it"] * PARTITIONS
    assert sum(task["inputs"][0]["behind"] for task in before.document["tasks"]) == 7
    assert {task["ticks_behind"] for task in before.document["tasks"]} == {2}

    worker = site.settled()
    done = told("status", "--json")
    page = told("status")
    worker.close()
    assert (done.code, done.document["is_well"], done.document["members"]) == (0, True, 1)
    tasks = done.document["tasks"]
    assert [task["state"] for task in tasks] == ["at rest"] * PARTITIONS
    assert sum(task["open"] for task in tasks) == 4
    assert sum(task["dead_letters"] for task in tasks) == 1
    assert sum(due["wake_ups"] for task in tasks for due in task["next_due"]) >= 1
    assert all(task["committed_at"].endswith("Z") and task["committed_seconds_ago"] >= 0 for task in tasks)
    assert "counts     day.utc, active, ordinal 2, next at" in page.out
    assert "at rest" in page.out


def test_due_draws_what_comes(site: Site, told: Command) -> None:
    two_days(site)
    site.settled().close()
    (day,) = told("due", "--schedule", "day.utc", "--next", 10, "--json").document["schedules"]
    coming = [(one["ordinal"], one["ahead"], one["units"]) for one in day["coming"]]
    assert (day["last"], coming, day["later"]) == (2, [(3, 1, {"overdue": 2}), (5, 3, {"overdue": 1})], 1)
    lines = told("due", "--next", 10).out.splitlines()
    assert lines[0].startswith("day.utc, last ordinal 2")
    assert [line.count("█") for line in lines[2:4]] == [50, 25]
    assert lines[-1] == "and 1 later"


def test_inspect_shows_state_and_history(site: Site, told: Command) -> None:
    two_days(site)
    site.settled().close()
    waiting = told("inspect", "inv-5", "--json").document
    assert waiting["waits"] == [
        {"unit": "overdue", "name": None, "schedule": "day.utc", "ordinal": 5, "ahead": 3, "at": None}
    ]
    assert [(one["name"], one["fate"], one["body"]) for one in waiting["history"]] == [
        ("Sent", "folded", {"invoice": "inv-5", "terms": 5})
    ]
    fired = told("inspect", "inv-1").out
    assert "overdue: ended" in fired
    assert "Overdue" in fired
    assert f"{site.name}/overdue/inv-1/" in fired
    parked = told("inspect", "inv-7").out
    assert "overdue: parked" in parked
    assert "ValueError: no such debtor" in parked


def test_explain_says_why_it_did_and_why_it_did_not(site: Site, passage: Command, kafka_bootstrap: str) -> None:
    two_days(site)
    site.settled().close()

    def explained(*more: str) -> Done:
        return passage("explain", site.where, *more, "--bootstrap", kafka_bootstrap)

    happened = explained("inv-1", "Overdue", "--json").document
    sent, tick = happened["causes"]
    assert (sent["topic"], sent["effects"][0]["kind"]) == (f"{site.name}.in", "counts")
    assert (tick["name"], tick["events"][0]["topic"], tick["events"][0]["offset"] >= 0) == (
        "day.utc#1", f"{site.name}.out", True,
    )  # fmt: skip
    assert [one["ordinal"] for one in happened["counts"][0]["counted"]] == [1]
    (near,), (far,) = (explained(key, "--json").document["waits"] for key in ("inv-3", "inv-5"))
    assert (near["ahead"], near["promised_at"], far["ahead"], far["promised_at"]) == (
        1, rfc3339(Instant(site.now + HOUR)), 3, None,
    )  # fmt: skip
    failed = explained("inv-7").out
    assert "Overdue (overdue) has not happened: policy 'overdue' failed for b'inv-7'" in failed
    nobody = explained("inv-9")
    assert (nobody.code, nobody.told.startswith("nothing of 'inv-9' on"), "did you mean 'inv-" in nobody.told) == (
        1, True, True,
    )  # fmt: skip


def test_an_aggregate_nobody_knows_is_one_line_and_exit_code_1(site: Site, told: Command) -> None:
    done = told("inspect", "nobody")
    assert done.code == 1
    assert done.told.startswith("nothing of 'nobody' on")


def test_what_is_wrong_is_one_line_and_exit_code_2(site: Site, told: Command, passage: Command) -> None:
    unit, schedule = told("inspect", "inv-1", "--unit", "overdoo"), told("due", "--schedule", "day.utx")
    since = told("inspect", "inv-1", "--since", "yesterday")
    nobody = passage("processors", "status", site.where, "--bootstrap", "127.0.0.1:1", "--connect-timeout-seconds", 1)
    assert [done.code for done in (unit, schedule, since, nobody)] == [2, 2, 2, 2]
    assert unit.told.endswith("has no unit 'overdoo'; it has: overdue")
    assert schedule.told.endswith("counts no schedule 'day.utx'; it counts: day.utc")
    assert "--since: 'yesterday' is no date" in since.told
    assert "no broker answered at 127.0.0.1:1" in nobody.told


@pytest.mark.parametrize("name", ["status", "due", "inspect"])
def test_topics_that_are_missing_are_named(
    name: str, tmp_path: Path, passage: Command, topic_name: Callable[..., str], kafka_bootstrap: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    module = f"missing_{name}"
    app = topic_name("missing")
    (tmp_path / f"{module}.py").write_text(APP.format(name=app))
    monkeypatch.chdir(tmp_path)
    arguments = ["inv-1"] if name == "inspect" else []
    done = passage("processors", name, f"{module}:app", *arguments, "--bootstrap", kafka_bootstrap)
    assert done.code == 2
    assert f"topic {app}.timeline: there is none" in done.err
    assert all(line.startswith("passage: ") for line in done.err.splitlines())


def test_a_worker_says_what_it_is_when_it_starts_and_answers_for_its_health(site: Site, kafka_bootstrap: str) -> None:
    two_days(site)
    port = free_port()
    command = ["processors", "run", site.where, "--name", "one", "--metrics-port", str(port)]
    running = subprocess.Popen(
        [sys.executable, "-c", "from passage.cli import main; main()", *command],
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PASSAGE_BOOTSTRAP": kafka_bootstrap, "PYTHONPATH": ":".join(sys.path)},
    )
    try:
        assert running.stderr is not None
        lines = map(json.loads, running.stderr)
        starts = next(line for line in lines if line["event"] == "worker_starts")
        next(line for line in lines if line["event"] == "restored")
        next(line for line in lines if line["event"] == "dead_letter")
        answers = {path: answer(port, path) for path in ("/healthz", "/readyz", "/metrics")}
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)
    stops = next(line for line in lines if line["event"] == "worker_stopped")
    assert (set(stops["committed_cuts"]), stops["read_and_not_folded"]) == ({"0", "1"}, 0)
    assert (starts["app"], starts["worker"], starts["units"]) == (site.name, "one", ["overdue"])
    assert (starts["inputs"], starts["counts"]) == ([f"{site.name}.in"], ["day.utc"])
    assert [status for status, _ in answers.values()] == [200, 200, 200]
    assert f'passage_processor_tasks{{app="{site.name}"}} 2.0' in answers["/metrics"][1]


def answer(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body
