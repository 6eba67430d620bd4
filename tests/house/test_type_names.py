"""One type, one name: a reader who meets a public type knows which it is, without looking where it was imported from.

A type is a class or an alias.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.house.test_tidy import ROOMS, Module, module, modules


def types_of(it: Module) -> Iterator[str]:
    """Names of the public types a module defines."""
    for node in it.tree.body:
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_alias(name, value):
                pass
            case _:
                continue
        if not name.startswith("_"):
            yield name


def is_alias(name: str, value: ast.expr) -> bool:
    """Types are written `LikeThis`, constants `LIKE_THIS`; a type variable is named for the functions beside it."""
    return name[0].isupper() and not name.isupper() and not ast.unparse(value).startswith(("TypeVar(", "ParamSpec("))


def doubled(the_modules: Iterable[Module]) -> dict[str, list[str]]:
    homes: dict[str, list[str]] = defaultdict(list)
    for it in the_modules:
        for name in sorted(set(types_of(it))):
            homes[name].append(it.path)
    return {name: paths for name, paths in homes.items() if len(paths) > 1}


def complaints(the_modules: Iterable[Module]) -> list[str]:
    return [
        f"{name} is a type in {', '.join(paths)}: give each the noun it stands for"
        for name, paths in sorted(doubled(the_modules).items())
    ]


def test_no_public_type_has_the_name_of_another() -> None:
    told = complaints(modules(*ROOMS))

    assert not told, "\n" + "\n".join(told)


A_CLASS = module("clock/a.py", "class Kind: ...\n")


def test_a_class_and_an_alias_of_one_name_are_told() -> None:
    alias = module("log/b.py", "Kind = Literal['one', 'other']\n")

    assert complaints([A_CLASS, alias]) == ["Kind is a type in clock/a.py, log/b.py: give each the noun it stands for"]


def test_type_variables_constants_and_private_types_may_share_a_name() -> None:
    others = [
        module("log/b.py", "Kind = TypeVar('Kind')\nKIND = Literal['one']\n"),
        module("log/c.py", "KIND = Literal['one']\nclass _Own: ...\n"),
        module("log/d.py", "class _Own: ...\n"),
    ]

    assert complaints([A_CLASS, *others]) == []
