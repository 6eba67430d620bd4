"""Formats in an app's file: what they come to, and what is said of a wrong one."""

from pathlib import Path

import pytest

from passage import App, CloudEvents, Confluent, Json, Scenario, days_pass
from passage.apps import load_app_file
from passage_processors.errors import AppError
from passage_schemas.errors import ConfigError

APP = """\
app: rentals
inputs:
  rentals: [CarWasRented, CarWasReturned]
output: chased
events:
  CarWasRented: {car: string}
  CarWasReturned: {car: string}
  ReturnWasChased: {car: string}
policies:
  - name: chased
    starts_on: CarWasRented
    after: 2
    of: day.utc
    unless: CarWasReturned
    emits:
      ReturnWasChased: {car: $key}
"""


def written(tmp_path: Path, formats: str) -> App:
    file = tmp_path / "app.yaml"
    file.write_text(f"{APP}formats: {{{formats}}}\n", "utf-8")
    return load_app_file(file)


def test_a_format_is_named_with_its_options_or_without(tmp_path: Path) -> None:
    app = written(
        tmp_path,
        "rentals: {json: {type_header: kind, types: {rented: CarWasRented}}}, chased: {cloudevents: {data: avro}}",
    )
    rented, _returned = app.inputs["rentals"]
    assert app.formats == {
        "rentals": Json(type_header="kind", types={"rented": rented}),
        "chased": CloudEvents(data="avro"),
    }
    assert written(tmp_path, "rentals: cloudevents").formats == {"rentals": CloudEvents()}
    framed = written(tmp_path, 'rentals: {confluent: {registry: "http://registry", subjects: record, register: false}}')
    assert framed.formats == {"rentals": Confluent("http://registry", subjects="record", register=False)}


def test_a_scenario_needs_no_format(tmp_path: Path) -> None:
    app = written(tmp_path, 'rentals: {json: {type_field: kind}}, chased: {confluent: {registry: "http://nowhere"}}')
    rented, _returned = app.inputs["rentals"]
    followed = Scenario(app).given(rented(car="c-1"), days_pass(2)).followed
    assert [event.car for event in followed] == ["c-1"]


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        ("rentals: jsno", r"app.yaml:17: formats.rentals: .*did you mean 'json'"),
        ("rentals: {json: {type_feild: kind}}", r"formats.rentals.json.*type_feild.*did you mean 'type_field'"),
        ("rentals: {json: {type_field: k, types: {rented: CarRented}}}", r"'CarRented' is no event of this file"),
        ("rentals: {json: {}, avro: {}}", r"formats.rentals: .*one format with its options"),
        ("rentals: {confluent: {register: maybe}}", r"register: .*true or false"),
        ("chased: {cloudevents: {mode: batch}}", r"mode: 'batch' is none of the mode"),
    ],
)
def test_a_wrong_format_is_told_where_it_stands(formats: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        written(tmp_path, formats)


def test_a_format_that_could_not_work_is_told_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(AppError, match=r"app.yaml: app 'rentals', format of 'rentals': .* can't be told apart in JSON"):
        written(tmp_path, "rentals: json")
