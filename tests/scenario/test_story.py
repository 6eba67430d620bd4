"""What a failed assertion prints: the story as a table, with the first difference marked."""

from collections.abc import Callable
from datetime import datetime

import pytest

from passage import Scenario, day_passes, days_pass
from tests.processors.world import InvoiceBecameOverdue as Overdue
from tests.processors.world import InvoiceSent, invoices
from tests.scenario.test_passage_of_time import (
    CustomerWasInvoiced,
    InvoiceBecameOverdue,
    PaymentWasMade,
    invoicing,
)


def story(tell: Callable[[], object]) -> list[str]:
    """The lines that are printed, without those between headline and table."""
    with pytest.raises(AssertionError) as raised:
        tell()
    headline, _, _, _, *rows = str(raised.value).splitlines()
    return [headline, *rows]


def test_the_story_is_a_table_and_the_first_difference_is_marked() -> None:
    scenario = Scenario(invoicing).given(CustomerWasInvoiced("inv-1"), days_pass(29)).when(day_passes())
    with pytest.raises(AssertionError) as raised:
        scenario.then(InvoiceBecameOverdue("inv-2"))
    assert str(raised.value) == (
        "InvoiceBecameOverdue followed, but with invoice 'inv-1' where 'inv-2' was expected\n"
        "\n"
        "            at (UTC)           what happened               what followed          what was expected\n"
        "──────────────────────────────────────────────────────────────────────────────────────────────────────\n"
        "    given   2026-01-05 12:00   CustomerWasInvoiced\n"
        "                                 invoice='inv-1'\n"
        "            2026-02-03 00:00   29 ticks of day.amsterdam\n"
        "                               from 2026-01-06 00:00 on\n"
        "    when    2026-02-04 00:00   1 tick of day.amsterdam\n"
        "✗           2026-02-04 00:00                               InvoiceBecameOverdue   InvoiceBecameOverdue\n"
        "                                                             invoice='inv-1'        invoice='inv-2'"
    )


def test_what_never_followed_stands_at_the_end() -> None:
    rows = story(
        lambda: (
            Scenario(invoicing)
            .given(CustomerWasInvoiced("inv-1"), days_pass(29), PaymentWasMade("inv-1"))
            .when(day_passes())
            .then(InvoiceBecameOverdue)
        )
    )
    assert rows[0] == "any InvoiceBecameOverdue was expected, but nothing followed"
    assert rows[-1].split() == ["✗", "nothing", "any", "InvoiceBecameOverdue"]


def test_what_is_as_expected_is_marked_and_only_the_first_that_is_not() -> None:
    facts = [CustomerWasInvoiced(f"inv-{number}") for number in (1, 2, 3)]
    rows = story(lambda: Scenario(invoicing).given(*facts, days_pass(30)).then(*[InvoiceBecameOverdue("inv-1")] * 4))
    assert [row[0] for row in rows[1:] if "2026-02-04" in row[:30] and "tick" not in row] == ["✓", "✗", " "]
    assert "the same" in next(row for row in rows if row[0] == "✓")
    assert [row for row in rows if row.startswith("✗")] == [row for row in rows if "✗" in row]


def test_one_too_many_is_beside_nothing() -> None:
    rows = story(lambda: Scenario(invoicing).given(CustomerWasInvoiced("inv-1"), days_pass(30)).then_nothing())
    assert rows[0] == "nothing was expected, but InvoiceBecameOverdue(invoice='inv-1') followed"
    assert next(row for row in rows if row[0] == "✗").split() == [
        "✗", "2026-02-04", "00:00", "InvoiceBecameOverdue", "nothing",
    ]  # fmt: skip


def test_what_was_told_before_is_in_the_story_and_no_longer_judged() -> None:
    scenario = Scenario(invoicing).given(CustomerWasInvoiced("inv-1"), days_pass(30)).then(InvoiceBecameOverdue)
    rows = story(lambda: scenario.when(CustomerWasInvoiced("inv-2"), days_pass(30)).then_nothing())
    told = [row for row in rows[1:] if "InvoiceBecameOverdue" in row]
    assert [row[0] for row in told] == [" ", "✗"]


def test_a_refusal_is_in_its_place_with_its_reason() -> None:
    scenario = Scenario(invoices()).when(InvoiceSent("inv-1", terms=1), day_passes(), InvoiceSent("inv-2", terms=0))
    rows = story(lambda: scenario.then(Overdue))
    assert rows[0].startswith("nothing more was expected, but a fact or a wake-up was refused: billing[0]@1: ")
    assert [row[0] for row in rows[1:] if row[0] != " "] == ["✓", "✗"]
    assert "refused: billing[0]@1:" in next(row for row in rows if row[0] == "✗")


def test_instants_are_on_the_wall_where_the_scenario_began() -> None:
    evening = datetime.fromisoformat("2026-07-01T20:00:00+02:00")
    scenario = Scenario(invoicing, starts_at=evening).given(CustomerWasInvoiced("inv-1"), day_passes())
    with pytest.raises(AssertionError) as raised:
        scenario.then(InvoiceBecameOverdue)
    assert "at (UTC+02:00)" in str(raised.value)
    assert "2026-07-02 02:00   1 tick of day.amsterdam" in str(raised.value)
