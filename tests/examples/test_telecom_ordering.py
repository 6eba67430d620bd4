"""Stories of an order: revocation in time and too late, reminders, and the end of its data."""

from datetime import datetime

import pytest

from examples.telecom_ordering import CLOCK, app
from examples.telecom_ordering.__main__ import main
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
from passage import Scenario, workday_passes, workdays_pass

ORDERED = NewOrder("ord-1", "ada")
DELIVERED = PartsWereDelivered("ord-1")
REVOKED = OrderRevocation("ord-1")


def ordering(starts_at: str = "2026-01-05T12:00:00+01:00") -> Scenario:
    return Scenario(app, CLOCK, datetime.fromisoformat(starts_at))


@pytest.mark.parametrize("workdays", [0, 1, 10])
def test_a_revocation_within_ten_workdays_is_accepted_and_the_data_discarded(workdays: int) -> None:
    (
        ordering()
        .given(ORDERED, DELIVERED, workdays_pass(workdays))
        .when(REVOKED)
        .then(RevocationWasAccepted("ord-1", "ada", workdays), OrderDataWasDiscarded("ord-1", "revoked"))
    )


def test_a_revocation_after_more_than_ten_workdays_is_rejected_and_the_order_goes_on() -> None:
    (
        ordering()
        .given(ORDERED, DELIVERED, workdays_pass(11))
        .when(REVOKED)
        .then(RevocationWasRejected("ord-1", "ada", 11))
        .when(LineWasActivated("ord-1"))
        .then(OrderDataWasDiscarded("ord-1", "completed"))
    )


def test_weekends_and_holidays_do_not_shorten_the_time_to_revoke() -> None:
    maundy_thursday = "2026-04-02T12:00:00+02:00"
    scenario = ordering(maundy_thursday).given(ORDERED, DELIVERED, workdays_pass(10))
    assert scenario.present.date().isoformat() == "2026-04-20"
    scenario.when(REVOKED).then(RevocationWasAccepted("ord-1", "ada", 10), OrderDataWasDiscarded("ord-1", "revoked"))


def test_the_supplier_is_reminded_every_five_workdays_until_the_parts_come() -> None:
    (
        ordering()
        .given(ORDERED, workdays_pass(4))
        .then_nothing()
        .when(workday_passes())
        .then(SupplierWasReminded("ord-1", 1))
        .when(workdays_pass(5))
        .then(SupplierWasReminded("ord-1", 2))
        .when(DELIVERED, workdays_pass(20))
        .then_nothing()
    )


def test_thirty_inactive_workdays_discard_the_data_reminders_or_not() -> None:
    (
        ordering()
        .given(ORDERED, workdays_pass(29))
        .when(
            workday_passes()
        )  # the sixth reminder would be due, too: of one tick's wake-ups, by name, it is the later
        .then(OrderDataWasDiscarded("ord-1", "inactive for 30 workdays"))
        .when(workdays_pass(40))
        .then_nothing()
    )


@pytest.mark.parametrize("sign_of_life", [DELIVERED, REVOKED])
def test_any_fact_of_the_order_resets_the_count(sign_of_life: object) -> None:
    (
        ordering()
        .given(ORDERED, DELIVERED, workdays_pass(29), sign_of_life, workdays_pass(29))
        .when(workday_passes())
        .then(OrderDataWasDiscarded("ord-1", "inactive for 30 workdays"))
    )


@pytest.mark.parametrize("late", [DELIVERED, REVOKED, LineWasActivated("ord-1")])
def test_a_discarded_order_is_forgotten(late: object) -> None:
    ordering().given(ORDERED, LineWasActivated("ord-1")).when(late, workdays_pass(40)).then_nothing()


def test_orders_do_not_know_of_each_other() -> None:
    (
        ordering()
        .given(ORDERED, workdays_pass(3), NewOrder("ord-2", "bob"))
        .when(workdays_pass(2))
        .then(SupplierWasReminded("ord-1", 1))
        .when(workdays_pass(3))
        .then(SupplierWasReminded("ord-2", 1))
    )


def test_its_story_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    told = capsys.readouterr().out
    assert told.count("SupplierWasReminded") == 1
    assert told.count("RevocationWasRejected") == told.count("RevocationWasAccepted") == 1
    assert told.count("OrderDataWasDiscarded") == 3
