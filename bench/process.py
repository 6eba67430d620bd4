"""How many facts a second go through a process with a state, exactly once, on Kafka?

Half of the facts start an invoice's collection; of the other half, payments, every first leaves it running with its
state remembered anew, and every second ends it. Each fact is decoded to its dataclass, each remembered state encoded,
each looked at decoded. Beside it, in turns and on the same broker, the bare loop of `facts.py`, which hands each record
on as it came. The watch and the CPU are those of `facts.py`.

    .venv/bin/python -m bench.process [--facts 500000] [--rounds 3]
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from bench._side_by_side import told, with_cpu
from bench.facts import BEGIN, KEPT, PARTITIONS, InvoicePaid, InvoiceSent, a_kafka, bare, folded
from passage_log.kafka import KafkaLog
from passage_log.port import Topic
from passage_processors.app import App
from passage_processors.model.process import Effects, Emit, End, Moment, Process, Remember, Wake, on, starts_on, wakes
from passage_schemas.events import event_codec
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of

OPEN_FOR = 50_000
"""So many invoices lie between a start and the payments of it: mostly another transaction."""
GOAL = 60_000


@dataclass(frozen=True)
class ReminderIsDue:
    invoice: str
    open: int


@dataclass(frozen=True)
class Collection:
    customer: str = ""
    open: int = 0
    payments: int = 0


class Collecting(Process[Collection]):
    name = "collecting"
    state = Collection
    schedules = ("day.utc",)
    emits = (ReminderIsDue,)

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Collection], fact: InvoiceSent) -> Effects:  # noqa: ARG002 - what every handler is given
        return [Remember(Collection(fact.customer, fact.amount)), Wake("remind", after=31, of="day.utc")]

    @on(InvoicePaid)
    def paid(self, now: Moment[Collection], fact: InvoicePaid) -> Effects:
        left = replace(now.state, open=now.state.open - fact.amount, payments=now.state.payments + 1)
        return [Remember(left)] if left.open > 0 else [Remember(left), End()]

    @wakes("remind")
    def remind(self, now: Moment[Collection]) -> Effects:
        return [Emit(ReminderIsDue(now.key, now.state.open)), Wake("remind", after=7, of="day.utc")]


def app_of(name: str, facts: str) -> App:
    return App(
        name=name,
        inputs={facts: [InvoiceSent, InvoicePaid]},
        output=f"{name}.derived",
        processes=[Collecting()],
        ticks_topic="bench.facts.ticks",
        schedules_topic="bench.facts.schedules",
    )


def fact_of(number: int) -> InvoiceSent | InvoicePaid:
    """Two starts, then two payments in parts of an invoice of long ago; the first of them pay what nobody sent."""
    group, place = divmod(number, 4)
    if place < 2:
        return InvoiceSent(f"inv-{2 * group + place:08}", "customer-1234", 2 + number)
    started = 2 * group - OPEN_FOR
    invoice = f"inv-{started:08}" if started >= 0 else f"lost-{group:08}"
    return InvoicePaid(invoice, 1 if place == 2 else 1 + 2 * started)


def write_facts(log: KafkaLog, topic: str, count: int) -> None:
    log.create([Topic(topic, PARTITIONS, KEPT)])
    appender = log.appender()
    at = milliseconds_of(BEGIN) + 1
    for number in range(count):
        fact = fact_of(number)
        key = fact.invoice.encode()
        value = event_codec(type(fact)).encode(fact)
        appender.append(Partition(topic, partition_of(key, PARTITIONS)), key, value, at + number)
        if number % 100_000 == 0:
            appender.flush()
    appender.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Facts a second through a process, beside a bare loop.")
    parser.add_argument("--facts", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with a_kafka() as bootstrap:
        compare(bootstrap, options.facts, options.rounds)


def compare(bootstrap: str, count: int, rounds: int) -> None:
    facts = f"bench-process-{time.time_ns():x}"
    write_facts(KafkaLog(bootstrap), facts, count)
    ways: dict[str, Callable[[], float]] = {
        "bare loop": lambda: bare(bootstrap, facts, count),
        "process": lambda: folded(bootstrap, app_of(f"bench-{time.time_ns():x}", facts), count),
    }
    figures, cpus = with_cpu(rounds, count, ways)
    print(f"{count:,} facts on {PARTITIONS} partitions; goal of the process {GOAL:,} facts/s")
    for name, found in figures.items():
        ratio = median(found) / median(figures["bare loop"])
        print(f"  {name:10} {told(found, 'facts/s')}   ratio {ratio:.2f}   {cpus[name]:.1f} s of CPU per million")


if __name__ == "__main__":
    main()
