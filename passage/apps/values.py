"""What the fields of an event are filled with: `$` and what it is of, or the value itself.

    invoice: $key            the aggregate
    customer: $fact.customer a field of the starting fact
    due_at: $due_at          an instant
    level: 2                 as it is written; $$ stands for a $ at its beginning

Everything that can be wrong (an event's field left out, a fact's field that isn't there, a type that won't fit) is said
when the file is read.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from passage_schemas.events import event_codec
from passage_schemas.fact_types.avro_values import Misfit
from passage_schemas.fact_types.forms import Scalar, form_of, hints_of
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.given.document import Node
from passage_schemas.shape import field_shape

_OF_CASE = {"key": str, "started_at": datetime, "due_at": datetime, "number": int, "starts": int}
_OF_TICK = {"schedule": str, "ordinal": int, "period": str, "ends_at": datetime}

Filled = Callable[[Any], Any]


def filling(here: Node, event: type[Any], fact: type[Any] | None) -> tuple[Filled, bool]:
    """(what makes the event of a case, or of a tick where there is no `fact`; whether it looks at the fact). Raises
    ConfigError."""
    check_fields(here, event, "$key")
    types = types_of(event)
    plain: dict[str, Any] = {}
    asked: dict[str, Filled] = {}
    for field in here:
        annotation, avro_type = types[field.field]
        if isinstance(field.value, str) and field.value.startswith("$") and not field.value.startswith("$$"):
            asked[field.field] = _asked(field, str(field.value[1:]), fact, annotation)
        else:
            plain[field.field] = as_written(_unescaped(field), annotation, avro_type)
    looks = any(str(field.value).startswith("$fact.") for field in here)
    return lambda seen: event(**plain, **{name: take(seen) for name, take in asked.items()}), looks


def check_fields(here: Node, cls: type[Any], example: str) -> None:
    """The fields of a class are written here. `example`: a value as it is written. Raises ConfigError for what is no
    field of it, and for one that is needed and left out."""
    names = [field.name for field in fields(cls)]
    here.mapping(f"{cls.__name__}'s fields, e.g. {names[0] if names else ''}: {example}").only(names)
    for field in fields(cls):
        if field.name not in here and field.default is MISSING and field.default_factory is MISSING:
            raise here.wrong(f"{cls.__name__} needs {field.name!r}; write {field.name}: and what it is")


def types_of(cls: type[Any]) -> dict[str, tuple[Any, Any]]:
    """Of each field, by name: its annotation, and its type in the schema, as `as_written` wants them."""
    hints = hints_of(cls)
    return {field["name"]: (hints[field["name"]], field["type"]) for field in event_codec(cls).schema["fields"]}


def _unescaped(here: Node) -> Node:
    """$$ stands for a $ at the beginning of a text."""
    return replace(here, value=here.value[1:]) if str(here.value).startswith("$$") else here


def as_written(here: Node, annotation: Any, told: Any) -> Any:
    """A value as it is written: it must be what its field says, now and not when the first event is written. `told` is
    the field's type in the event's schema. Raises ConfigError."""
    said = str(here.value) if isinstance(here.value, str) else here.value
    try:
        value = TypeAdapter(annotation).validate_python(said)
    except ValidationError as error:
        raise here.wrong(f"{said!r} won't do: {error.errors()[0]['msg'].lower()}") from None
    try:
        field_shape(annotation, told, {}, here.field).lower(value)
    except Misfit as misfit:
        raise here.wrong(misfit.seen) from None
    return value


def _asked(here: Node, name: str, fact: type[Any] | None, wanted: Any) -> Filled:
    if fact is not None and name.startswith("fact."):
        of_fact = field_of(here, fact, name.removeprefix("fact."))
        check_type(here, f"${name}", hints_of(fact)[of_fact], wanted)
        return lambda case: getattr(case.fact, of_fact)
    known = _OF_TICK if fact is None else _OF_CASE
    if name not in known:
        words = [*(f"${one}" for one in known), *(["$fact.FIELD"] if fact is not None else [])]
        raise here.wrong(f"'${name}' stands for nothing; {did_you_mean('$' + name, words)}")
    check_type(here, f"${name}", known[name], wanted)
    return lambda seen: getattr(seen, name)


def check_type(here: Node, what: str, given: Any, wanted: Any) -> None:
    """Raises ConfigError where this can never be what is wanted. None is left to when the event is made, and what is
    wrong with a record, a list or symbols to the codec."""
    (has, _), (needs, _) = form_of(given), form_of(wanted)
    if not isinstance(has, Scalar) or not isinstance(needs, Scalar) or has.row is needs.row:
        return
    if (has.row.python, needs.row.python) != (int, float):
        raise here.wrong(f"{what} is {has.row.said}, and this must be {needs.row.said}")


def field_of(here: Node, fact: type[Any], name: str) -> str:
    """The name, if the fact has such a field."""
    names = [field.name for field in fields(fact)]
    if name not in names:
        raise here.wrong(f"{fact.__name__} has no field {name!r}; {did_you_mean(name, names)}")
    return name
