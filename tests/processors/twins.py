"""Which twins there are to hold against each other."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from passage_processors.core.cases import CaseBook

NATIVE: Any = import_module("passage_native") if find_spec("passage_native") else None


KINDS: list[Any] = [CaseBook] if NATIVE is None else [CaseBook, NATIVE.CaseBook]


def both() -> list[Any]:
    return [CaseBook, NATIVE.CaseBook]
