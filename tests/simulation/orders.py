"""The app the simulated workers run: one of everything a user can write, hearing each other's events.

Orders are billed, chased and paid; the terms, and the schedule they are counted on, come from the fact. Some functions
fail, always for the same orders, so that letters and parked wake-ups are part of every world.
"""

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from passage import (
    App,
    Cancel,
    Case,
    Effects,
    Emit,
    End,
    Mark,
    Moment,
    Passed,
    Policy,
    Process,
    Remember,
    Report,
    Wake,
    on,
    starts_on,
    wakes,
)

DAY, WEEK = "day.utc", "week.utc"
MOST_DAYS_LATE = 4
"""How far before its place in the topic a fact may be dated."""


@dataclass(frozen=True)
class OrderWasPlaced:
    order: str
    terms: int


@dataclass(frozen=True)
class OrderWasShipped:
    order: str


@dataclass(frozen=True)
class OrderWasPaid:
    order: str
    amount: int = 0


@dataclass(frozen=True)
class OrderBecameOverdue:
    order: str
    reminder: int
    starts: int


@dataclass(frozen=True)
class AccountWasSuspended:
    order: str


@dataclass(frozen=True)
class DeliveryWasChased:
    order: str
    times: int
    days: int


@dataclass(frozen=True)
class OrderWasForgotten:
    order: str
    days: int
    overdue: int


@dataclass(frozen=True)
class ReminderWasSent:
    order: str
    times: int


@dataclass(frozen=True)
class WeekReportIsDue:
    week: int


@dataclass(frozen=True)
class Reminders:
    times: int = 0


class Reminding(Process[Reminders]):
    """Hears itself: armed on an old tick, when the day it waits for has long passed, it is armed again alike on it."""

    name = "reminding"
    state = Reminders
    schedules = (DAY,)
    emits = (ReminderWasSent,)

    @starts_on(OrderWasPlaced)
    def placed(self, now: Moment[Reminders], fact: OrderWasPlaced) -> Effects:
        return []

    @on(OrderBecameOverdue)
    def overdue(self, now: Moment[Reminders], fact: OrderBecameOverdue) -> Effects:
        return [Wake("remind", after=1, of=DAY)]

    @on(ReminderWasSent)
    def sent(self, now: Moment[Reminders], fact: ReminderWasSent) -> Effects:
        return [Wake("remind", after=1, of=DAY)] if fact.times % 3 else []

    @wakes("remind")
    def remind(self, now: Moment[Reminders]) -> Effects:
        times = now.state.times + 1
        return [Remember(Reminders(times)), Emit(ReminderWasSent(now.key, times))]


@dataclass(frozen=True)
class Delivery:
    chased: int = 0
    overdue: int = 0


class Ordering(Process[Delivery]):
    """Chases a delivery every other day until it is shipped; forgets what nothing happens to."""

    name = "ordering"
    state = Delivery
    schedules = (DAY, WEEK)
    emits = (DeliveryWasChased, OrderWasForgotten)
    marker_ticks = 3

    @starts_on(OrderWasPlaced)
    def placed(self, now: Moment[Delivery], fact: OrderWasPlaced) -> Effects:
        yield Remember(Delivery())
        yield Mark("heard of")
        yield Wake("chase", after=fact.terms % 3 + 1, of=DAY)
        yield Wake("forget", after=2, of=WEEK)

    @on(OrderWasPlaced)
    def placed_again(self, now: Moment[Delivery], fact: OrderWasPlaced) -> Effects:
        return [Mark("heard of"), Wake("forget", after=2, of=WEEK)]

    @on(OrderWasShipped)
    def shipped(self, now: Moment[Delivery], fact: OrderWasShipped) -> Effects:
        if now.key.endswith("4"):
            raise RuntimeError("four is never shipped")
        return [Cancel("chase"), Mark("heard of")]

    @on(OrderBecameOverdue)
    def overdue(self, now: Moment[Delivery], fact: OrderBecameOverdue) -> Effects:
        return [Remember(replace(now.state, overdue=now.state.overdue + 1))]

    @on(AccountWasSuspended)
    def suspended(self, now: Moment[Delivery], fact: AccountWasSuspended) -> Effects:
        return [End()]

    @wakes("chase")
    def chase(self, now: Moment[Delivery]) -> Effects:
        if now.key.endswith("5"):
            raise RuntimeError("five is never chased")
        times = now.state.chased + 1
        yield Remember(replace(now.state, chased=times))
        yield Emit(DeliveryWasChased(now.key, times, now.count(DAY)))
        if times < 4:
            yield Wake("chase", after=2, of=DAY)

    @wakes("forget")
    def forget(self, now: Moment[Delivery]) -> Effects:
        return [Emit(OrderWasForgotten(now.key, now.count(DAY, since="heard of"), now.state.overdue)), End()]


def _overdue(case: Case) -> OrderBecameOverdue:
    if case.key.endswith("7"):
        raise RuntimeError("seven is never overdue")
    return OrderBecameOverdue(case.key, case.number, case.starts)


def _terms(fact: OrderWasPlaced) -> int:
    if fact.terms == 9:
        raise RuntimeError("nine is no term")
    return fact.terms


@cache
def app() -> App:
    overdue = Policy(
        name="overdue", starts_on=OrderWasPlaced, after=_terms, of=lambda fact: WEEK if fact.terms == 1 else DAY,
        unless=OrderWasPaid, emits=OrderBecameOverdue, event=_overdue, every=3, at_most=3, second_start="counted",
    )  # fmt: skip
    suspended = Policy(
        name="suspended", starts_on=OrderBecameOverdue, after=5, of=DAY, unless=OrderWasPaid,
        emits=AccountWasSuspended, event=lambda case: AccountWasSuspended(case.key), keep_fact=False, marker_ticks=2,
    )  # fmt: skip
    silent = Policy(
        name="silent", starts_on=DeliveryWasChased, after=4, of=DAY, unless=OrderWasShipped, second_start="restarts",
        emits=OrderWasForgotten, event=lambda case: OrderWasForgotten(case.key, case.fact.days, -1),
    )  # fmt: skip
    weekly = Report(name="weekly", of=WEEK, emits=WeekReportIsDue, event=_weekly)
    return App(
        name="orders",
        inputs={"orders": [OrderWasPlaced, OrderWasShipped, OrderWasPaid]},
        output="orders.derived",
        policies=[overdue, suspended, silent],
        processes=[Ordering(), Reminding()],
        reports=[weekly],
        schedules=[DAY, WEEK],
        grace_seconds=0.0,
        commit_interval_seconds=0.0,
    )


def _weekly(passed: Passed) -> WeekReportIsDue:
    return WeekReportIsDue(passed.ordinal)


def facts(seed: int, orders: int, days: int) -> list[tuple[float, object]]:
    """(days after the beginning, fact), in the order they are written: nearly that of their instants."""
    choose = Random(seed)
    found: list[tuple[float, float, object]] = []
    for number in range(orders):
        order, at = f"order-{number}", choose.uniform(0.1, days - 3)
        found.append((at, at, OrderWasPlaced(order, choose.randint(1, 9))))
        for fact, chance in ((OrderWasShipped(order), 0.5), (OrderWasPaid(order), 0.5), (None, 0.2)):
            if choose.random() < chance:
                at += choose.uniform(0.1, 6)
                late = choose.uniform(0, MOST_DAYS_LATE) if choose.random() < 0.1 else 0.0
                found.append((at, max(0.1, at - late), fact or OrderWasPlaced(order, choose.randint(1, 9))))
    return [(happened, fact) for _, happened, fact in sorted(found, key=lambda one: one[0])]
