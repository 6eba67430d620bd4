"""A few stories of each template: enough to copy them with it."""

from datetime import datetime
from decimal import Decimal

import pytest

from examples.templates import CLOCK, interest, maintenance, rental, salaries, trial
from examples.templates.__main__ import main
from passage import App, Scenario, days_pass, ticks_pass, workdays_pass
from passage.scenario import Passing

MONDAY = "2026-01-05T12:00:00+01:00"


def scenario(app: App, starts_at: str = MONDAY) -> Scenario:
    return Scenario(app, CLOCK, datetime.fromisoformat(starts_at))


def days(count: int) -> Passing:
    return days_pass(count, of="day.nl")


# --- rental ------------------------------------------------------------------------------------------------------


def test_a_thing_kept_too_long_costs_a_fee_each_day_until_it_is_back() -> None:
    (
        scenario(rental.app)
        .given(rental.ThingWasRented("ladder-7", 3), days(3))
        .when(days(1))
        .then(rental.RentalBecameLate("ladder-7"))
        .when(days(2))
        .then(rental.LateFeeIsDue("ladder-7", 1), rental.LateFeeIsDue("ladder-7", 2))
        .when(rental.ThingCameBack("ladder-7"), days(30))
        .then_nothing()
    )


def test_a_thing_that_never_comes_back_is_lost_and_costs_no_more() -> None:
    (
        scenario(rental.app)
        .given(rental.ThingWasRented("ladder-7", 3), days(4 + 29))
        .when(days(1))
        .then(rental.LateFeeIsDue("ladder-7", 30), rental.ThingIsLost("ladder-7"))
        .when(days(10))
        .then_nothing()
    )


# --- trial -------------------------------------------------------------------------------------------------------


def test_a_trial_warns_three_days_before_it_ends() -> None:
    (
        scenario(trial.app)
        .given(trial.TrialWasStarted("sub-1", 14), days(10))
        .when(days(1))
        .then(trial.TrialIsAboutToEnd("sub-1", 3))
        .when(days(3))
        .then(trial.TrialHasEnded("sub-1"))
    )


def test_who_buys_hears_no_more_of_the_trial() -> None:
    (
        scenario(trial.app)
        .given(trial.TrialWasStarted("sub-1", 14), days(12))
        .when(trial.SubscriptionWasBought("sub-1"), days(10))
        .then_nothing()
    )


# --- interest ----------------------------------------------------------------------------------------------------

LOAN = interest.LoanWasPaidOut("loan-1", Decimal("1000.00"), Decimal("0.05"))


def accrued(told: Scenario) -> list[Decimal]:
    return [event.amount for event in told.followed]


def test_the_workdays_of_a_year_add_up_to_the_yearly_rate_to_the_cent() -> None:
    told = scenario(interest.app).given(LOAN).when(workdays_pass(interest.WORKDAYS_A_YEAR))
    assert sum(accrued(told)) == Decimal("50.00")
    assert set(accrued(told)) == {Decimal("0.19"), Decimal("0.20")}  # 0.1923 a day: neither is right, their sum is


def test_no_interest_accrues_at_the_weekend_nor_on_what_was_paid_back() -> None:
    (
        scenario(interest.app, "2026-01-09T12:00:00+01:00")  # a Friday
        .given(interest.LoanWasPaidOut("loan-1", Decimal("26000.00"), Decimal("0.05")))
        .when(days(3))
        .then(interest.InterestWasAccrued("loan-1", 1, Decimal("5.00")))
        .when(interest.LoanWasPaidBack("loan-1", Decimal("13000.00")), days(1))
        .then(interest.InterestWasAccrued("loan-1", 2, Decimal("2.50")))
        .when(interest.LoanWasPaidBack("loan-1", Decimal("13000.00")), days(7))
        .then_nothing()
    )


# --- salaries ----------------------------------------------------------------------------------------------------


def test_salaries_are_due_on_the_last_workday_of_each_month_until_the_employee_leaves() -> None:
    told = scenario(salaries.app).given(salaries.EmployeeWasHired("ada", Decimal("4200.00")))
    (
        told.when(ticks_pass(1, of="payday.nl"))
        .then(salaries.SalaryIsDue("ada", 1, Decimal("4200.00")), salaries.PayrollIsDue("2026-01-30"))
        .when(ticks_pass(1, of="payday.nl"))
        .then(salaries.SalaryIsDue("ada", 2, Decimal("4200.00")), salaries.PayrollIsDue("2026-02-27"))
        .when(salaries.EmployeeLeft("ada"), ticks_pass(1, of="payday.nl"))
        .then(salaries.PayrollIsDue("2026-03-31"))
    )


# --- maintenance -------------------------------------------------------------------------------------------------

INSTALLED = maintenance.MachineWasInstalled("press-1")
USED = maintenance.MachineWasUsed("press-1")


def days_of_use(count: int) -> list[object]:
    """Used twice on each of so many days, and then not for a day."""
    return [step for _ in range(count) for step in (USED, USED, days(2))]


def test_maintenance_is_due_after_ninety_days_of_use_however_long_they_take() -> None:
    (
        scenario(maintenance.app)
        .given(INSTALLED, *days_of_use(89), days(20))
        .then_nothing()
        .when(USED)
        .then_nothing()
        .when(days(1))
        .then(maintenance.MaintenanceIsDue("press-1", 90))
    )


def test_days_on_which_it_stands_still_do_not_count_and_maintenance_begins_anew() -> None:
    (
        scenario(maintenance.app)
        .given(INSTALLED, *days_of_use(60), maintenance.MachineWasMaintained("press-1"))
        .when(*days_of_use(89), days(100))
        .then_nothing()
        .when(*days_of_use(1))
        .then(maintenance.MaintenanceIsDue("press-1", 90))
    )


def test_a_scrapped_machine_is_used_by_nobody() -> None:
    (
        scenario(maintenance.app)
        .given(INSTALLED, *days_of_use(89), USED, maintenance.MachineWasScrapped("press-1"))
        .when(days(1), *days_of_use(90))
        .then_nothing()
    )


def test_their_stories_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    told = capsys.readouterr().out
    for event in ("LateFeeIsDue", "TrialHasEnded", "InterestWasAccrued", "PayrollIsDue", "MaintenanceIsDue"):
        assert event in told
