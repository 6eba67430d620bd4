"""An annotation, taken apart: what kind of thing a field holds, and what that is made of.

Refused by all who ask, because it is none of these: a union of more than one type besides None, a map with other keys
than text, a tuple of several types, and whatever has no row among the scalars.
"""

import dataclasses
import re
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from passage_schemas.errors import SchemaError
from passage_schemas.fact_types.scalars import SCALARS, Digits, ScalarType

SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What Avro takes for one."""


class Scalar(NamedTuple):
    row: ScalarType
    digits: Digits | None
    """Of a Decimal that says how many."""


class Symbols(NamedTuple):
    kind: Any
    """An Enum's class, or a Literal."""
    members: dict[str, Any]
    """By symbol."""


class RecordOf(NamedTuple):
    cls: type


class ListOf(NamedTuple):
    kind: type[list[Any]] | type[tuple[Any, ...]]
    item: Any
    """An annotation."""


class MapOf(NamedTuple):
    values: Any
    """An annotation; keys are text."""


Form = Scalar | Symbols | RecordOf | ListOf | MapOf

PLACES = ", ".join([*(kind.__name__ for kind in SCALARS), "an Enum", "a frozen dataclass", "list[X]"])
PLACES += ", tuple[X, ...] or dict[str, X] of these, or X | None"
"""All of them, for a message."""


def form_of(annotation: Any) -> tuple[Form | None, bool]:
    """(what it holds, None where that has no place in a fact; whether it may be None)."""
    kind, is_optional = without_none(annotation)
    origin, args = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and (row := SCALARS.get(kind)) is not None:
        return Scalar(row, _digits_in(annotation) if kind is Decimal else None), is_optional
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return RecordOf(kind), is_optional
    if (members := symbols_of(kind)) is not None:
        return Symbols(kind, members), is_optional
    if (origin is list and args) or (origin is tuple and args[1:] == (Ellipsis,)):
        return ListOf(origin, args[0]), is_optional
    if isinstance(origin, type) and issubclass(dict, origin) and len(args) == 2 and args[0] is str:
        return MapOf(args[1]), is_optional
    return None, is_optional


def bare(annotation: Any) -> Any:
    """The annotation without Annotated and NewType, which mean nothing on the wire."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation


def without_none(annotation: Any) -> tuple[Any, bool]:
    """(X, True) for `X | None`, (X, False) for X. A wider union is returned whole."""
    annotation = bare(annotation)
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    others = tuple(one for one in get_args(annotation) if one is not NoneType)
    inner = bare(others[0]) if len(others) == 1 else Union[others]  # noqa: UP007  (built, not written)
    return inner, NoneType in get_args(annotation)


def hints_of(cls: type) -> dict[str, Any]:
    """Each field's annotation, resolved. Raises SchemaError where a name in one means nothing."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise SchemaError(f"{cls.__qualname__}: {error}; define or import it at module level") from error
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def symbols_of(wanted: Any) -> dict[str, Any] | None:
    """Avro's symbol for each member: an Enum's value where all make Avro names, else its name; a Literal's string."""
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        by_value = all(isinstance(member.value, str) and SYMBOL.fullmatch(member.value) for member in wanted)
        return {str(member.value) if by_value else member.name: member for member in wanted}
    if get_origin(wanted) is Literal and all(isinstance(one, str) for one in get_args(wanted)):
        return {one: one for one in get_args(wanted)}
    return None


def said(kind: Any) -> str:
    """A type or an annotation, as a message names it."""
    return getattr(kind, "__name__", None) or str(kind) if isinstance(kind, type) and not get_args(kind) else str(kind)


def _digits_in(annotation: Any) -> Digits | None:
    """What a Decimal's annotation says of its size, under NewType and `| None` too: what stands nearest to the field
    counts."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *notes = get_args(annotation)
            if digits := next((note for note in notes if isinstance(note, Digits)), None):
                return digits
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(part for part in get_args(annotation) if part is not NoneType)
        else:
            return None
