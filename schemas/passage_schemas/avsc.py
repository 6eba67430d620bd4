"""Passage's own schemas as files: the current ones beside this module, every released version in `published/`.

A published file never changes: values written with it may lie on a compacted topic for ever.
"""

import json
from importlib.resources import files
from typing import Any

RECORDS = ("tick", "schedule_entry", "cut")
"""The records whose schemas are ours, by file name."""


def current(record: str) -> dict[str, Any]:
    """The schema values are written with now; `record` is one of RECORDS."""
    return _load(f"{record}.avsc")


def published(record: str) -> dict[int, dict[str, Any]]:
    """Every released version of the schema, oldest first, by its number."""
    names = [file.name.split(".") for file in files(__package__).joinpath("published").iterdir()]
    numbers = sorted(int(parts[1]) for parts in names if parts[0] == record and parts[-1] == "avsc")
    return {number: _load(f"published/{record}.{number}.avsc") for number in numbers}


def _load(path: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(path).read_text("utf-8"))
    return schema
