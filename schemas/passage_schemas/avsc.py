"""Passage's own schemas as files: the current ones beside this module, every released version in `published/`.

A published file never changes: values written with it may lie on a compacted topic for ever.
"""

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

FOLDER: Traversable = files(__package__)
"""Where our schemas lie; another folder of the same layout may be given in its place."""

RECORDS = ("tick", "schedule_entry", "triggered", "cut", "wake_up_resumed", "state_schemas")
"""The records whose schemas are ours, by file name."""


def current(record: str, folder: Traversable = FOLDER) -> dict[str, Any]:
    """The schema values are written with now; `record` is one of RECORDS."""
    return _load(folder / f"{record}.avsc")


def published(record: str, folder: Traversable = FOLDER) -> dict[int, dict[str, Any]]:
    """Every released version of the schema, oldest first, by its number."""
    names = [file.name.split(".") for file in (folder / "published").iterdir()]
    numbers = sorted(int(parts[1]) for parts in names if parts[0] == record and parts[-1] == "avsc")
    return {number: _load(folder / "published" / f"{record}.{number}.avsc") for number in numbers}


def _load(file: Traversable) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema
