"""Facts that stand in a file, for stories too long to be told in Python.

    facts:
      - {at: 2026-01-05T12:00, CustomerWasInvoiced: {invoice: inv-1, terms: 30}}
      - CustomerWasInvoiced: {invoice: inv-2, terms: 14}

YAML, or JSON. `at` lets time pass until then; without it a fact happens when the one before it did. What is wrong with
one is told by its line. Refuses to guess: a field that is misspelt, missing or of another type is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from passage.apps.values import as_written, check_fields, types_of
from passage.scenario.passing import Until, until
from passage_schemas.given.document import Node, read_text, read_yaml

_EXAMPLE = "facts: [{InvoiceSent: {invoice: inv-1}}]"


@dataclass(frozen=True, slots=True)
class FactsFrom:
    """The facts of a file, as one step."""

    path: Path

    def steps(self, types: Mapping[str, type[Any]]) -> Iterator[object]:
        """Facts, and the time between them. `types`: the facts there can be, by name. Raises ConfigError."""
        top = read_yaml(read_text(self.path), str(self.path), _EXAMPLE)
        top.only(["facts"])
        for entry in top.need("facts", f"a list, e.g. {_EXAMPLE}").items(f"a list, e.g. {_EXAMPLE}"):
            yield from _steps_of(entry, types)


def facts_from(path: Path | str) -> FactsFrom:
    """The facts of a YAML or JSON file happen, in its order, each at its `at`. Raises ConfigError where it is played:
    for a file that can't be read, a type no input carries, a field that isn't one."""
    return FactsFrom(Path(path))


def _steps_of(entry: Node, types: Mapping[str, type[Any]]) -> Iterator[object]:
    entry.mapping("a fact, e.g. InvoiceSent: {invoice: inv-1}")
    entry.only(["at", *types])
    facts = [field for field in entry if field.field != "at"]
    if len(facts) != 1:
        raise entry.wrong(f"{len(facts)} facts; write one, and its at: where time passes before it")
    at = entry.get("at")
    if at is not None:
        yield _moment(at)
    yield fact_of(facts[0], types[facts[0].field])


def _moment(here: Node) -> Until:
    with here.blamed():
        return until(str(here.value))


def fact_of(here: Node, cls: type[Any]) -> Any:
    """The fact whose fields are written here. Raises ConfigError."""
    check_fields(here, cls, "...")
    types = types_of(cls)
    return cls(**{field.field: as_written(field, *types[field.field]) for field in here})
