"""Stories of an invoice: its terms, its country, its reminders, suspension and the way back."""

from datetime import datetime
from decimal import Decimal

import pytest

from examples.debt_collection import CLOCK, app
from examples.debt_collection.__main__ import main
from examples.debt_collection.events import (
    AccountWasReinstated,
    AccountWasSuspended,
    InvoiceBecameOverdue,
    InvoiceWasSent,
    PaymentWasMade,
    ReminderWasSent,
)
from passage import Scenario, workday_passes, workdays_pass
from passage.scenario import Passing

DUTCH, GERMAN = "workday.nl", "workday.de"
EUR_100 = Decimal("100.00")
SENT = InvoiceWasSent("inv-1", "ada", "NL", EUR_100, 10)


def collection(starts_at: str = "2026-01-05T12:00:00+01:00") -> Scenario:
    return Scenario(app, CLOCK, datetime.fromisoformat(starts_at))


def dutch(count: int) -> Passing:
    return workdays_pass(count, of=DUTCH)


def test_an_invoice_becomes_overdue_when_its_own_terms_have_passed() -> None:
    (
        collection()
        .given(SENT, InvoiceWasSent("inv-2", "bob", "NL", EUR_100, 3), dutch(3))
        .when(dutch(1))
        .then(InvoiceBecameOverdue("inv-2", EUR_100))
        .given(PaymentWasMade("inv-2", EUR_100), dutch(6))
        .when(dutch(1))
        .then(InvoiceBecameOverdue("inv-1", EUR_100))
    )


def test_the_customers_country_says_which_workdays_count() -> None:
    kings_day = "2026-04-27T12:00:00+02:00"  # a Monday, and a workday in Germany only; the first of May is the reverse
    (
        collection(kings_day)
        .given(
            InvoiceWasSent("inv-1", "ada", "NL", EUR_100, 1),
            InvoiceWasSent("inv-2", "cyd", "DE", EUR_100, 1),
            workday_passes(of=GERMAN),
        )
        .when(workday_passes(of=GERMAN))
        .then(InvoiceBecameOverdue("inv-2", EUR_100))
        .when(workday_passes(of=DUTCH))
        .then(InvoiceBecameOverdue("inv-1", EUR_100))
    )


def test_terms_that_cannot_be_counted_are_refused_and_the_stream_goes_on() -> None:
    (
        collection()
        .when(InvoiceWasSent("inv-2", "eve", "NL", EUR_100, -5))
        .then_refused("-4")
        .when(SENT, dutch(11))
        .then(InvoiceBecameOverdue("inv-1", EUR_100))
    )


def test_two_reminders_then_the_account_is_suspended_and_no_more_is_said() -> None:
    (
        collection()
        .given(SENT, dutch(11))
        .when(dutch(5))
        .then(ReminderWasSent("inv-1", 1, EUR_100))
        .when(dutch(5))
        .then(ReminderWasSent("inv-1", 2, EUR_100))
        .when(dutch(5))
        .then(AccountWasSuspended("ada", "inv-1"))
        .when(dutch(40))
        .then_nothing()
    )


def test_paying_reinstates_the_account_once_all_is_paid() -> None:
    (
        collection()
        .given(SENT, dutch(26))
        .when(PaymentWasMade("inv-1", Decimal("99.99")))
        .then_nothing()
        .when(PaymentWasMade("inv-1", Decimal("0.01")))
        .then(AccountWasReinstated("ada", "inv-1"))
    )


@pytest.mark.parametrize("workdays", [0, 10, 12, 20])
def test_whoever_pays_before_the_suspension_hears_no_more_of_it(workdays: int) -> None:
    (collection().given(SENT, dutch(workdays)).when(PaymentWasMade("inv-1", EUR_100), dutch(40)).then_nothing())


def test_a_reminder_names_what_is_still_open() -> None:
    (
        collection()
        .given(SENT, dutch(11), PaymentWasMade("inv-1", Decimal("60.00")))
        .when(dutch(5))
        .then(ReminderWasSent("inv-1", 1, Decimal("40.00")))
    )


def test_its_story_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    told = capsys.readouterr().out
    assert told.count("ReminderWasSent") == 2
    assert told.count("AccountWasSuspended") == told.count("AccountWasReinstated") == 1
    assert told.count("InvoiceBecameOverdue") == 3
