"""An app written in YAML is an app like any other, and every mistake in the file is told in one line."""

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from examples.overdue_invoices import app as in_python
from examples.overdue_invoices.demo import CLOCK, Demo
from examples.overdue_invoices.facts import PARTITIONS, read_invoices
from passage import AppError, ProcessorError, Scenario, days_pass, ticks_pass
from passage.apps import load_app_file
from passage.scenario import MONDAY_NOON
from passage_clock import load
from passage_clock.schedules import periodic
from passage_log.memory import MemoryLog
from passage_processors.app import App
from passage_processors.runtime.offline.replay import digest_of_output
from passage_schemas.errors import ConfigError
from passage_schemas.events import event_codec

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "overdue_invoices" / "app.yaml"
RENTALS = """\
app: rentals
inputs:
  rentals: [CarWasRented, CarWasReturned]
output: rentals.derived
events:
  CarWasRented: {country: string, days: int}
  CarWasReturned: {at: "datetime?"}
  ReturnWasChased: {car: string, time: int, since: datetime, fee: "decimal(6,2)", by: "date?"}
policies:
  - name: chased
    starts_on: CarWasRented
    after: {field: days, plus: 1}
    of: {field: country, one_of: {NL: day.nl, DE: day.de}}
    unless: CarWasReturned
    every: 2
    at_most: 3
    emits:
      ReturnWasChased: {car: $key, time: $number, since: $started_at, fee: "12.50"}
"""


def written(tmp_path: Path, text: str) -> App:
    file = tmp_path / "app.yaml"
    file.write_text(text, "utf-8")
    return load_app_file(file)


def test_the_example_in_yaml_derives_what_the_example_in_python_does_byte_for_byte() -> None:
    invoices = read_invoices()
    digests = []
    for app in (in_python, load_app_file(EXAMPLE)):
        log = MemoryLog()
        Demo(app, load(CLOCK, {}), log, Console(file=io.StringIO())).run(invoices)
        digests.append([digest_of_output(app, log, number) for number in range(PARTITIONS)])

    assert digests[0] == digests[1]
    assert sum(count for count, _ in digests[0]) == 877 + 174


def test_terms_come_from_the_fact_and_reminders_repeat(tmp_path: Path) -> None:
    app = written(tmp_path, RENTALS)
    rented, returned = app.inputs["rentals"]
    (chased,) = (policy.emits for policy in app.policies)
    story = Scenario(app, schedules=[periodic(name, "day", "UTC") for name in app.counted], key=lambda _fact: "car-1")

    story.given(rented(country="DE", days=2)).when(ticks_pass(9, of="day.de")).then(
        *(chased(car="car-1", time=number, since=MONDAY_NOON, fee=Decimal("12.50")) for number in (1, 2, 3))
    )
    story.given(rented(country="NL", days=1)).when(returned(), days_pass(5, of="day.nl")).then_nothing()


def test_the_ticks_between_reminders_come_from_the_fact_too(tmp_path: Path) -> None:
    app = written(tmp_path, RENTALS.replace("every: 2", "every: {field: days, plus: -1}"))
    rented, _ = app.inputs["rentals"]
    story = Scenario(app, schedules=[periodic(name, "day", "UTC") for name in app.counted], key=lambda _fact: "car-1")

    story.given(rented(country="DE", days=4)).when(ticks_pass(11, of="day.de"))
    assert [event.time for event in story.followed] == [1, 2, 3]
    assert [(at - MONDAY_NOON).days for at in story.followed_at] == [4, 7, 10]


def test_a_report_is_written_in_yaml_too(tmp_path: Path) -> None:
    app = written(
        tmp_path,
        """\
app: reports
inputs: {sales: [SaleWasMade]}
output: reports.derived
events:
  SaleWasMade: {amount: int}
  MonthReportIsDue: {month: string, number: int}
reports:
  - name: month-report
    of: month.utc
    since: 2026-02-02T00:00:00Z
    emits:
      MonthReportIsDue: {month: $period, number: $ordinal}
""",
    )
    is_due = app.reports[0].emits

    Scenario(app).when(ticks_pass(2, of="month.utc")).then(is_due(month="2026-02", number=2))


def test_the_words_of_an_agreed_schema_stay_its_own(tmp_path: Path) -> None:
    schema = {
        "type": "record", "name": "CarWasRented", "namespace": "acme.cars", "fields": [
            {"name": "country", "type": {"type": "enum", "name": "Country", "symbols": ["NL", "DE"]}},
            {"name": "days", "type": "int"},
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}},
            {"name": "driver", "type": ["null", {"type": "record", "name": "Driver", "fields": [
                {"name": "name", "type": "string"}, {"name": "born_on", "type": {"type": "int", "logicalType": "date"}},
            ]}], "default": None},
            {"name": "notes", "type": {"type": "array", "items": "string"}},
        ],
    }  # fmt: skip
    (tmp_path / "rented.avsc").write_text(json.dumps(schema), "utf-8")

    app = written(tmp_path, RENTALS.replace("{country: string, days: int}", "{avsc: rented.avsc}"))

    assert event_codec(app.inputs["rentals"][0]).schema == schema


MISTAKES = {
    "a type that is none": ("country: string", "country: strin", "6: events.CarWasRented.country: 'strin' is no type"),
    "an event that is none": ("CarWasReturned]", "CarWasRetuned]", "did you mean 'CarWasReturned'?"),
    "a field the fact lacks": ("field: days", "field: day", "CarWasRented has no field 'day'; did you mean 'days'?"),
    "a value that is none": ("$key", "$kez", "'$kez' stands for nothing; did you mean '$key'?"),
    "a field left out": ("time: $number, ", "", "ReturnWasChased needs 'time'"),
    "a value of another type": ("$number", "often", "18: policies[0].emits.ReturnWasChased.time: 'often' won't do"),
    "what can never be of the type": (
        "time: $number",
        "time: $key",
        "18: policies[0].emits.ReturnWasChased.time: $key is text",
    ),
    "a count in words": ("field: days", "field: country", "after.field: country is text, and this must be a whole"),
    "a table looked up by numbers": (
        "field: country",
        "field: days",
        "of.field: days is a whole number, and this must",
    ),
    "more places than there are": ('"12.50"', '"12.505"', "emits.ReturnWasChased.fee: "),
    "a field nobody knows": ("every: 2", "evry: 2", "evry: there is no such field; did you mean 'every'?"),
    "no count": ("after: {field: days, plus: 1}", "after: soon", "policies[0].after: 'soon' is text; write a number"),
    "no event at all": ("    emits:\n      ReturnWasChased: {car", "    emit: {car", "there is no such field"),
    "a file that isn't there": ("{country: string, days: int}", "{avsc: no.avsc}", "no.avsc: can't be read"),
    "a class that isn't there": ("{country: string, days: int}", "{python: 'nowhere:Car'}", "nowhere"),
    "nothing": (RENTALS, "", "1: the file is empty; it needs at least app:"),
}


@pytest.mark.parametrize(("seen", "instead", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_line(tmp_path: Path, seen: str, instead: str, said: str) -> None:
    assert seen in RENTALS
    with pytest.raises((ConfigError, ProcessorError)) as told:
        written(tmp_path, RENTALS.replace(seen, instead, 1))

    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_says_what_may_be_missing_on_its_inputs(tmp_path: Path) -> None:
    app = written(tmp_path, RENTALS + "compacted: rentals\nlongest_outage_seconds: 3600\n")

    assert (app.compacted, app.longest_outage_seconds) == (["rentals"], 3600.0)
    with pytest.raises(AppError, match="compacted: 'rental' is none of the app's inputs; did you mean 'rentals'"):
        written(tmp_path, RENTALS + "compacted: [rental]\n")


def test_what_is_wrong_with_the_app_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(AppError, match=r"app\.yaml: app 'rentals': 'rentals' is both input and output"):
        written(tmp_path, RENTALS.replace("output: rentals.derived", "output: rentals"))


def test_a_value_the_table_does_not_know_is_a_refusal_that_says_so(tmp_path: Path) -> None:
    app = written(tmp_path, RENTALS)
    rented = app.inputs["rentals"][0]
    of = app.policies[0].of
    assert callable(of)

    with pytest.raises(LookupError, match="country is 'FR', which is none of NL, DE"):
        of(rented(country="FR", days=1))


def test_a_field_that_is_missing_where_it_is_counted_by_is_named(tmp_path: Path) -> None:
    app = written(tmp_path, RENTALS.replace("days: int", "days: int?"))
    after = app.policies[0].after
    assert callable(after)
    with pytest.raises(LookupError, match=r"days is missing, and `after` counts by it"):
        after(app.inputs["rentals"][0](country="NL"))
