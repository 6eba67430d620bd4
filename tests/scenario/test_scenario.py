"""The Scenario itself: what it can tell, and that it can fail."""

from datetime import datetime

import pytest
import structlog
from structlog.testing import capture_logs

from passage import AppError, Scenario, day_passes, days_pass, ticks_pass, workday_passes, workdays_pass
from passage_clock.calendars import national
from passage_clock.schedules import periodic
from tests.processors.world import (
    AccountWasSuspended,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    invoices,
    overdue,
)

NOON = datetime.fromisoformat("2026-01-05T12:00:00+00:00")


def test_a_wrong_expectation_fails_and_shows_both_sides() -> None:
    scenario = Scenario(invoices()).given(InvoiceSent("inv-1", terms=1), days_pass(1))
    with pytest.raises(AssertionError, match=r"(?s)expected: nothing\n  followed:\n    InvoiceBecameOverdue"):
        scenario.then_nothing()
    with pytest.raises(AssertionError, match=r"(?s)expected:\n    InvoiceBecameOverdue\(invoice='inv-2'"):
        scenario.then(InvoiceBecameOverdue("inv-2", NOON))
    scenario.then(InvoiceBecameOverdue("inv-1", NOON))


def test_then_tells_the_events_since_the_last_when_and_a_chain_goes_on() -> None:
    (
        Scenario(invoices())
        .given(InvoiceSent("inv-1", terms=2), days_pass(2))
        .then(InvoiceBecameOverdue("inv-1", NOON))
        .when(days_pass(14))
        .then_nothing()
        .when(day_passes())
        .then(AccountWasSuspended("inv-1"))
        .when(InvoicePaid("inv-1"), days_pass(30))
        .then_nothing()
    )


def test_workdays_skip_the_weekend_and_the_holidays() -> None:
    friday = datetime.fromisoformat("2026-04-03T12:00:00+00:00")  # Good Friday
    (
        Scenario(invoices(overdue(of="workday.nl")), starts_at=friday)
        .given(InvoiceSent("inv-1", terms=2), workday_passes())
        .then_nothing()
        .when(workdays_pass(1))  # Easter Monday is none, so this is Tuesday
        .then(InvoiceBecameOverdue("inv-1", friday))
    )


def test_an_app_of_two_schedules_says_which_one_passes() -> None:
    app = invoices(overdue(), overdue(name="workdays", of="workday.nl"))
    with pytest.raises(AppError, match="which schedule passes"):
        Scenario(app).given(ticks_pass(1, of="day.utcc"))
    schedules = [
        periodic("day.utc", "day", "Europe/Amsterdam"),
        periodic("workday.nl", "workday", "Europe/Amsterdam", calendar=national("NL")),
    ]
    (
        Scenario(app, schedules=schedules)
        .given(InvoiceSent("inv-1", terms=1), ticks_pass(1, of="day.utc"))
        .then(InvoiceBecameOverdue("inv-1", NOON), InvoiceBecameOverdue("inv-1", NOON))
    )


def test_a_schedule_it_cannot_guess_and_a_fact_nobody_carries_are_told() -> None:
    with pytest.raises(
        AppError, match=r"what schedule is 'workday\.shop'\? .*'SHOP' is not a country .*schedules=FILE"
    ):
        Scenario(invoices(overdue(of="workday.shop")))
    with pytest.raises(AppError, match="what schedule is 'nightly'"):
        Scenario(invoices(overdue(of="nightly")))
    with pytest.raises(AppError, match="no input carries AccountWasSuspended"):
        Scenario(invoices()).given(AccountWasSuspended("inv-1"))


def test_facts_keep_the_time_of_day_over_a_change_of_clocks() -> None:
    before = datetime.fromisoformat("2026-03-28T12:00:00+01:00")
    schedules = [periodic("day.utc", "day", "Europe/Amsterdam")]
    scenario = Scenario(invoices(), schedules=schedules, starts_at=before)
    scenario.given(day_passes(), InvoiceSent("inv-1", terms=1), day_passes())
    after = datetime.fromisoformat("2026-03-29T13:00:00+02:00")  # twelve hours into the day that had 23
    scenario.then(InvoiceBecameOverdue("inv-1", after))


def test_a_fact_that_is_refused_is_never_taken_for_one_that_led_to_nothing() -> None:
    scenario = Scenario(invoices()).when(InvoiceSent("inv-1", terms=0))
    with pytest.raises(AssertionError, match=r"(?s)followed: nothing\n  refused: billing\[0\]@0: .*wants 0 ticks"):
        scenario.then_nothing()
    with pytest.raises(AssertionError, match=r"one dead letter: \.\.\. something else"):
        scenario.then_refused("something else")
    scenario.then_refused("wants 0 ticks").when(InvoiceSent("inv-1", terms=1), day_passes()).then(
        InvoiceBecameOverdue("inv-1", NOON)
    )
    with pytest.raises(AssertionError, match="one dead letter"):
        scenario.then_refused("wants 0 ticks")


def test_what_followed_can_be_counted_and_the_present_be_told() -> None:
    scenario = Scenario(invoices()).given(InvoiceSent("inv-1", terms=1)).when(days_pass(3))
    assert scenario.followed == [InvoiceBecameOverdue("inv-1", NOON)]
    assert scenario.followed_at == [datetime.fromisoformat("2026-01-06T00:00:00+00:00")]
    assert scenario.refused == []
    assert scenario.present == datetime.fromisoformat("2026-01-08T12:00:00+00:00")


def test_an_app_that_follows_another_is_told_its_events() -> None:
    app = invoices(overdue(), derived_from={"billing": "sales"})
    (
        Scenario(app)
        .given(InvoiceSent("inv-1", terms=2), days_pass(1))
        .then_nothing()
        .when(day_passes())
        .then(InvoiceBecameOverdue("inv-1", NOON))
    )


def test_nothing_stands_before_an_assertion_that_failed_but_what_was_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    structlog.reset_defaults()
    Scenario(invoices()).given(InvoiceSent("inv-1", terms=1), days_pass(1))
    assert capsys.readouterr() == ("", "")
    assert not structlog.is_configured()

    with capture_logs() as said:
        Scenario(invoices()).given(InvoiceSent("inv-1", terms=1), days_pass(1))
    assert {"office_taken", "assigned", "restored"} <= {line["event"] for line in said}
