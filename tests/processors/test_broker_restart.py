"""A broker that is stopped or killed and comes back on its data finds two workers and a clock that go on, soon.

Real processes on a broker of their own. Every second a tick, and with every strike an invoice on each partition: all of
it is folded again within half a minute of the broker's first answer, though the client's own calls may never come back.
"""

import math
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep

import pytest

from examples.overdue_invoices import app
from examples.overdue_invoices.events import CustomerWasInvoiced, InvoiceBecameOverdue
from passage_clock import MachineWall, load
from passage_clock.records.topics import check_topics
from passage_log.errors import LogError
from passage_log.kafka import KafkaLog
from passage_log.ranges import read_all
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.upstream import last_cuts
from passage_schemas.cut import Cut
from passage_schemas.events import event_codec
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Partition
from passage_trial.cluster import Cluster
from tests.chaos.processes import Process
from tests.own_cluster import own_cluster

PARTITIONS = 2
DOWN_SECONDS = 5.0
AGAIN_SECONDS = 30.0
"""From the broker's first answer until every task has folded what was written, and a tick of that time: a session of
the group, a transaction's end given up, a restore. Where the machine is so busy that the broker itself takes longer to
come back, twice as long as that."""
BEGIN_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.5
LAST_WORDS = 40
"""Of each process, when it has not done what it was to do: the stacks that follow are as long again."""
STRIKES = (Cluster.stop, Cluster.kill, Cluster.stop)
CLOCK = """\
bootstrap: {bootstrap}
schedules: [{{name: day.amsterdam, event: DayHasPassed, every: second, zone: Europe/Amsterdam}}]
"""
INVOICED, OVERDUE = event_codec(CustomerWasInvoiced), event_codec(InvoiceBecameOverdue)
COMMAND = ["-c", "from passage.cli import main; main()"]


class AtWork:
    """Two workers and a clock, and what the log says of their work."""

    def __init__(self, broker: Cluster, directory: Path) -> None:
        path = directory / "clock.yaml"
        path.write_text(CLOCK.format(bootstrap=broker.bootstrap), encoding="utf-8")
        self.log = KafkaLog(broker.bootstrap)
        check_topics(self.log, load(path, {}), create=True)
        create_topics(self.log, app, PARTITIONS)
        self.sent = 0
        """Invoices of each task."""
        self._facts = self.log.appender()
        where = ["--bootstrap", broker.bootstrap]
        self.processes = {
            "clock": Process([*COMMAND, "clock", "run", "-c", path, "--name", "clock"], "bounce"),
            **{
                name: Process(
                    [*COMMAND, "processors", "run", "examples.overdue_invoices:app", *where, "--name", name], "bounce"
                )
                for name in ("one", "two")
            },
        }

    def send(self) -> None:
        """An invoice for each task, overdue at the second tick from now."""
        (topic,) = app.inputs
        now = milliseconds_of(MachineWall().now())
        for number in range(PARTITIONS):
            invoice = f"invoice-{number}-{self.sent}"
            value = INVOICED.encode(CustomerWasInvoiced(invoice, "somebody", Decimal("1.00"), 1))
            self._facts.append(Partition(topic, number), invoice.encode(), value, now)
        self._facts.flush()
        self.sent += 1

    def overdue(self) -> list[bytes]:
        """Of which invoices it was said, in order."""
        records = [one for number in range(PARTITIONS) for one in read_all(self.log, Partition(app.output, number))]
        return sorted(one.key() or b"" for one in records if (one.value() or b"").startswith(OVERDUE.prefixes))

    def cuts(self) -> dict[int, Cut]:
        return {number: one.cut for number, one in last_cuts(self.log, app.timeline, range(PARTITIONS)).items()}

    def wait_until(self, is_so: Callable[[dict[int, Cut]], bool], seconds: float, what: str) -> float:
        """How long it took. Fails with what everybody said last, and where they stood. A machine that is so busy that
        this process itself stood still between two looks gives that time back: nobody was given any."""
        began, looked_at, stood_still = monotonic(), monotonic(), 0.0
        while True:
            now = monotonic()
            stood_still += max(0.0, now - looked_at - 2 * LOOK_EVERY_SECONDS)
            looked_at = now
            for process in self.processes.values():
                process.listen()
            try:
                if is_so(self.cuts()):
                    return monotonic() - began
            except LogError:
                pass  # the broker, or a leader on it, is not quite back
            assert now - began - stood_still < seconds, f"{what} not within {seconds:g} s: {self._last_words()}"
            sleep(LOOK_EVERY_SECONDS)

    def all_folded(self, sequence: int) -> Callable[[dict[int, Cut]], bool]:
        """Every invoice sent, and the ticks to this one."""
        return lambda cuts: (
            len(cuts) == PARTITIONS
            and all(
                cut.tick_sequence >= sequence and sum(one.count for one in cut.inputs) >= self.sent
                for cut in cuts.values()
            )
        )

    def said_at_work(self) -> list[tuple[str, Process]]:
        """Each with what it has said once it was at work."""
        return [("office_taken" if name == "clock" else "assigned", one) for name, one in self.processes.items()]

    def _last_words(self) -> dict[str, list[str]]:
        said: dict[str, list[str]] = {}
        for name, process in self.processes.items():
            before = len(process.events)
            process.send(signal.SIGABRT)  # it says where each of its threads stands, and ends
            process.wait()
            process.take_told()
            said[name] = [str(one) for one in process.events[max(0, before - LAST_WORDS) :]]
        return said

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        self.log.close()


@pytest.fixture
def broker() -> Iterator[Cluster]:
    with own_cluster(1) as running:
        yield running


@pytest.mark.kafka
def test_all_is_folded_again_soon_after_a_broker_was_stopped_or_killed_and_came_back(
    broker: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_work = AtWork(broker, tmp_path)
    took: list[float] = []
    try:
        at_work.wait_until(at_work.all_folded(2), BEGIN_SECONDS, "a first tick folded by each task")
        for strike in STRIKES:
            at_work.send()
            before = max(cut.tick_sequence for cut in at_work.cuts().values())
            strike(broker, 0)
            since = monotonic()
            sleep(DOWN_SECONDS)
            started = monotonic()
            broker.restart(0)
            broker.wait_for(0)
            seconds = max(AGAIN_SECONDS, 2 * (monotonic() - started))
            now_due = before + math.ceil(monotonic() - since) + 1
            took.append(at_work.wait_until(at_work.all_folded(now_due), seconds, "all folded again"))
        at_work.wait_until(lambda _: len(at_work.overdue()) >= PARTITIONS * at_work.sent, BEGIN_SECONDS, "all overdue")
        assert at_work.overdue() == sorted(
            b"invoice-%d-%d" % (number, sent) for number in range(PARTITIONS) for sent in range(at_work.sent)
        )
        assert [process.end(said) for said, process in at_work.said_at_work()] == [0, 0, 0]
    finally:
        at_work.close()
    with capsys.disabled():
        print(f"\nfolded again after {', '.join(f'{one:.1f}' for one in took)} s")
