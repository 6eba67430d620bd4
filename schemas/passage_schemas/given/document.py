"""Values that know their place in the file, so that every mistake is told in one line.

    clock.yaml:14: schedules[2].zone: 'Europe/Amstredam' is not in tzdata 2026c; did you mean 'Europe/Amsterdam'?

The line is where the mistake is, the field its path in the file, and the rest says what was seen and what would mend
it. YAML is read as version 1.2, where NO is Norway; dates are read by us, so that a wrong one has a line too. Refuses
to know what any field means.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar, final

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from passage_schemas.errors import ConfigError, PassageError
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.given.file import Unreadable, text_given

Word = TypeVar("Word", bound=str)

MOST_DEEP = 60
"""Values within values. Nobody reads a rule that deep, and neither does Python, much deeper."""

MOST_VALUES = 2_000_000
"""Of a file, each alias counted as what it names: some hundred thousand schedules."""

TOO_DEEP = f"its values lie more than {MOST_DEEP} deep in one another; name parts of it as schedules and refer to them"


@final
@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document, and under which name. `line` counts from 1; 0 where a document has no lines, as a
    definition from the log."""

    file: str
    line: int
    path: str
    value: Any
    field: str = ""

    def wrong(self, what: str) -> ConfigError:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ConfigError(f"{place}: {self.path}: {what}" if self.path else f"{place}: {what}")

    def unlike(self, expected: str) -> ConfigError:
        """Something else belongs here."""
        return self.wrong(f"{shown(self.value)}; write {expected}")

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """What other rooms refuse inside is a mistake here: of the field their message begins with, if it is
        one of this mapping's, or is missing in it."""
        try:
            yield
        except ConfigError:
            raise
        except PassageError as error:
            field, _, what = str(error).partition(": ")
            if self.is_mapping and (field in self.value or what.startswith("is missing")):
                raise self._child(field).wrong(what) from error
            raise self.wrong(str(error).removeprefix(f"{self.field}: ")) from error

    # Fields of their own.

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def __iter__(self) -> Iterator["Node"]:
        """The fields, in the file's order."""
        return (self._child(name) for name in self.value)

    def get(self, name: str) -> "Node | None":
        return self._child(name) if name in self.value else None

    def need(self, name: str, expected: str) -> "Node":
        if name not in self.value:
            raise self._child(name).wrong(f"is missing; write {expected}")
        return self._child(name)

    def only(self, known: Collection[str]) -> None:
        """Refuse every other field: a misspelt one that is quietly ignored would be noticed months later."""
        for name in self.value:
            if name not in known:
                raise self._child(name).wrong(f"there is no such field; {did_you_mean(str(name), known)}")

    def mapping(self, expected: str = "its fields below it, indented") -> "Node":
        if not self.is_mapping:
            raise self.unlike(expected)
        return self

    def _child(self, name: Any) -> "Node":
        """The field, or the place where it is missing."""
        lines = getattr(self.value, "lc", None)
        line = self.line
        if lines is not None:
            line = int((lines.data or {}).get(name, (lines.line,))[0]) + 1
        path = f"{self.path}.{name}" if self.path else str(name)
        return Node(self.file, line, path, self.value.get(name), str(name))

    # Lists.

    def items(self, expected: str) -> list["Node"]:
        """The list's elements; there must be one at least."""
        if not self.is_list or not self.value:
            raise self.unlike(expected)
        lines = getattr(self.value, "lc", None)
        return [
            Node(self.file, int(lines.item(number)[0]) + 1 if lines else self.line, f"{self.path}[{number}]", item)
            for number, item in enumerate(self.value)
        ]

    def one_or_more(self, expected: str) -> list["Node"]:
        """A list's elements, or the value that stands for a list of one."""
        return self.items(expected) if self.is_list else [self]

    # Plain values.

    def text(self, pattern: re.Pattern[str], expected: str) -> str:
        if not isinstance(self.value, str):
            raise self.unlike(expected)
        if not pattern.fullmatch(self.value):
            raise self.wrong(f"{str(self.value)!r} won't do; write {expected}")
        return str(self.value)

    def choice(self, words: Sequence[Word], kind: str) -> Word:
        """One of these words; `kind` is what another is not: `no period`."""
        if not isinstance(self.value, str):
            raise self.unlike(f"one of {', '.join(words)}")
        for word in words:
            if word == self.value:
                return word
        raise self.wrong(f"{str(self.value)!r} is {kind}; {did_you_mean(self.value, words)}")

    def whole(self, numbers: range, expected: str) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or int(self.value) not in numbers:
            raise self.unlike(expected)
        return int(self.value)  # ruamel's own kind of int; a range would be searched for it from its beginning

    def seconds(self, expected: str) -> float:
        """A number above 0."""
        seen = self.value
        if not isinstance(seen, int | float) or isinstance(seen, bool) or not 0 < seen < float("inf"):
            raise self.unlike(expected)
        return float(seen)


class _PlainDates(RoundTripConstructor):
    """Leaves dates as they are written: ruamel's own error for 2026-02-30 has no line, and it would drop an offset."""


def _refuse_tag(_: RoundTripConstructor, node: Any) -> NoReturn:
    raise ConstructorError(
        problem=f"the tag {node.tag} is none of YAML's own, take it out", problem_mark=node.start_mark
    )


class _PlainValues(SafeConstructor):
    """As above, without places."""


_PlainDates.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)
_PlainValues.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)
_PlainDates.add_constructor(None, _refuse_tag)


def round_trip() -> YAML:
    """Reads with places and comments, and writes them back."""
    yaml = YAML(typ="rt")
    yaml.Constructor = _PlainDates
    yaml.preserve_quotes = True
    yaml.width = 120
    return yaml


def read_text(path: Path, may_be_empty: bool = False) -> str:
    """The file's text. Raises ConfigError."""
    try:
        return text_given(path, may_be_empty=may_be_empty)
    except Unreadable as error:
        raise ConfigError(str(error)) from error


def read_yaml(text: str, file: str, expected: str = "schedules:") -> Node:
    """The document, which must be fields. Raises ConfigError: `file` is how messages call it, `expected` says which
    fields it needs at least."""
    loaded = _loaded(lambda: round_trip().load(text), file)
    if loaded is None:
        raise ConfigError(f"{file}:1: the file is empty; it needs at least {expected}")
    top = Node(file, 1, "", loaded)
    if not top.is_mapping:
        raise top.wrong(f"{shown(loaded)}; the file must be fields, e.g. {expected}")
    return top


def read_documents(text: str, file: str) -> list[Any]:
    """Every document of a file that isn't ours, as plain values, for a look: places and comments are lost. Raises
    ConfigError."""
    found: list[Any] = _loaded(lambda: list(_plain().load_all(text)), file)
    return found


def _plain() -> YAML:
    yaml = YAML(typ="safe", pure=True)  # the one in C ends the process where values lie too deep
    yaml.Constructor = _PlainValues
    return yaml


def _loaded(load: Callable[[], Any], file: str) -> Any:
    try:
        loaded = load()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join((error.problem or error.context or "can't be parsed").split())
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{file}:{line}: not YAML: {said}; mend the line or the one before") from error
    except YAMLError as error:
        raise ConfigError(f"{file}:1: not YAML: {' '.join(str(error).split())}; save the file as plain text") from error
    except RecursionError as error:
        raise ConfigError(f"{file}:1: {TOO_DEEP}") from error
    except (ValueError, TypeError, AttributeError) as error:
        # A tag that lies, `!!int x`, or wants what we don't read: ruamel lets Python's own error through, without a
        # line.
        raise ConfigError(f"{file}:1: not YAML: {' '.join(str(error).split())}; take the !! tags out") from error
    if wrong := _too_much(loaded):
        raise ConfigError(f"{file}:1: {wrong}")
    return loaded


def _too_much(loaded: Any) -> str | None:
    """What is wrong with the document as a whole. What an alias names is read as often as it is named, so a page of
    them can be more than any machine reads. Children first: none is looked at twice."""
    sizes: dict[int, tuple[int, int]] = {}  # of a value, by identity: how many values in it, and how deep
    stack = [loaded] if isinstance(loaded, dict | list) else []
    while stack:
        value = stack[-1]
        within = list(value.values() if isinstance(value, dict) else value)
        missing = [one for one in within if isinstance(one, dict | list) and id(one) not in sizes]
        if missing:
            stack.extend(missing)
            if len(stack) > MOST_VALUES:
                return TOO_DEEP
            continue
        stack.pop()
        inside = [sizes.get(id(one), (1, 0)) for one in within]
        size, depth = 1 + sum(size for size, _ in inside), 1 + max((depth for _, depth in inside), default=0)
        if depth > MOST_DEEP:
            return TOO_DEEP
        if size > MOST_VALUES:
            return f"with what its aliases name it has more than {MOST_VALUES:,} values; say less, or say it once"
        sizes[id(value)] = size, depth
    return None


def no_date(seen: str, error: ValueError) -> str:
    """What Python says of a date, where it says more than that it is none."""
    said = str(error) if "timedelta" not in str(error) else "an offset is less than 24 hours"
    return f"{seen!r} is no date" if said.startswith("Invalid isoformat") else f"{seen!r} is no date: {said}"


def shown(seen: Any) -> str:
    """What was found where something else belongs."""
    if seen is None:
        return "there is nothing here"
    if isinstance(seen, dict):
        return "this is fields of its own"
    if isinstance(seen, list):
        return "this is a list" if seen else "this list is empty"
    if isinstance(seen, bool):
        return f"{str(seen).lower()} won't do"
    return f"{str(seen)!r} is text" if isinstance(seen, str) else f"{seen} won't do"
