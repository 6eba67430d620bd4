"""Steps for pytest-bdd: a .feature file that speaks of facts, events and passing time, and runs as it is written.

    Given CustomerWasInvoiced
    And 29 days have passed
    When DayHasPassed
    Then InvoiceBecameOverdue

`pytest_plugins = ["passage.testing.steps"]` in conftest.py loads them. They play the fixture `scenario`, so steps of
your own go between them. The lines of one Then are one `then`: these events, in this order, and no other. Refuses to
know any business: which names there are, the app and its clock say.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import pytest
from pytest_bdd import given, parsers, then, when
from pytest_bdd.parser import Feature, Step
from pytest_bdd.parser import Scenario as Lines

from passage.scenario import Passing, Scenario, until
from passage.testing.telling import FieldTable, Telling
from passage_schemas import PassageError

_TELLING = pytest.StashKey[Telling]()
_PLACE = pytest.StashKey[tuple[Feature, Sequence[Step], int]]()

_EVENT = r"(?:(?:an?|the) )?(?P<event>(?!Nothing$)[A-Z]\w*)(?: of (?P<key>\S+?))?:?"
_PERIODS = "second|minute|hour|day|workday|week|month|quarter|year"
_PASS = r"(?:has |have )?pass(?:es|ed)?(?: of (?P<schedule>\S+))?"
_MOMENT = r"(?P<moment>\d{4}-\S+)"


@pytest.fixture
def passage_telling(request: pytest.FixtureRequest, scenario: Scenario) -> Telling:
    """What the steps share in one test."""
    telling = Telling(scenario)
    request.node.stash[_TELLING] = telling
    return telling


@given(parsers.re(rf"the story begins (?:on|at) {_MOMENT}$"), target_fixture="passage_starts_at")
def begins(request: pytest.FixtureRequest, moment: str, passage_starts_at: datetime) -> datetime:
    """Before any other step: the first present. A date is at noon."""
    with _told_plainly(request):
        return until(moment).within(passage_starts_at)


@given(parsers.re(rf"{_EVENT}$"))
@when(parsers.re(rf"{_EVENT}$"))
def happens(
    request: pytest.FixtureRequest,
    passage_telling: Telling,
    event: str,
    key: str | None,
    datatable: FieldTable | None = None,
) -> None:
    """`CustomerWasInvoiced`, `a NewOrder of ord-1:` with a table of fields; `DayHasPassed` is a tick."""
    with _told_plainly(request):
        _play(request, passage_telling, passage_telling.happens(event, key, datatable))


@given(parsers.re(r"(?P<count>\d+) (?P<event>[A-Z]\w*)(?: of (?P<schedule>\S+))?$"))
@when(parsers.re(r"(?P<count>\d+) (?P<event>[A-Z]\w*)(?: of (?P<schedule>\S+))?$"))
def many_pass(
    request: pytest.FixtureRequest, passage_telling: Telling, count: str, event: str, schedule: str | None
) -> None:
    """`29 DayHasPassed`, `10 EndOfWorkday of workday.nl`."""
    with _told_plainly(request):
        _play(request, passage_telling, [passage_telling.passes(int(count), event, schedule)])


@given(parsers.re(rf"(?P<count>an?|one|\d+) (?P<every>{_PERIODS})s? {_PASS}$"))
@when(parsers.re(rf"(?P<count>an?|one|\d+) (?P<every>{_PERIODS})s? {_PASS}$"))
def periods_pass(
    request: pytest.FixtureRequest, passage_telling: Telling, count: str, every: str, schedule: str | None
) -> None:
    """`a day passes`, `29 days have passed`, `3 workdays pass of workday.nl`."""
    with _told_plainly(request):
        number = int(count) if count.isdecimal() else 1
        _play(request, passage_telling, [Passing(number, every, schedule)])


@given(parsers.re(rf"it is {_MOMENT}$"))
@when(parsers.re(rf"it is {_MOMENT}$"))
def comes(request: pytest.FixtureRequest, passage_telling: Telling, moment: str) -> None:
    """`it is 2026-12-31`: time passes until then."""
    with _told_plainly(request):
        _play(request, passage_telling, [until(moment)])


@then(parsers.re(r"[Nn]othing(?: follows)?$"))
def nothing(request: pytest.FixtureRequest, passage_telling: Telling) -> None:
    """`Nothing`, alone under its Then."""
    with _told_plainly(request):
        passage_telling.scenario.then_nothing()


@then(parsers.re(rf"{_EVENT}$"))
def follows(
    request: pytest.FixtureRequest,
    passage_telling: Telling,
    event: str,
    key: str | None,
    datatable: FieldTable | None = None,
) -> None:
    """`InvoiceBecameOverdue`, `a SupplierWasReminded of ord-1:` with a table of the fields that matter."""
    with _told_plainly(request):
        passage_telling.expected += passage_telling.follows(event, key, datatable)
        _hold(request, passage_telling)


@then(parsers.re(rf"eventually {_EVENT}(?: by {_MOMENT})?$"))
def eventually(
    request: pytest.FixtureRequest,
    passage_telling: Telling,
    event: str,
    key: str | None,
    moment: str | None,
    datatable: FieldTable | None = None,
) -> None:
    """`eventually InvoiceBecameOverdue of inv-1 by 2026-03-01`."""
    with _told_plainly(request):
        passage_telling.scenario.eventually(*passage_telling.follows(event, key, datatable), by=moment)


@then(parsers.re(r"it is refused because (?P<reason>.+)$"))
def refused(request: pytest.FixtureRequest, passage_telling: Telling, reason: str) -> None:
    """`it is refused because ...`: nothing but one dead letter, whose reason says this."""
    with _told_plainly(request):
        passage_telling.scenario.then_refused(reason)


def pytest_bdd_before_step(request: pytest.FixtureRequest, feature: Feature, scenario: Lines, step: Step) -> None:
    place = next(place for place, line in enumerate(scenario.steps) if line is step)
    request.node.stash[_PLACE] = feature, scenario.steps, place


def pytest_bdd_after_step(request: pytest.FixtureRequest) -> None:
    """A Then may end with a line that is none of ours."""
    with _told_plainly(request):
        telling = request.node.stash.get(_TELLING, None)
        if telling is not None:
            _hold(request, telling)


def _hold(request: pytest.FixtureRequest, telling: Telling) -> None:
    """Behind the last line of a Then: what it expected has followed, and nothing else."""
    _, lines, place = request.node.stash[_PLACE]
    if telling.expected and (place + 1 == len(lines) or lines[place + 1].type != "then"):
        expected, telling.expected = telling.expected, []
        telling.scenario.then(*expected)


def _play(request: pytest.FixtureRequest, telling: Telling, steps: Sequence[object]) -> None:
    """The lines of one When are one `when`."""
    _, lines, place = request.node.stash[_PLACE]
    if place and lines[place].type == lines[place - 1].type:
        telling.scenario.play(*steps)
    elif lines[place].type == "given":
        telling.scenario.given(*steps)
    else:
        telling.scenario.when(*steps)


@contextmanager
def _told_plainly(request: pytest.FixtureRequest) -> Iterator[None]:
    """What is wrong is told under the line that says it: whoever reads a .feature file has no use for our frames."""
    try:
        yield
    except (AssertionError, PassageError) as error:
        feature, lines, place = request.node.stash[_PLACE]
        line = lines[place]
        told = f"{feature.rel_filename}:{line.line_number}: {line.keyword.strip()} {line.name}\n\n{error}"
        raise pytest.fail.Exception(told, pytrace=False) from None
