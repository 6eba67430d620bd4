"""An order of a telephone line: ten workdays to think better of it, parts that must come, data that must go.

passage processors run examples.telecom_ordering:app
"""

from dataclasses import dataclass, replace
from pathlib import Path

from examples.telecom_ordering.events import (
    LineWasActivated,
    NewOrder,
    OrderDataWasDiscarded,
    OrderRevocation,
    PartsWereDelivered,
    RevocationWasAccepted,
    RevocationWasRejected,
    SupplierWasReminded,
)
from passage import App, Cancel, Effects, Emit, End, Moment, Process, Remember, Wake, on, starts_on, wakes

CLOCK = Path(__file__).with_name("clock.yaml")
WORKDAY = "workday.nl"

REVOCABLE_WORKDAYS = 10
DELIVERY_WORKDAYS = 5
INACTIVE_WORKDAYS = 30


@dataclass(frozen=True)
class Order:
    customer: str
    reminders: int = 0


class Ordering(Process[Order]):
    """One order, from NewOrder until its data is discarded."""

    name = "ordering"
    state = Order
    schedules = (WORKDAY,)
    emits = (RevocationWasAccepted, RevocationWasRejected, SupplierWasReminded, OrderDataWasDiscarded)

    @starts_on(NewOrder)
    def ordered(self, now: Moment[Order], fact: NewOrder) -> Effects:
        return [Remember(Order(fact.customer)), Wake("remind", DELIVERY_WORKDAYS, WORKDAY), still_active()]

    @on(OrderRevocation)
    def revoked(self, now: Moment[Order], fact: OrderRevocation) -> Effects:
        passed = now.count(WORKDAY)
        if passed <= REVOCABLE_WORKDAYS:
            return [Emit(RevocationWasAccepted(now.key, now.state.customer, passed)), *discarded(now, "revoked")]
        return [Emit(RevocationWasRejected(now.key, now.state.customer, passed)), still_active()]

    @on(PartsWereDelivered)
    def delivered(self, now: Moment[Order], fact: PartsWereDelivered) -> Effects:
        return [Cancel("remind"), still_active()]

    @on(LineWasActivated)
    def completed(self, now: Moment[Order], fact: LineWasActivated) -> Effects:
        return discarded(now, "completed")

    @wakes("remind")
    def parts_are_late(self, now: Moment[Order]) -> Effects:
        reminder = now.state.reminders + 1
        return [
            Remember(replace(now.state, reminders=reminder)),
            Emit(SupplierWasReminded(now.key, reminder)),
            Wake("remind", DELIVERY_WORKDAYS, WORKDAY),
        ]

    @wakes("forget")
    def nothing_happened(self, now: Moment[Order]) -> Effects:
        return discarded(now, f"inactive for {INACTIVE_WORKDAYS} workdays")


def still_active() -> Wake:
    """Every fact of the order sets it anew: a wake-up replaces the one of its name. Our own reminders don't."""
    return Wake("forget", INACTIVE_WORKDAYS, WORKDAY)


def discarded(now: Moment[Order], because: str) -> Effects:
    return [Emit(OrderDataWasDiscarded(now.key, because)), End()]


app = App(
    name="telecom-ordering",
    inputs={"orders": [NewOrder, OrderRevocation, PartsWereDelivered, LineWasActivated]},
    output="orders.derived",
    processes=[Ordering()],
)
