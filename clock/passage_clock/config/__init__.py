"""The configuration file: one YAML file, read once, every mistake told in one line.

    the file ──> settings ──> schedules ──> rules ──> daysets ──> calendars
                 the whole    one each      when      of days     which days count

    writing      adds schedules to a file that somebody keeps by hand

Each module reads one part of the file and hands the rest on to its right; `passage_schemas.given` knows the places.
Read `settings` first, for all there is to say, then `rules`. Fields that aren't known are refused: a misspelt
`starts_at` that is quietly ignored would be noticed months later.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

from passage_clock.config.calendars import Calendars
from passage_clock.config.rules import RuleContext
from passage_clock.config.schedules import no_others, schedule, schedules
from passage_clock.config.settings import FIELDS, ClockConfig, Topics, settings
from passage_clock.config.writing import append_schedules
from passage_clock.schedules import Schedule
from passage_schemas.errors import ConfigError
from passage_schemas.given.document import Node, read_text, read_yaml


def load(path: Path, environ: Mapping[str, str] = os.environ) -> ClockConfig:
    """The configuration in this file. PASSAGE_BOOTSTRAP in `environ` overrides `bootstrap`; the environment is also
    where the client's secrets may be. Raises ConfigError."""
    top = read_yaml(read_text(path, may_be_empty=True), str(path))
    top.only(FIELDS)
    found = settings(top, schedules(top, Calendars(top.get("calendars"), path.parent)), environ, path.parent)
    return replace(found, bootstrap=environ.get("PASSAGE_BOOTSTRAP") or found.bootstrap)


def schedule_of_definition(name: str, definition_text: str) -> Schedule:
    """The schedule whose `definition_text` this is. What a definition does not say (how long ticks are kept, what a
    change may do) is as by default. Raises ConfigError where this release can't read it."""
    file = f"the definition of {name}"
    try:
        said = json.loads(definition_text)
    except ValueError as error:
        raise ConfigError(f"{file}: is not JSON: {error}; give the schedule another name") from error
    section = Node(file, 0, "", {"name": name, **said})
    return schedule(section, RuleContext(Calendars(), no_others, of_the_log=True))


def schema_text() -> str:
    """The JSON Schema of the file (draft 2020-12), for editors."""
    return resources.files("passage_clock.config").joinpath("clock.schema.json").read_text("utf-8")


__all__ = [
    "ClockConfig",
    "Topics",
    "append_schedules",
    "load",
    "schedule_of_definition",
    "schema_text",
]
