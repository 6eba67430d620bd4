"""`passage processors replay` while a worker of the same app goes on: what is compared was fixed before it began."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

from passage_clock.wall import MachineWall
from passage_log.kafka import KafkaLog
from passage_log.ranges import read_all
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition, Record
from tests.cli.command import Command
from tests.cli.test_processors_seeing import HOUR, Site

pytestmark = pytest.mark.kafka

APP = """\
from dataclasses import dataclass
from passage import App, Effects, Emit, Moment, Policy, Process, starts_on

@dataclass(frozen=True)
class Sent:
    invoice: str
    terms: int

@dataclass(frozen=True)
class Overdue:
    invoice: str

@dataclass(frozen=True)
class CustomerWasTold:
    customer: str
    invoice: str

@dataclass(frozen=True)
class Nothing:
    said: int = 0

class Telling(Process[Nothing]):
    name = "telling"
    state = Nothing
    emits = (CustomerWasTold,)

    @starts_on(Sent)
    def sent(self, now: Moment[Nothing], fact: Sent) -> Effects:
        customer = f"customer-{{int(fact.invoice[4:]) % 5}}"
        return [Emit(CustomerWasTold(customer, fact.invoice), key=customer)]

overdue = Policy(
    name="overdue", starts_on=Sent, after=lambda fact: fact.terms, of="day.utc", emits=Overdue,
    event=lambda case: Overdue(case.key),
)
app = App(
    "{name}", inputs={{"{name}.in": [Sent]}}, output="{name}.out", policies=[overdue], processes=[Telling()],
    ticks_topic="{name}.ticks", schedules_topic="{name}.schedules", grace_seconds=0.0, commit_interval_seconds=0.0,
)
"""

REPLAYS = 8
WAIT_SECONDS = 120.0


@pytest.fixture
def site(
    tmp_path: Path, topic_name: Callable[..., str], kafka_log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    name = topic_name("beside")
    module = f"beside_{abs(hash(name))}"
    (tmp_path / f"{module}.py").write_text(APP.format(name=name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Site(name, module, kafka_log)
    sys.modules.pop(module, None)


@contextmanager
def a_worker(site: Site, bootstrap: str) -> Iterator[None]:
    command = [sys.executable, "-c", "from passage.cli import main; main()", "processors", "run", site.where]
    variables = {"PATH": os.environ["PATH"], "PASSAGE_BOOTSTRAP": bootstrap, "PYTHONPATH": ":".join(sys.path)}
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=variables)
    try:
        yield
    finally:
        running.terminate()
        running.wait(60)


@contextmanager
def days_going_by(site: Site) -> Iterator[threading.Event]:
    """Invoices and ticks without end, a hundred of each a second at the most. Gives what tells that there are some."""
    stop, begun = threading.Event(), threading.Event()

    def go_on() -> None:
        begin = MachineWall().now() - 100_000 * HOUR
        for number in count(1):
            at = Instant(begin + number * HOUR)
            site.sent(f"inv-{number}", 1 + number % 3, Instant(at - HOUR // 2))
            site.tick(at, Instant(at + HOUR))
            if number == 20:
                begun.set()
            if stop.wait(0.01):
                return

    hand = threading.Thread(target=go_on)
    hand.start()
    try:
        assert begun.wait(60)
        yield stop
    finally:
        stop.set()
        hand.join(60)


def wait_for_more(log: KafkaLog, output: Partition) -> list[Record]:
    """Until more stands there than when this was called; all of it."""
    before = len(list(read_all(log, output)))
    return wait_until(log, output, lambda records: len(records) > before)


def wait_until(log: KafkaLog, output: Partition, is_there: Callable[[list[Record]], bool]) -> list[Record]:
    deadline = monotonic() + WAIT_SECONDS
    while not is_there(records := list(read_all(log, output))):
        assert monotonic() < deadline, f"what was waited for on {output.topic} did not come within {WAIT_SECONDS:g} s"
    return records


FOREIGN = b"another"


def write_foreign(log: KafkaLog, output: Partition, copied: Record) -> None:
    """One that no cut gave. Readable when this returns: a transaction of the worker's, open meanwhile, hides it from a
    replay, which would rightly leave it to a later cut."""
    hand = log.appender()
    hand.append(output, copied.key(), FOREIGN, copied.timestamp()[1], copied.headers() or [])
    hand.flush()
    hand.close()
    wait_until(log, output, lambda records: any(record.value() == FOREIGN for record in records))


def test_a_replay_beside_a_worker_that_goes_on_finds_all_alike(
    site: Site, passage: Command, kafka_bootstrap: str, kafka_log: KafkaLog
) -> None:
    output = Partition(site.app.output, 0)
    said = []
    with a_worker(site, kafka_bootstrap), days_going_by(site):
        for _ in range(REPLAYS):
            # What the worker has not written since would be no news to the replay.
            wait_for_more(kafka_log, output)
            said.append(passage("processors", "replay", site.where, "--bootstrap", kafka_bootstrap))
    assert [one.code for one in said] == [0] * REPLAYS, [one.out for one in said if one.code]
    counts = [[int(line.split()[1]) for line in one.out.splitlines()[1:3]] for one in said]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    assert "equal as a set" in said[-1].out


def test_an_event_that_no_cut_gave_is_found_beside_the_worker(
    site: Site, passage: Command, kafka_bootstrap: str, kafka_log: KafkaLog
) -> None:
    output = Partition(site.app.output, 0)
    with a_worker(site, kafka_bootstrap), days_going_by(site):
        write_foreign(kafka_log, output, wait_for_more(kafka_log, output)[0])
        said = passage("processors", "replay", site.where, "--bootstrap", kafka_bootstrap)
    assert said.code == 1
    assert "DIFFERENT" in said.out
    assert said.out.splitlines()[-1].startswith(("partition 0, event ", "other keys, "))
