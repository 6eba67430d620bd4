"""Several apps in one story, each following the one before it: overdue, suspended, and a letter at last."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from passage import App, AppError, Policy, Scenario, day_passes, days_pass

CLOCK = """
topics: {ticks: acme.ticks, schedules: acme.schedules, control: acme.control, triggers: acme.triggers}
schedules:
  - {name: day.amsterdam, event: DayHasPassed, every: day, zone: Europe/Amsterdam}
  - {name: month.amsterdam, event: MonthHasPassed, every: month, zone: Europe/Amsterdam}
"""


@dataclass(frozen=True)
class InvoiceWasSent:
    invoice: str


@dataclass(frozen=True)
class PaymentWasMade:
    invoice: str


@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str


@dataclass(frozen=True)
class ServiceWasSuspended:
    invoice: str


@dataclass(frozen=True)
class NoticeWasSent:
    invoice: str


def app(name: str, reads: str, starts: type, after: int, emits: type, upstream: str | None = None) -> App:
    return App(
        name=name,
        inputs={"billing": [InvoiceWasSent, PaymentWasMade], **({reads: [starts]} if upstream else {})},
        output=f"{name}.derived",
        policies=[
            Policy(
                name=name, starts_on=starts, after=after, of="day.amsterdam", unless=PaymentWasMade,
                emits=emits, event=lambda case: emits(case.key),
            )
        ],
        derived_from={reads: upstream} if upstream else {},
    )  # fmt: skip


OVERDUE = app("overdue", "billing", InvoiceWasSent, 30, InvoiceBecameOverdue)
SUSPENSION = app("suspension", "overdue.derived", InvoiceBecameOverdue, 14, ServiceWasSuspended, "overdue")
NOTICE = app("notice", "suspension.derived", ServiceWasSuspended, 1, NoticeWasSent, "suspension")
CHAIN = [OVERDUE, SUSPENSION, NOTICE]


def test_what_one_app_says_sets_off_the_next() -> None:
    (
        Scenario(CHAIN)
        .given(InvoiceWasSent("inv-1"), InvoiceWasSent("inv-2"), days_pass(29))
        .when(day_passes())
        .then(InvoiceBecameOverdue("inv-1"), InvoiceBecameOverdue("inv-2"))
        .when(PaymentWasMade("inv-2"), days_pass(14))
        .then(ServiceWasSuspended("inv-1"))
        .when(day_passes())
        .then(NoticeWasSent("inv-1"))
        .then_exactly(InvoiceBecameOverdue, InvoiceBecameOverdue, ServiceWasSuspended, NoticeWasSent)
    )


def test_a_payment_ends_the_story_in_every_app() -> None:
    (
        Scenario(CHAIN)
        .given(InvoiceWasSent("inv-1"), days_pass(44))
        .then(InvoiceBecameOverdue("inv-1"), ServiceWasSuspended("inv-1"))
        .when(PaymentWasMade("inv-1"), days_pass(60))
        .then_nothing()
    )


def test_events_of_one_leap_come_in_the_order_of_their_instants_and_at_one_in_the_apps() -> None:
    scenario = (
        Scenario(CHAIN).given(InvoiceWasSent("inv-1"), days_pass(15), InvoiceWasSent("inv-2")).when(days_pass(60))
    )
    assert [type(event).__name__ + event.invoice[-2:] for event in scenario.followed] == [
        "InvoiceBecameOverdue-1",
        "ServiceWasSuspended-1",
        "InvoiceBecameOverdue-2",
        "NoticeWasSent-1",
        "ServiceWasSuspended-2",
        "NoticeWasSent-2",
    ]
    assert scenario.followed_at == sorted(scenario.followed_at)


def test_an_app_whose_upstream_is_not_there_is_told_its_events() -> None:
    Scenario([NOTICE]).given(ServiceWasSuspended("inv-1"), day_passes()).then(NoticeWasSent("inv-1"))


def test_the_whole_clock_is_the_files(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(CLOCK, "utf-8")
    own = [replace(one, ticks_topic="acme.ticks", schedules_topic="acme.schedules") for one in CHAIN]
    scenario = Scenario(own, file).given(InvoiceWasSent("inv-1"))
    scenario.eventually(NoticeWasSent("inv-1")).then_exactly(InvoiceBecameOverdue, ServiceWasSuspended, NoticeWasSent)
    with pytest.raises(AssertionError, match=r"1 tick of month\.amsterdam") as raised:
        scenario.eventually(NoticeWasSent, by="2026-03-02")
    assert "ticks of day.amsterdam" in str(raised.value)


def test_no_app_at_all_is_told() -> None:
    with pytest.raises(AppError, match="a scenario is of one app at least"):
        Scenario([])


def test_apps_of_two_clocks_are_refused() -> None:
    with pytest.raises(
        AppError, match=r"a scenario has one clock: 'overdue' reads passage\.ticks .* 'suspension' reads"
    ):
        Scenario([OVERDUE, replace(SUSPENSION, ticks_topic="acme.ticks")])
