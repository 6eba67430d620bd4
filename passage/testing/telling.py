"""A story in words: which fact, event or tick a name stands for, and what a run of lines comes to.

Refuses to guess: a name that no app here knows is told with what it may have meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

from passage.apps.values import as_written, types_of
from passage.scenario import Passing, Scenario
from passage.scenario.facts import fact_of
from passage_processors import AppError
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.given.document import Node

FieldTable = Sequence[Sequence[str]]
"""The names of fields, and under them the values: a row for each fact."""


class SomeEvent:
    """Any event of a type in which these fields are so."""

    def __init__(self, cls: type[Any], known: Mapping[str, Any]) -> None:
        self._cls = cls
        self._known = known

    def __eq__(self, event: object) -> bool:
        return type(event) is self._cls and all(getattr(event, name) == value for name, value in self._known.items())

    def __hash__(self) -> int:
        return hash(self._cls)

    def __str__(self) -> str:
        known = ", ".join(f"{name}={value!r}" for name, value in self._known.items())
        return f"{self._cls.__name__}({known})" if known else f"any {self._cls.__name__}"


class Telling:
    """One scenario, told line by line. An aggregate is named once: whoever is not named is the last one that was."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.expected: list[object] = []
        """Of the lines of this `Then`, so far."""
        self._key: str | None = None

    def happens(self, name: str, key: str | None, table: FieldTable | None) -> list[object]:
        """What a line with this name comes to: facts, or one tick. Raises ConfigError, AppError."""
        if name not in self._facts and name in self._ticks:
            return [self.passes(1, name)]
        cls = self._known(name, self._facts)
        return [fact_of(row, cls) for row in self._rows(cls, key, table, is_whole=True)]

    def passes(self, count: int, event: str, schedule: str | None = None) -> Passing:
        """So many ticks of the schedule whose ticks are called so."""
        named = self._ticks.get(event)
        if named is None:
            raise AppError(f"no schedule's ticks are called {event!r}; {did_you_mean(event, self._ticks)}")
        if schedule is None and len(named) == 1:
            schedule = named[0]
        if schedule not in named:
            raise AppError(f"which {event}? there are those of {', '.join(named)}; write {event} of {named[0]}")
        return Passing(count, of=schedule)

    def follows(self, name: str, key: str | None, table: FieldTable | None) -> list[object]:
        """The events a line with this name expects. Raises ConfigError, AppError."""
        cls = self._known(name, self._events)
        types = types_of(cls)
        return [
            SomeEvent(cls, {field.field: as_written(field, *types[field.field]) for field in row})
            for row in self._rows(cls, key, table, is_whole=False)
        ]

    def _rows(self, cls: type[Any], key: str | None, table: FieldTable | None, is_whole: bool) -> list[Node]:
        """The fields that are said, for each fact or event. `is_whole`: the aggregate must be one of them."""
        first = fields(cls)[0].name
        names = [field.name for field in fields(cls)]
        header, *rows = table or [[], []]
        found = []
        for row in rows:
            said = dict(zip(header, row, strict=True))
            if key is not None or (is_whole and first not in said):
                said[first] = key or self._key or "1"
            if is_whole:
                self._key = said[first]
            node = Node(cls.__name__, 0, "", said)
            node.only(names)
            found.append(node)
        return found

    def _known(self, name: str, known: Mapping[str, type[Any]]) -> type[Any]:
        if name not in known:
            raise AppError(f"no app here knows {name!r}; {did_you_mean(name, known)}")
        return known[name]

    @cached_property
    def _facts(self) -> dict[str, type[Any]]:
        apps = self.scenario.apps
        return {fact.__name__: fact for app in apps for facts in app.inputs.values() for fact in facts}

    @cached_property
    def _events(self) -> dict[str, type[Any]]:
        return {event.__name__: event for app in self.scenario.apps for event in app.emitted}

    @cached_property
    def _ticks(self) -> dict[str, list[str]]:
        """By what ticks are called: the schedules."""
        named: dict[str, list[str]] = {}
        for schedule in self.scenario.schedules:
            named.setdefault(schedule.event, []).append(schedule.name)
        return named
