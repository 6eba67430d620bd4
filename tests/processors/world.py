"""A small world for the processors' tests: a log in memory, a hand that publishes ticks, facts about invoices."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_log.ranges import read_all
from passage_processors.app import App
from passage_processors.model.policy import Policy
from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, instant_of, milliseconds_of
from passage_schemas.log_record import Partition, Record
from passage_schemas.partitioner import partition_of
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry, Status
from passage_schemas.tick import Tick

DAY = "day.utc"
KEPT = {"retention.ms": "-1"}
"""What is dated as long ago as these facts and ticks, Kafka would let go of half a minute after its start."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class InvoiceSent:
    invoice: str
    terms: int = 30


@dataclass(frozen=True)
class InvoicePaid:
    invoice: str
    amount: int = 0


@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str
    sent_at: datetime


@dataclass(frozen=True)
class AccountWasSuspended:
    invoice: str


def overdue(**changes: object) -> Policy:
    settings: dict[str, object] = {
        "name": "overdue",
        "starts_on": InvoiceSent,
        "after": lambda fact: fact.terms,
        "of": DAY,
        "unless": InvoicePaid,
        "emits": InvoiceBecameOverdue,
        "event": lambda case: InvoiceBecameOverdue(case.key, case.started_at),
    }
    return Policy(**(settings | changes))  # type: ignore[arg-type]  # a test's own shorthand


def suspended(**changes: object) -> Policy:
    settings: dict[str, object] = {
        "name": "suspended",
        "starts_on": InvoiceBecameOverdue,
        "after": 15,
        "of": DAY,
        "unless": InvoicePaid,
        "emits": AccountWasSuspended,
        "event": lambda case: AccountWasSuspended(case.key),
    }
    return Policy(**(settings | changes))  # type: ignore[arg-type]  # a test's own shorthand


def invoices(*policies: Policy, **changes: object) -> App:
    settings: dict[str, object] = {
        "name": "invoices",
        "inputs": {"billing": [InvoiceSent, InvoicePaid]},
        "output": "billing.derived",
        "policies": policies or (overdue(), suspended()),
        "grace_seconds": 0.0,
        "commit_interval_seconds": 0.0,
    }
    return App(**(settings | changes))  # type: ignore[arg-type]  # a test's own shorthand


def day(number: float) -> Instant:
    """The instant so many days after the world began."""
    return instant_of(START + timedelta(days=number))


class World:
    """One app on one log. `tick` publishes what a clock would; nothing moves until a worker turns."""

    def __init__(self, app: App, log: MemoryLog | None = None, partitions: int = 1) -> None:
        self.app = app
        self.partitions = partitions
        self.log = MemoryLog() if log is None else log
        self.sequence = 0
        self.ordinals: dict[str, int] = {}
        per_partition = (*app.sources, app.output, app.changelog, app.timeline, app.dead_letters)
        self.log.create([Topic(name, partitions, KEPT) for name in per_partition])
        self.log.create([Topic(app.ticks_topic, 1, KEPT), Topic(app.schedules_topic, 1, KEPT)])
        self._facts = self.log.appender()

    def fact(self, fact: object, at: Instant, topic: str = "billing", key: str | None = None) -> None:
        key_bytes = (key or fact.invoice).encode()  # type: ignore[attr-defined]  # every fact here has one
        self.raw(key_bytes, event_codec(type(fact)).encode(fact), at, topic)

    def raw(self, key: bytes | None, value: bytes | None, at: Instant, topic: str = "billing") -> None:
        number = partition_of(key, self.partitions) if key else 0
        self._facts.append(Partition(topic, number), key, value, milliseconds_of(at))
        self._facts.flush()

    def name(self, schedule: str = DAY, next_at: Instant | None = None, status: Status = "active") -> None:
        """The clock says that there is a schedule, and when its next tick is due."""
        entry = ScheduleEntry(
            schedule, "DayHasPassed", "UTC", None, "", "", status, "", "", next_at, self.sequence, 1, "2026f", "0"
        )
        self._facts.append(Partition(self.app.schedules_topic, 0), schedule.encode(), SCHEDULE_ENTRY.encode(entry), 1)
        self._facts.flush()

    def tick(self, ends_at: Instant, next_at: Instant | None = None, schedule: str = DAY) -> Tick:
        """Publish the schedule's next tick."""
        self.sequence += 1
        ordinal = self.ordinals[schedule] = self.ordinals.get(schedule, 0) + 1
        tick = Tick(
            event="DayHasPassed", schedule=schedule, ordinal=ordinal, sequence=self.sequence, period=str(ordinal),
            starts_at=Instant(ends_at - 86_400_000_000), ends_at=ends_at, next_at=next_at, zone="UTC", calendar=None,
            tzdata="2026f", published_at=ends_at, definition="", previous=None,
        )  # fmt: skip
        self._facts.append(Partition(self.app.ticks_topic, 0), tick.key, TICK.encode(tick), milliseconds_of(ends_at))
        self._facts.flush()
        return tick

    def days(self, first: int, last: int) -> None:
        """The ends of day `first` to day `last`, each promising the next."""
        for number in range(first, last + 1):
            self.tick(day(number), day(number + 1))

    def worker(self, name: str = "a", max_facts: int = 80_000, max_fires: int = 20_000) -> Worker:
        return Worker(self.app, self.log, name, monotonic=lambda: 0.0, max_facts=max_facts, max_fires=max_fires)

    def settle(self, *workers: Worker, turns: int = 1000) -> None:
        """Turn until nothing has been committed for longer than a rebalance and a restore take."""
        quiet = 0
        for _ in range(turns):
            quiet = 0 if sum(worker.turn(0.0) for worker in workers) else quiet + 1
            if quiet == 8:
                return
        raise AssertionError(f"still committing after {turns} turns")

    def derived(self) -> list[object]:
        """Every derived event on the output, partition by partition."""
        return [self.decoded(record) for record in self.output()]

    def decoded(self, record: Record) -> object:
        value = record.value() or b""
        return self.app.program.handlers[value[:10]].codec.decode(value)

    def output(self) -> list[Record]:
        return self.records(self.app.output)

    def letters(self) -> list[Record]:
        return self.records(self.app.dead_letters)

    def records(self, topic: str) -> list[Record]:
        return [record for number in range(self.partitions) for record in read_all(self.log, Partition(topic, number))]
