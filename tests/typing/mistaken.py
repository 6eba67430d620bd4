"""What users get wrong, and beside each line the words of mypy that name it.

The codes stand where mypy wants them, so `make check` fails where a mistake is found no longer; `test_typing` takes
them away and compares the words.
"""

from passage import Case, Policy, Report
from tests.typing.well_typed import MonthIsOver, Overdue, Sent


def said(case: Case[Sent]) -> Overdue:
    return Overdue(case.key, case.fact.custmer)  # type: ignore[attr-defined]  # "Sent" has no attribute "custmer"


def of_another_fact(case: Case[Overdue]) -> Overdue:
    return Overdue(case.key, case.fact.customer)


def another_event(case: Case[Sent]) -> MonthIsOver:
    return MonthIsOver(case.key)


misspelt = Policy(
    name="misspelt",
    starts_on=Sent,
    after=lambda fact: fact.term,  # type: ignore[attr-defined]  # "Sent" has no attribute "term"; maybe "terms"?
    of=lambda fact: fact.custmer,  # type: ignore[attr-defined]  # "Sent" has no attribute "custmer"
    every=lambda fact: fact.day,  # type: ignore[attr-defined]  # "Sent" has no attribute "day"
    emits=Overdue,
    event=lambda case: Overdue(
        case.kye,  # type: ignore[attr-defined]  # has no attribute "kye"
        case.fact.custmer,  # type: ignore[attr-defined]  # "Sent" has no attribute "custmer"
    ),
)
no_ticks = Policy(
    name="no ticks",
    starts_on=Sent,
    after=lambda fact: fact.customer,  # type: ignore[arg-type,return-value]  # got "str", expected "int
    of="day.utc",
    emits=Overdue,
    event=said,
)
another = Policy(
    name="another event",
    starts_on=Sent,
    after=1,
    of="day.utc",
    emits=Overdue,
    event=lambda case: MonthIsOver(case.key),  # type: ignore[arg-type,return-value]  # expected "Overdue"
)
by_function = Policy(
    name="another event of a function",
    starts_on=Sent,
    after=1,
    of="day.utc",
    emits=Overdue,
    event=another_event,  # type: ignore[arg-type]  # expected "Callable[[Case[Sent, Overdue]], Overdue]"
)
unlike = Policy(
    name="another fact",
    starts_on=Sent,
    after=1,
    of="day.utc",
    emits=Overdue,
    event=of_another_fact,  # type: ignore[arg-type]  # expected "Callable[[Case[Sent, Overdue]], Overdue]"
)
report = Report(
    name="report",
    of="month.utc",
    emits=MonthIsOver,
    event=lambda passed: MonthIsOver(passed.perod),  # type: ignore[attr-defined]  # "perod"; maybe "period"?
)
overdue_report = Report(
    name="another event of a report",
    of="month.utc",
    emits=MonthIsOver,
    event=lambda passed: Overdue(passed.period, ""),  # type: ignore[arg-type,return-value]  # expected "MonthIsOver"
)
