"""The Scenario itself: what it can tell, and that it can fail."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from structlog.testing import capture_logs

from passage import AppError, Scenario, day_passes, days_pass, ticks_pass, until, workday_passes, workdays_pass
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
    with pytest.raises(AssertionError, match=r"^nothing was expected, but InvoiceBecameOverdue\(.* followed"):
        scenario.then_nothing()
    with pytest.raises(AssertionError, match=r"followed, but with invoice 'inv-1' where 'inv-2' was expected"):
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


def test_christmas_week_has_three_workdays() -> None:
    monday = datetime.fromisoformat("2025-12-22T12:00:00+01:00")
    app = invoices(overdue(of="workday.nl"))
    scenario = Scenario(app, starts_at=monday).given(InvoiceSent("inv-1", terms=4), until("2025-12-28T23:00"))
    scenario.then_nothing().when(workday_passes()).then(InvoiceBecameOverdue("inv-1", monday))
    assert scenario.followed_at == []
    assert scenario.present.date().isoformat() == "2025-12-30"


def test_time_passes_until_a_date_tick_by_tick() -> None:
    (
        Scenario(invoices())
        .given(InvoiceSent("inv-1", terms=30), until("2026-02-03"))
        .then_nothing()
        .when(until("2026-02-03T23:59:59"))
        .then_nothing()
        .when(until("2026-02-04T00:00"))
        .then(InvoiceBecameOverdue("inv-1", NOON))
    )


def test_a_date_is_at_the_time_of_day_and_in_the_zone_in_which_it_began() -> None:
    summer = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))
    scenario = Scenario(invoices(), starts_at=summer).given(until("2026-04-01"))
    assert scenario.present.isoformat() == "2026-04-01T10:00:00+00:00"
    scenario.given(until(datetime.fromisoformat("2026-04-01T12:00:00+00:00")), until(date(2026, 4, 2)))
    assert scenario.present.isoformat() == "2026-04-02T10:00:00+00:00"


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-13-01", "until: '2026-13-01' is no date: month must be in 1..12; write 2026-12-31"),
        ("2026-01-04", "time passes forward: it is 2026-01-05 12:00, which is behind 2026-01-04 12:00 already"),
    ],
)
def test_a_date_that_is_none_or_lies_behind_is_told(moment: str, said: str) -> None:
    with pytest.raises(AppError) as raised:
        Scenario(invoices()).given(until(moment))
    assert said in str(raised.value)


def test_late_ticks_are_not_made_by_a_leap_of_time() -> None:
    """Of a schedule that skips what is late, each is published on its day."""
    skipping = replace(periodic("day.utc", "day", "UTC"), misfire="skip")
    scenario = Scenario(invoices(), [skipping]).given(InvoiceSent("inv-1", terms=30), days_pass(29)).then_nothing()
    scenario.when(until("2026-02-18")).then(InvoiceBecameOverdue("inv-1", NOON))


def test_ticks_that_are_let_go_have_been_counted_before(tmp_path: Path) -> None:
    file = tmp_path / "clock.yaml"
    file.write_text(
        "catch_up_ticks_per_second: 1\nschedules: [{name: day.utc, every: day, zone: UTC, keep_days: 3}]\n", "utf-8"
    )
    scenario = Scenario(invoices(), file).given(InvoiceSent("inv-1", terms=30)).when(until("2026-02-18"))
    scenario.then(InvoiceBecameOverdue("inv-1", NOON))


def test_an_event_is_expected_by_its_type_where_its_fields_do_not_matter() -> None:
    scenario = Scenario(invoices()).given(InvoiceSent("inv-1", terms=1)).when(day_passes())
    with pytest.raises(AssertionError, match="followed where any AccountWasSuspended was expected"):
        scenario.then(AccountWasSuspended)
    scenario.then(InvoiceBecameOverdue)


def test_the_whole_story_is_told_whatever_was_told_before() -> None:
    scenario = Scenario(invoices()).given(InvoiceSent("inv-1", terms=2), days_pass(2)).then(InvoiceBecameOverdue)
    scenario.when(days_pass(15))
    with pytest.raises(AssertionError, match=r"^InvoiceBecameOverdue\(.* followed where AccountWasSuspended\("):
        scenario.then_exactly(AccountWasSuspended("inv-1"))
    scenario.then_exactly(InvoiceBecameOverdue, AccountWasSuspended("inv-1")).then_nothing()


def test_eventually_lets_time_pass_until_it_follows_and_no_further() -> None:
    scenario = Scenario(invoices()).given(InvoiceSent("inv-1", terms=30))
    scenario.eventually(InvoiceBecameOverdue("inv-1", NOON))
    assert scenario.present.isoformat() == "2026-02-04T00:00:00+00:00"
    scenario.then_nothing().eventually(AccountWasSuspended).then_nothing()
    assert scenario.present.isoformat() == "2026-02-19T00:00:00+00:00"


def test_eventually_passes_over_what_it_does_not_name_and_leaves_what_comes_behind() -> None:
    scenario = Scenario(invoices()).given(InvoiceSent("inv-1", terms=1), InvoiceSent("inv-2", terms=1))
    scenario.eventually(AccountWasSuspended("inv-1"))
    scenario.then(AccountWasSuspended("inv-2"))


def test_eventually_never_is_told_with_the_date() -> None:
    scenario = Scenario(invoices()).given(InvoiceSent("inv-1", terms=30))
    with pytest.raises(AssertionError, match=r"was expected by 2026-02-03 12:00, but it has not followed"):
        scenario.eventually(InvoiceBecameOverdue("inv-1", NOON), by="2026-02-03")
    with pytest.raises(AssertionError, match=r"was expected by 2027-02-04 00:00, but it has not"):
        scenario.eventually(InvoiceBecameOverdue("inv-2", NOON))
    refused = Scenario(invoices()).given(InvoiceSent("inv-1", terms=0))
    with pytest.raises(AssertionError, match="wants 0 ticks"):
        refused.eventually(InvoiceBecameOverdue)


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
    with pytest.raises(AssertionError, match=r"nothing was expected, but .* refused: billing\[0\]@0: .*wants 0 ticks"):
        scenario.then_nothing()
    with pytest.raises(AssertionError, match=r"where a dead letter: \.\.\. something else \.\.\. was expected"):
        scenario.then_refused("something else")
    scenario.then_refused("wants 0 ticks").when(InvoiceSent("inv-1", terms=1), day_passes()).then(
        InvoiceBecameOverdue("inv-1", NOON)
    )
    with pytest.raises(AssertionError, match=r"a dead letter: .* was expected, but nothing followed"):
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


def test_a_leap_that_is_not_published_whole_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of seconds is 18 transactions of the clock's: with patience for three it ends early, and says so."""
    scenario = Scenario(invoices(overdue()), [periodic("day.utc", "day", "UTC"), periodic("second", "second", "UTC")])
    monkeypatch.setattr("passage.scenario.world._PATIENCE", 3)
    with pytest.raises(AppError, match="more ticks lie on the way"):
        scenario.given(days_pass(1, of="day.utc"))
