"""Which twins there are to hold against each other."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from passage_processors.core.state.cases import CaseBook
from passage_processors.runtime.native import TWINS

NATIVE: Any = import_module(TWINS) if find_spec(TWINS) else None

KINDS: list[Any] = [CaseBook] if NATIVE is None else [CaseBook, NATIVE.CaseBook]


def both() -> list[Any]:
    return [CaseBook, NATIVE.CaseBook]
