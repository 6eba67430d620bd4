"""The JSON Schema that editors use, held to the loader's verdict over documents good and bad.

Each schedule of everything.yaml is changed a field at a time: left out, given another's, given something else. What
the loader takes, the schema must take; what the loader refuses, the schema must too, unless it takes more to know.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from passage_clock.config import load, schema_text
from passage_schemas.errors import ConfigError
from passage_schemas.given.document import read_yaml

HERE = Path(__file__).parent
EVERYTHING: dict[str, Any] = json.loads(
    json.dumps(read_yaml((HERE / "everything.yaml").read_text("utf-8"), "everything.yaml").value)
)
SCHEMA: dict[str, Any] = json.loads(schema_text())
VALIDATOR = Draft202012Validator(SCHEMA)

TAKES_MORE_TO_KNOW = re.compile(
    r"is not in tzdata|is not a country|is no calendar of this file|is no schedule of this file|cron: |rrule: "
    r"|never name the same instant|zone: is missing|is a period; give the rule|has no opening hours|can't be read"
)

SENSELESS: list[Any] = [None, 7, 0, -1, True, 1.5, "", "no such thing!", [], ["x"], {}, {"x": 1}]


def verdicts(document: Any, folder: Path) -> tuple[str | None, str | None]:
    """What the loader and the schema say against it."""
    path = folder / "clock.yaml"
    path.write_text(json.dumps(document), "utf-8")
    error = next(VALIDATOR.iter_errors(document), None)
    said = error and f"{error.json_path}: {error.message}"
    try:
        load(path, {"SECRET": "hush"})
    except ConfigError as refused:
        return str(refused), said
    return None, said


def agree(document: Any, folder: Path) -> bool:
    refused, said = verdicts(document, folder)
    if refused is None:
        return said is None
    return said is not None or TAKES_MORE_TO_KNOW.search(refused) is not None


def changed(section: dict[str, Any], others: dict[str, Any], chance: random.Random) -> Iterator[dict[str, Any]]:
    for name in section:
        yield {other: value for other, value in section.items() if other != name}
        for senseless in chance.sample(SENSELESS, 2):
            yield {**section, name: senseless}
    for name in chance.sample(sorted(others), 4):
        yield {**section, name: chance.choice(others[name])}


def samples(sections: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Every field there is, with the values it has somewhere."""
    found: dict[str, list[Any]] = {}
    for section in sections:
        for name, value in section.items():
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "closures.csv").write_bytes((HERE / "closures.csv").read_bytes())
    return tmp_path


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_everything_that_can_be_said_is_in_the_schema(folder: Path) -> None:
    assert verdicts(EVERYTHING, folder) == (None, None)


@pytest.mark.parametrize("schedule", EVERYTHING["schedules"], ids=lambda schedule: str(schedule["name"]))
def test_a_schedule_is_judged_alike_by_both(schedule: dict[str, Any], folder: Path) -> None:
    chance = random.Random(schedule["name"])
    needed = [one for one in EVERYTHING["schedules"] if one["name"] in ("week.amsterdam", "report")]
    others = samples(EVERYTHING["schedules"])

    for one in changed(schedule, others, chance):
        beside = [other for other in needed if other["name"] != one.get("name") != schedule["name"]]
        used = (
            {"calendars": EVERYTHING["calendars"]} if "calendar" in json.dumps(one) or "acme" in json.dumps(one) else {}
        )
        document = {**used, "schedules": [one, *beside]}
        assert agree(document, folder), (one, verdicts(document, folder))


REFUSED_BY_BOTH: list[dict[str, Any]] = [
    {"every": "day", "gap": "previous"},
    {"every": "hour", "gap": "next"},
    {"every": "day", "week_starts": "sunday"},
    {"every": "fiscal-period", "year_starts": "april"},
    {"every": "fiscal-year", "year_starts": "april", "weeks": "4-4-5", "year_ends": "last saturday of january"},
    {"every": "7 minutes"},
    {"every": "workday", "calendar": "NL", "gap": "previous"},
    {"on": {"day_of_month": 1}, "fold": "both"},
    {"cron": "0 9 * * *", "calendar": "NL"},
    {"cron": "0 9 * * *", "shift": "next"},
    {"cron": "0 9 * * *", "every": "day"},
    {"every": "day", "misfire_grace_seconds": 5},
    {"any_of": [{"cron": "0 9 * * *"}]},
    {"on": {"weekday": "friday", "nth": 6, "of": "month"}},
    {"on": {"workday": 1, "of": "month"}},
    {"on": {"moon": "full", "nth": 1}},
]


@pytest.mark.parametrize("fields", REFUSED_BY_BOTH, ids=json.dumps)
def test_what_does_not_go_together_is_refused_by_both(fields: dict[str, Any], folder: Path) -> None:
    refused, said = verdicts({"schedules": [{"name": "x", "zone": "UTC", **fields}]}, folder)

    assert refused is not None
    assert said is not None


SETTINGS: dict[str, Any] = {
    "bootstrap": "kafka:9092",
    "generation": 2,
    "topics": {"ticks": "t", "schedules": "s"},
    "group": "g",
    "max_skew_seconds": 0.5,
    "source": "/t",
    "client": {"sasl.password": {"env": "SECRET"}, "socket.timeout.ms": 5000, "enable.ssl": True},
    "catch_up_ticks_per_second": 100,
    "fast_failover_grace_seconds": 1.5,
    "retired": ["old", "older"],
}


def test_the_settings_are_judged_alike_by_both(folder: Path) -> None:
    schedules = [{"name": "d", "every": "day", "zone": "UTC"}]
    for name, value in SETTINGS.items():
        for seen in (value, *SENSELESS):
            document = {name: seen, "schedules": schedules}
            assert agree(document, folder), (name, seen, verdicts(document, folder))
    for setting in (*SENSELESS, {"env": 7}, {"env": "SECRET", "file": "x"}, {"file": ""}):
        document = {"client": {"a": setting}, "schedules": schedules}
        assert agree(document, folder), (setting, verdicts(document, folder))


def test_calendars_are_judged_alike_by_both(folder: Path) -> None:
    chance = random.Random(4)
    others = samples(list(EVERYTHING["calendars"].values()))
    for calendar in EVERYTHING["calendars"].values():
        for one in changed(calendar, others, chance):
            document = {
                "calendars": {**EVERYTHING["calendars"], "x": one},
                "schedules": [{"name": "d", "every": "day", "zone": "UTC"}],
            }
            assert agree(document, folder), (one, verdicts(document, folder))
    for notice in (
        *SENSELESS,
        {"on": "2026-01-01", "to": "2026-01-02"},
        {"from": "2026-01-01"},
        {"on": "2026-01-01", "announced_at": "2026-01-01T10:00"},
    ):
        document = {
            "calendars": {"x": {"closed": [notice]}},
            "schedules": [{"name": "d", "every": "day", "zone": "UTC"}],
        }
        assert agree(document, folder), (notice, verdicts(document, folder))


def test_every_field_tells_an_editor_what_it_is() -> None:
    for section in (SCHEMA, SCHEMA["$defs"]["rule"], SCHEMA["$defs"]["company"], SCHEMA["$defs"]["day_set"]):
        for name, one in section["properties"].items():
            told = one.get("description") or SCHEMA["$defs"].get(one.get("$ref", "").rpartition("/")[2], {}).get(
                "description"
            )
            assert told, name
