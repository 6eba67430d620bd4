"""Whether Passage's own schemas may change the way they did: every published version must stay readable.

    python -m passage_schemas.evolution

says nothing and ends with 0 when all is well, else one line per complaint and 1.
"""

import sys
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any

from passage_schemas import avsc
from passage_schemas.fingerprint import Schema
from passage_schemas.resolution import incompatibilities

__all__ = ["complaints", "incompatibilities", "main"]


def complaints(record: str, current: Schema, published: Mapping[int, Schema]) -> list[str]:
    """What is wrong with this record's history: one line each, empty when nothing is."""
    if not published:
        return [f"{record}.avsc: never published; copy it to published/{record}.1.avsc"]
    found = [
        f"{record}.avsc can't read version {number}: {line}"
        for number, older in published.items()
        for line in incompatibilities(older, current)
    ]
    newest = max(published)
    if _without_docs(current) != _without_docs(published[newest]):
        found.append(
            f"{record}.avsc differs from published/{record}.{newest}.avsc; a published version never changes: "
            f"undo the change, or copy it to published/{record}.{newest + 1}.avsc"
        )
    return found


def main(folder: Traversable = avsc.FOLDER) -> int:
    """Check every record in the folder; the exit code."""
    found = [
        line
        for name in avsc.RECORDS
        for line in complaints(name, avsc.current(name, folder), avsc.published(name, folder))
    ]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def _without_docs(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_docs(one) for one in schema]
    if isinstance(schema, dict):
        return {name: _without_docs(value) for name, value in schema.items() if name != "doc"}
    return schema


if __name__ == "__main__":
    sys.exit(main())
