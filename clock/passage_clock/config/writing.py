"""Schedules written behind those of a file that somebody keeps by hand: not a byte of what stands there is changed.

Refuses a file that is no configuration, schedules that are not a plain list, a `- ` a line, and names that are taken.
"""

import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from passage_clock.config.settings import FIELDS
from passage_schemas.errors import ConfigError
from passage_schemas.given.document import read_yaml, round_trip

IGNORED = re.compile(r"\s*(#.*)?")


def append_schedules(text: str, items: Sequence[Mapping[str, Any]], file: str) -> str:
    """The text with these schedules at the end of its `schedules:`, which is made where there is none. Comments and
    order are kept. Raises ConfigError, which calls the text `file`."""
    if not items:
        return text
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if all(IGNORED.fullmatch(line.rstrip("\n")) for line in lines):
        return "".join((*lines, "schedules:\n", _written(items, 2)))
    top = read_yaml(text, file)
    top.only(FIELDS)  # what is written into another kind of file is never read
    section = top.get("schedules")
    if section is None:
        return "".join((*lines, "schedules:\n", _written(items, 2)))
    listed = section.items("a list of schedules, each beginning with - name:")
    places = section.value.lc
    column = places.item(0)[1] - 2
    if section.value.fa.flow_style() or column < 0:
        raise section.wrong("only a plain list can be added to; write each schedule on a line of its own after a - ")
    taken = {one.value.get("name") for one in listed if one.is_mapping}
    for item in items:
        if item.get("name") in taken:
            raise ConfigError(f"{file}: {item['name']!r} is a schedule already; rename one of them")
    end = _end(lines, listed[-1].line)
    return "".join((*lines[:end], _written(items, column), *lines[end:]))


def _written(items: Sequence[Mapping[str, Any]], indent: int) -> str:
    yaml = round_trip()
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump([dict(item) for item in items], out)
    lines = out.getvalue().splitlines(keepends=True)
    return "".join(" " * indent + line.removeprefix("  ") if line.strip() else line for line in lines)


def _end(lines: Sequence[str], last_item: int) -> int:
    """Behind the last line of the list whose last item begins on this line: before the next field, and the blank lines
    and comments above it."""
    end = last_item
    for number in range(last_item, len(lines)):
        line = lines[number]
        if line[0] not in " #\n\r":
            break
        if not IGNORED.fullmatch(line.rstrip("\r\n")) or line[0] == " ":
            end = number + 1
    return end
