"""Facts from a file: each at its instant, and every mistake told by its line."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import pytest

from passage import App, ConfigError, Policy, Scenario, days_pass, decimal_of, facts_from


@dataclass(frozen=True)
class InvoiceWasSent:
    invoice: str
    amount: Annotated[Decimal, decimal_of(12, 2)]
    terms: int = 30


@dataclass(frozen=True)
class PaymentWasMade:
    invoice: str
    paid_at: datetime


@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str
    amount: Annotated[Decimal, decimal_of(12, 2)]


app = App(
    "invoicing",
    inputs={"billing": [InvoiceWasSent, PaymentWasMade]},
    output="billing.derived",
    policies=[
        Policy(
            name="overdue",
            starts_on=InvoiceWasSent,
            after=lambda fact: fact.terms,
            of="day.amsterdam",
            unless=PaymentWasMade,
            emits=InvoiceBecameOverdue,
            event=lambda case: InvoiceBecameOverdue(case.key, case.fact.amount),
        )
    ],
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "facts.yaml"


def test_facts_happen_each_at_its_instant(file: Path) -> None:
    file.write_text(
        """
facts:
  - InvoiceWasSent: {invoice: inv-1, amount: 12.50, terms: 14}
  - {at: 2026-01-10T09:00, InvoiceWasSent: {invoice: inv-2, amount: "7.00"}}
  - {at: 2026-01-20T09:00:00+01:00, PaymentWasMade: {invoice: inv-2, paid_at: 2026-01-20T08:59:00+01:00}}
""",
        "utf-8",
    )
    scenario = Scenario(app).given(facts_from(file)).then(InvoiceBecameOverdue("inv-1", Decimal("12.50")))
    assert scenario.present.isoformat() == "2026-01-20T08:00:00+00:00"
    scenario.when(days_pass(60)).then_nothing()


def test_json_will_do_as_well(file: Path) -> None:
    file.write_text('{"facts": [{"InvoiceWasSent": {"invoice": "inv-1", "amount": "1.00", "terms": 1}}]}', "utf-8")
    Scenario(app).given(facts_from(str(file)), days_pass(1)).then(InvoiceBecameOverdue)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facts:\n  - InvoiceWasSend: {invoice: a}", "facts[0].InvoiceWasSend: there is no such field; did you"),
        ("facts:\n  - {InvoiceWasSent: {invoic: a}}", "facts[0].InvoiceWasSent.invoic: there is no such field"),
        ("facts:\n  - {InvoiceWasSent: {invoice: a}}", "InvoiceWasSent needs 'amount'; write amount: and what it is"),
        ("facts:\n  - {InvoiceWasSent: {invoice: a, amount: x}}", "facts[0].InvoiceWasSent.amount: 'x' won't do"),
        ("facts:\n  - {PaymentWasMade: {invoice: a, paid_at: 2026-01-01}}", "facts[0].PaymentWasMade.paid_at: "),
        ("facts:\n  - {at: 2026-02-30, InvoiceWasSent: {invoice: a, amount: 1}}", ":2: facts[0].at: until: "),
        ("facts:\n  - {at: 2026-02-03}", ":2: facts[0]: 0 facts; write one"),
        ("facts: []", "facts: this list is empty; write a list"),
        ("fact: []", "fact: there is no such field"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_line(file: Path, text: str, said: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        Scenario(app).given(facts_from(file))
    assert said in str(raised.value)
    assert str(raised.value).startswith(str(file))


def test_a_file_that_is_not_there_is_told(file: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        Scenario(app).given(facts_from(file))
