"""Stories of customers who are billed every fortnight, month or quarter, and of the report at the end of the month."""

from datetime import datetime
from decimal import Decimal

import pytest

from examples.billing_cycles import CLOCK, MONTH, QUARTER, WEEK, app
from examples.billing_cycles.__main__ import main
from examples.billing_cycles.events import (
    CustomerChoseCycle,
    CustomerLeft,
    Cycle,
    InvoiceWasDrawnUp,
    MonthEndReportIsDue,
    ServiceWasUsed,
)
from passage import Scenario, ticks_pass

MONDAY = "2026-01-05T12:00:00+01:00"
TEN = Decimal("10.00")


def billing(starts_at: str = MONDAY) -> Scenario:
    return Scenario(app, CLOCK, datetime.fromisoformat(starts_at))


def invoices(scenario: Scenario) -> list[object]:
    return [event for event in scenario.followed if isinstance(event, InvoiceWasDrawnUp)]


def test_every_second_end_of_week_draws_up_an_invoice() -> None:
    (
        billing()
        .given(CustomerChoseCycle("ada", "fortnight"), ServiceWasUsed("ada", TEN), ticks_pass(1, of=WEEK))
        .then_nothing()
        .when(ServiceWasUsed("ada", Decimal("0.01")), ticks_pass(1, of=WEEK))
        .then(InvoiceWasDrawnUp("ada", 1, Decimal("10.01"), "fortnight"))
        .when(ServiceWasUsed("ada", TEN), ticks_pass(1, of=WEEK))
        .then_nothing()
    )


@pytest.mark.parametrize(("cycle", "schedule"), [("month", MONTH), ("quarter", QUARTER)])
def test_the_customer_chooses_the_schedule(cycle: Cycle, schedule: str) -> None:
    scenario = billing().given(CustomerChoseCycle("ada", cycle), ServiceWasUsed("ada", TEN), ticks_pass(3, of=WEEK))
    scenario.then_nothing().when(ticks_pass(1, of=schedule))
    assert invoices(scenario) == [InvoiceWasDrawnUp("ada", 1, TEN, cycle)]


def test_an_end_of_quarter_is_also_the_end_of_a_month_and_each_has_its_own() -> None:
    used = [ServiceWasUsed(customer, TEN) for customer in ("ada", "bob")]
    (
        billing("2026-03-30T12:00:00+02:00")
        .given(CustomerChoseCycle("ada", "month"), CustomerChoseCycle("bob", "quarter"), *used)
        .when(ticks_pass(1, of=MONTH))
        .then(
            InvoiceWasDrawnUp("ada", 1, TEN, "month"),
            MonthEndReportIsDue("2026-03"),
            InvoiceWasDrawnUp("bob", 1, TEN, "quarter"),
        )
    )


def test_who_uses_nothing_gets_no_invoice_and_the_next_cycle_goes_on() -> None:
    (
        billing()
        .given(CustomerChoseCycle("ada", "fortnight"), ticks_pass(2, of=WEEK))
        .then_nothing()
        .when(ServiceWasUsed("ada", TEN), ticks_pass(2, of=WEEK))
        .then(MonthEndReportIsDue("2026-01"), InvoiceWasDrawnUp("ada", 1, TEN, "fortnight"))
    )


def test_a_change_of_cycle_counts_from_now_and_keeps_what_was_used() -> None:
    scenario = billing().given(
        CustomerChoseCycle("ada", "fortnight"),
        ServiceWasUsed("ada", TEN),
        ticks_pass(1, of=WEEK),
        CustomerChoseCycle("ada", "month"),
    )
    scenario.when(ticks_pass(2, of=WEEK)).then_nothing()
    scenario.when(ticks_pass(1, of=MONTH))
    assert invoices(scenario) == [InvoiceWasDrawnUp("ada", 1, TEN, "month")]


def test_who_leaves_is_invoiced_once_more_and_may_come_back_later() -> None:
    (
        billing()
        .given(CustomerChoseCycle("ada", "quarter"), ServiceWasUsed("ada", TEN))
        .when(CustomerLeft("ada"))
        .then(InvoiceWasDrawnUp("ada", 1, TEN, "quarter"))
        .when(ServiceWasUsed("ada", TEN), ticks_pass(2, of=WEEK))
        .then_nothing()
        .when(CustomerChoseCycle("ada", "fortnight"), ServiceWasUsed("ada", TEN), ticks_pass(2, of=WEEK))
        .then(MonthEndReportIsDue("2026-01"), InvoiceWasDrawnUp("ada", 1, TEN, "fortnight"))
    )


def test_the_month_has_its_report_with_no_customer_at_all() -> None:
    billing().when(ticks_pass(2, of=MONTH)).then(MonthEndReportIsDue("2026-01"), MonthEndReportIsDue("2026-02"))


def test_its_story_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    told = capsys.readouterr().out
    assert "InvoiceWasDrawnUp(customer='ada', number=1, amount=Decimal('12.50'), cycle='fortnight')" in told
    assert "InvoiceWasDrawnUp(customer='cyd'" in told
    assert told.count("MonthEndReportIsDue") == 3
