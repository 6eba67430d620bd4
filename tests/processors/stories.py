"""What the tests of processes tell their stories with: orders of a telephone company, and a small fold of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from passage_log.memory.store import MemoryRecord
from passage_processors.app import App
from passage_processors.core.order.ticks import Floor, TickHistory
from passage_processors.core.order.timeline import Pending, Run
from passage_processors.core.step.fold import Fold
from passage_processors.core.step.task_state import StepOutput as Written
from passage_processors.model.process import (
    Cancel,
    Effects,
    Emit,
    End,
    Mark,
    Moment,
    Process,
    Remember,
    Wake,
    on,
    starts_on,
    wakes,
)
from passage_processors.model.ticks import SeenTick
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record

DAY = "day.utc"
DAY_LONG = 86_400_000_000


@dataclass(frozen=True)
class NewOrder:
    order: str
    parts: int = 1


@dataclass(frozen=True)
class PartsWereDelivered:
    order: str


@dataclass(frozen=True)
class OrderRevocation:
    order: str


@dataclass(frozen=True)
class RevocationWasAccepted:
    order: str
    workdays: int


@dataclass(frozen=True)
class RevocationWasRejected:
    order: str
    workdays: int


@dataclass(frozen=True)
class DeliveryWasChased:
    order: str
    time: int


@dataclass(frozen=True)
class Order:
    parts: int = 0
    chased: int = 0


class Ordering(Process[Order]):
    """Revocable for ten workdays; parts are chased every five; forgotten thirty workdays after the last delivery."""

    name = "ordering"
    state = Order
    schedules = ("workday.nl",)
    emits = (RevocationWasAccepted, RevocationWasRejected, DeliveryWasChased)

    @starts_on(NewOrder)
    def ordered(self, now: Moment[Order], fact: NewOrder) -> Effects:
        return [
            Remember(Order(fact.parts)), Wake("chase", after=5, of="workday.nl"), Wake("forget", 30, "workday.nl"),
        ]  # fmt: skip

    @on(PartsWereDelivered)
    def delivered(self, now: Moment[Order], fact: PartsWereDelivered) -> Effects:
        yield Cancel("chase")
        yield Mark("delivered")
        yield Wake("forget", 30, "workday.nl")

    @on(OrderRevocation)
    def revoked(self, now: Moment[Order], fact: OrderRevocation) -> Effects:
        workdays = now.count("workday.nl")
        if workdays <= 10:
            return [Emit(RevocationWasAccepted(now.key, workdays)), End()]
        return [Emit(RevocationWasRejected(now.key, workdays))]

    @wakes("chase")
    def chase(self, now: Moment[Order]) -> Effects:
        chased = now.state.chased + 1
        return [
            Remember(Order(now.state.parts, chased)), Emit(DeliveryWasChased(now.key, chased)),
            Wake("chase", 5, "workday.nl"),
        ]  # fmt: skip

    @wakes("forget")
    def forget(self, now: Moment[Order]) -> Effects:
        return [End()]


@dataclass(frozen=True)
class Counted:
    order: str
    what: str
    days: int
    weeks: int


@dataclass(frozen=True)
class Nothing:
    pass


class Echo(Process[Nothing]):
    """Answers its own event, up to a number."""

    name = "echo"
    state = Nothing
    emits = (Counted, DeliveryWasChased)

    def __init__(self, most: int, fails_at: int = -1) -> None:
        self.most, self.fails_at = most, fails_at

    @starts_on(NewOrder)
    def started(self, now: Moment[Nothing], fact: NewOrder) -> Effects:
        return [Emit(Counted(now.key, "echo", 0, 0)), Emit(DeliveryWasChased(now.key, 0))]

    @on(Counted)
    def heard(self, now: Moment[Nothing], fact: Counted) -> Effects:
        if fact.days == self.fails_at:
            raise RuntimeError("enough")
        return [Emit(Counted(now.key, "echo", fact.days + 1, 0))] if fact.days < self.most else []


def orders(*processes: Process[Any], **changes: object) -> App:
    settings: dict[str, object] = {
        "name": "orders",
        "inputs": {"orders": [NewOrder, PartsWereDelivered, OrderRevocation]},
        "output": "orders.derived",
        "processes": processes or (Ordering(),),
    }
    return App(**(settings | changes))  # type: ignore[arg-type]  # a test's own shorthand


class Told:
    """A fold that is told facts and ticks one by one, with what it has written so far."""

    def __init__(self, app: App, history: TickHistory | None = None, restored: "Told | None" = None) -> None:
        self.app = app
        self.history = history or TickHistory(app.program.reported)
        self.ticks: list[SeenTick] = []
        self.floors: dict[str, Floor] = {}
        self.fold = Fold(app.program, self.history)
        self.stored: list[dict[bytes, bytes]] = [{} for _ in app.units]
        self.events: list[object] = []
        self.letters: list[str] = []
        self.ids: list[str] = []
        self.offset = 0
        if restored is not None:
            self.ticks, self.floors = restored.ticks, restored.floors
            self.stored = [dict(states) for states in restored.stored]
            self.offset = restored.offset
            self.fold.load([dict(states) for states in self.stored], dict(restored.fold.folded), restored.fold.burst)

    def restored(self) -> "Told":
        """Another that was restored from what this one wrote; its memory is the same."""
        twin = Told(self.app, self.kept() if self.floors else self.history, self)
        assert twin.memory() == self.memory()
        return twin

    def let_go(self, schedule: str, before: SeenTick) -> None:
        """The clock keeps what comes after this tick of the schedule: who works hears of it, who begins has no more."""
        self.floors[schedule] = floor = Floor(before.ordinal + 1, before.sequence, before.ends_at)
        self.history.let_go(schedule, floor)

    def kept(self) -> TickHistory:
        """The ticks as a new worker finds them."""
        history = TickHistory(self.app.program.reported)
        for schedule, floor in self.floors.items():
            history.let_go(schedule, floor)
        for tick in self.ticks:
            if tick.schedule not in self.floors or tick.ordinal >= self.floors[tick.schedule].ordinal:
                history.add(tick)
        return history

    def memory(self) -> list[object]:
        return [(dict(book.items()), book.open, book.passed) for book in self.fold.books]

    def fact(self, fact: object, day: float, topic: str | None = None) -> "Told":
        key = str(next(iter(vars(fact).values())))
        return self.record(key.encode(), event_codec(type(fact)).encode(fact), day, topic)

    def record(self, key: bytes, value: bytes, day: float, topic: str | None = None) -> "Told":
        topic = topic or next(iter(self.app.inputs))
        at = max(1, int(day * DAY_LONG) // 1000)
        records: list[Record] = [MemoryRecord((topic, 0, self.offset, key, value, 1, at, (), 0))]
        self.offset += 1
        pending = Pending(topic, 0, self.offset)
        pending.extend(records)
        self.fold.facts(Run(pending, 0, 1))
        self._take()
        return self

    def tick(self, day: float, schedule: str = DAY) -> "Told":
        assert self.some_of(self.next_tick(day, schedule), 1 << 40)
        return self

    def next_tick(self, day: float, schedule: str = DAY) -> SeenTick:
        """The schedule's next tick, published and not folded."""
        ordinal, sequence = self.fold.folded.get(schedule, 0) + 1, self.history.last + 1
        tick = SeenTick(schedule, ordinal, sequence, Instant(int(day * DAY_LONG)), f"{schedule}#{ordinal}")
        self.history.add(tick)
        self.ticks.append(tick)
        return tick

    def some_of(self, tick: SeenTick, budget: int) -> bool:
        """Fold a tick, or as much of it as the budget allows; True when it has been folded whole."""
        whole = self.fold.tick(tick, budget) is not None
        self._take()
        return whole

    def days(self, first: int, last: int) -> "Told":
        for day in range(first, last + 1):
            self.tick(day)
        return self

    def _take(self) -> None:
        written: Written = self.fold.take()
        for event in written.events:
            self.events.append(self.app.program.handlers[event.value[:10]].codec.decode(event.value))
            self.ids.append(dict(event.headers)["ce_id"].decode())
        self.letters += [letter.reason for letter in written.letters]
        for states, changes in zip(self.stored, written.changes, strict=True):
            for key, value in changes.items():
                if value is None:
                    states.pop(key, None)
                else:
                    states[key] = value

    def taken(self) -> list[object]:
        """The events since the last call."""
        events, self.events = self.events, []
        return events


def told(facts: Sequence[object], app: App | None = None) -> Told:
    """A fold that has been told these facts, at noon of day 0."""
    fold = Told(app or orders())
    for fact in facts:
        fold.fact(fact, 0.5)
    return fold
