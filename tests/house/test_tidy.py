"""The house style that a machine can check, over the whole tree: one line per untidy thing.

Each rule is a function from a file to its complaints, and is itself tested on a file that breaks it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "passage",
    "schemas/passage_schemas",
    "log/passage_log",
    "clock/passage_clock",
    "processors/passage_processors",
    "trial/passage_trial",
)
AROUND = ("tests", "examples", "bench")

VAGUE_WORDS = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"}
MOST_LINES = 400


class Module(NamedTuple):
    path: str
    text: str
    tree: ast.Module


def module(path: str, text: str) -> Module:
    return Module(path, text, ast.parse(text, path))


def modules(*folders: str) -> list[Module]:
    files = sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return [module(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files]


Rule = Callable[[Module], Iterator[str]]


def opens_with_a_docstring(it: Module) -> Iterator[str]:
    if it.text.strip() and not ast.get_docstring(it.tree):
        yield f"{it.path}:1: no docstring; say why the module exists and what it refuses to do"


def fits_in_a_sitting(it: Module) -> Iterator[str]:
    lines = len(it.text.splitlines())
    if lines > MOST_LINES:
        yield f"{it.path}: {lines} lines, at most {MOST_LINES}; split it by what its parts are for"


def has_no_vague_name(it: Module) -> Iterator[str]:
    for part in Path(it.path).with_suffix("").parts:
        if VAGUE_WORDS & set(part.split("_")):
            yield f"{it.path}: the name {part!r} says nothing; name what it is"
    for node in ast.walk(it.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and VAGUE_WORDS & words_of(node.name):
            yield f"{it.path}:{node.lineno}: the name {node.name!r} says nothing; name what it is"


def leaves_nothing_to_do(it: Module) -> Iterator[str]:
    for number, line in enumerate(it.text.splitlines(), 1):
        if any(word in line for word in UNFINISHED):
            yield f"{it.path}:{number}: unfinished; do it, or leave it out"


def swallows_no_error_silently(it: Module) -> Iterator[str]:
    for node in ast.walk(it.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{it.path}:{node.lineno}: a bare except hides KeyboardInterrupt; name the errors"


def asks_for_headers_with_care(it: Module) -> Iterator[str]:
    """A name that is not UTF-8 makes Kafka's client end the process at the second look."""
    for node in ast.walk(it.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "headers"
            and not node.args
            and it.path != "schemas/passage_schemas/headers.py"
        ):
            yield f"{it.path}:{node.lineno}: asks a record for its headers itself; headers.read_headers does"


def names_no_file_that_nobody_gave(it: Module) -> Iterator[str]:
    """A message that calls every configuration clock.yaml sends its reader to another file."""
    for node in ast.walk(it.tree):
        if isinstance(node, ast.Raise):
            said: list[ast.AST] = [node]
        elif isinstance(node, ast.arguments):
            said = [*node.defaults, *(one for one in node.kw_defaults if one is not None)]
        else:
            continue
        for part in (part for one in said for part in ast.walk(one)):
            if isinstance(part, ast.Constant) and re.search(r"\b(clock|app)\.ya?ml\b", str(part.value)):
                yield f"{it.path}:{part.lineno}: a message names {part.value!r}; name the file that was given"


UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X")  # in halves, so that this file passes its own rule
ROOM_RULES: tuple[Rule, ...] = (
    opens_with_a_docstring,
    fits_in_a_sitting,
    has_no_vague_name,
    leaves_nothing_to_do,
    swallows_no_error_silently,
    asks_for_headers_with_care,
    names_no_file_that_nobody_gave,
)
RULES_FOR_ALL: tuple[Rule, ...] = (leaves_nothing_to_do, swallows_no_error_silently)


def words_of(name: str) -> set[str]:
    """`TickManager` and `tick_manager` are made of the same words."""
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name.replace("_", " "))
    return set(spaced.lower().split())


def untidy(rules: tuple[Rule, ...], *folders: str) -> list[str]:
    return [line for it in modules(*folders) for rule in rules for line in rule(it)]


def test_every_room_is_tidy() -> None:
    assert modules(*ROOMS), "the rooms have moved; tell ROOMS where"
    found = untidy(ROOM_RULES, *ROOMS)
    assert not found, "\n" + "\n".join(found)


def test_tests_examples_and_benchmarks_are_finished() -> None:
    found = untidy(RULES_FOR_ALL, *AROUND)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (opens_with_a_docstring, "passage/cli.py", "import sys\n"),
        (fits_in_a_sitting, "passage/cli.py", "\n" * 401),
        (has_no_vague_name, "passage/time_utils.py", ""),
        (has_no_vague_name, "passage/helpers/cli.py", ""),
        (has_no_vague_name, "passage/cli.py", "class TickManager: ...\n"),
        (has_no_vague_name, "passage/cli.py", "def common_parts(): ...\n"),
        (leaves_nothing_to_do, "passage/cli.py", "# " + UNFINISHED[0] + ": later\n"),
        (swallows_no_error_silently, "passage/cli.py", "try: ...\nexcept: ...\n"),
        (asks_for_headers_with_care, "passage/cli.py", "found = record.headers() or []\n"),
        (names_no_file_that_nobody_gave, "passage/cli.py", "def f(file='clock.yaml'): ...\n"),
        (names_no_file_that_nobody_gave, "passage/cli.py", "raise ValueError(f'app.yaml:{line}: wrong')\n"),
    ],
)
def test_every_rule_can_fail(rule: Rule, path: str, text: str) -> None:
    assert len(list(rule(module(path, text)))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("passage/__init__.py", ""),
        ("passage/cli.py", '"""Speaks."""\n@dataclass(frozen=True, slots=True)\nclass Commonwealth: ...\n'),
    ],
)
def test_what_is_tidy_passes(path: str, text: str) -> None:
    assert [line for rule in ROOM_RULES for line in rule(module(path, text))] == []
