"""`passage processors schema` and `check`: what a producer elsewhere writes by, what CI can find without a broker."""

import json
from pathlib import Path

import pytest
from fastavro import parse_schema
from jsonschema import Draft202012Validator

from tests.cli.command import Command, Done

APP = """\
app: overdue
inputs: {billing: [Sent, Paid], shop: [Sent]}
output: derived
formats: {shop: {json: {type_header: kind}}}
events:
  Sent: {invoice: string, amount: "decimal(12,2)", sent_at: datetime, terms: int}
  Paid: {invoice: string}
  Overdue: {invoice: string}
policies:
  - {name: overdue, starts_on: Sent, after: 14, of: OF, unless: Paid, emits: {Overdue: {invoice: $key}}}
"""
CLOCK = """\
TOPICS
schedules:
  - {name: day.amsterdam, every: day, zone: Europe/Amsterdam}
  - {name: hour.utc, every: hour, zone: UTC, misfire: coalesce, keep_days: 90}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("day.amsterdam")


def write(of: str, topics: str = "") -> None:
    Path("app.yaml").write_text(APP.replace("OF", of), "utf-8")
    Path("clock.yaml").write_text(CLOCK.replace("TOPICS", topics), "utf-8")


def schema(passage: Command, *more: str) -> Done:
    return passage("processors", "schema", "app.yaml", *more)


def test_a_facts_avro_schema_is_printed_as_it_is(passage: Command) -> None:
    done = schema(passage, "Sent")
    assert (done.code, done.err) == (0, "")
    assert [field["name"] for field in done.document["fields"]] == ["invoice", "amount", "sent_at", "terms"]
    parse_schema(done.document)


def test_without_a_name_all_that_is_read_and_emitted_is_listed(passage: Command) -> None:
    listed = schema(passage).document
    assert [(one["topic"], one["format"], one["fact"]) for one in listed] == [
        ("billing", "avro", "Sent"), ("billing", "avro", "Paid"), ("shop", "json", "Sent"),
        ("derived", "avro", "Overdue"),
    ]  # fmt: skip
    assert all(one["prefix"].startswith("c301") and len(one["prefix"]) == 20 for one in listed)
    assert listed[0]["prefix"] == listed[2]["prefix"] != listed[1]["prefix"]


def test_the_json_schema_takes_what_is_read_and_refuses_what_is_not(passage: Command) -> None:
    check = Draft202012Validator(schema(passage, "Sent", "--as", "json").document)
    sent = {"invoice": "i", "amount": "12.50", "sent_at": "2026-11-20T09:30:00Z", "terms": 14}
    assert check.is_valid(sent)
    for wrong in ({"amount": 12.5}, {"amount": "1e9"}, {"terms": "14"}, {"invoice": None}, {"sent_at": 5}):
        assert not check.is_valid(sent | wrong)
    assert not check.is_valid({"invoice": "i"})


def test_a_name_that_is_none_is_one_line_with_the_nearest(passage: Command) -> None:
    done = schema(passage, "Snet")
    assert (done.code, done.out) == (2, "")
    assert done.told == "passage: app 'overdue' reads and emits no 'Snet'; did you mean 'Sent'?"


def check(passage: Command, *more: str) -> Done:
    return passage("processors", "check", "app.yaml", "--clock", "clock.yaml", *more)


def test_an_app_whose_schedules_the_clock_has_is_fine(passage: Command) -> None:
    done = check(passage)
    assert (done.code, done.err) == (0, "")
    assert done.out == "overdue: overdue; counts day.amsterdam, all of them in clock.yaml\n"
    alone = passage("processors", "check", "app.yaml")
    assert (alone.code, alone.out) == (0, "overdue: overdue; counts day.amsterdam\n")


@pytest.mark.parametrize(
    ("of", "topics", "said"),
    [
        ("day.amstredam", "", "the clock has no schedule 'day.amstredam', so every fact would wait for it; "
            "did you mean 'day.amsterdam'?"),
        ("quarter", "", "the clock has no schedule 'quarter', so every fact would wait for it; "
            "it has day.amsterdam, hour.utc"),
        ("day.amsterdam", "topics: {ticks: acme.ticks}", "the app's ticks_topic is 'passage.ticks', the clock's "
            "'acme.ticks'; say ticks_topic='acme.ticks' in the app"),
        ("day.amsterdam", "topics: {schedules: s}", "the app's schedules_topic is 'passage.schedules', the clock's "
            "'s'; say schedules_topic='s' in the app"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_line_and_exit_code_1(of: str, topics: str, said: str, passage: Command) -> None:
    write(of, topics)
    done = check(passage)
    assert (done.code, done.err, done.out) == (1, "", f"wrong: {said}\n")
    assert check(passage, "--json").document["wrong"] == [said]


def test_what_may_be_meant_is_a_note(passage: Command) -> None:
    write("hour.utc")
    done = check(passage, "--json")
    assert (done.code, done.document["wrong"]) == (0, [])
    assert [one.split(",")[0] for one in done.document["notes"]] == [
        "hour.utc: misfire: coalesce", "hour.utc: keep_days: 90"
    ]  # fmt: skip


@pytest.mark.parametrize(("file", "text"), [("app.yaml", "app: x\n"), ("clock.yaml", "schedules: 7\n")])
def test_a_file_that_is_wrong_by_itself_is_exit_code_2(file: str, text: str, passage: Command) -> None:
    Path(file).write_text(text, "utf-8")
    done = check(passage)
    assert done.code == 2
    assert done.told.startswith(f"passage: {file}:")


def test_a_schema_of_every_kind_of_field_reads_back(passage: Command) -> None:
    for one in schema(passage, "--as", "json").document:
        Draft202012Validator.check_schema(json.loads(json.dumps(one["schema"])))
