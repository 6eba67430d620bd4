"""The file's `events:`: each a frozen dataclass made of its fields, as one written by hand would be.

A field is `name: type`; a type is string, int, float, bool, bytes, date, datetime, uuid, decimal(digits,places), one of
these in `list of ...`, and any of them with a `?` where it may be missing. Instead of fields, `avsc: FILE` takes the
agreed words from an Avro schema, and `python: MODULE:CLASS` the class itself.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from decimal import Decimal
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from types import GenericAlias, NoneType
from typing import Annotated, Any, Literal, get_args

from passage_processors.core.program.refusals import said
from passage_schemas.errors import ConfigError, SchemaError
from passage_schemas.events import event_codec
from passage_schemas.fact_types.scalars import SCALARS, decimal_of
from passage_schemas.fingerprint import Schema, canonical_form
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.given.document import Node, read_text

_PLAIN: Mapping[str, Any] = {row.word: kind for kind, row in SCALARS.items() if row.word is not None}
_DECIMAL = re.compile(r"decimal\((\d+), *(\d+)\)")
_EVENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_FIELD = re.compile(r"[a-z_][a-z0-9_]*")
_TYPES = f"a type: {', '.join(_PLAIN)}, decimal(12,2), list of string; with ? where it may be missing, e.g. date?"
_STORED = [(stored, kind) for kind, row in SCALARS.items() for stored in row.stored]
_AVRO: Mapping[str, Any] = {stored: kind for stored, kind in _STORED if " " not in stored and stored != "fixed"}
_LOGICAL: Mapping[str, Any] = {stored.split()[1]: kind for stored, kind in _STORED if " " in stored}
"""What a schema's type means, and its logical type. A fixed has a name and a size, which no field's type would keep."""


@dataclass(frozen=True, slots=True)
class Events:
    """The file's event types, by name."""

    types: Mapping[str, type[Any]]

    def one(self, here: Node) -> type[Any]:
        """The type that is named here. Raises ConfigError."""
        if not isinstance(here.value, str):
            raise here.unlike("an event, by the name it has under events:")
        if here.value not in self.types:
            raise here.wrong(f"{str(here.value)!r} is no event of this file; {did_you_mean(here.value, self.types)}")
        return self.types[here.value]


def events(top: Node, directory: Path) -> Events:
    """What stands under `events:`; files are looked for in `directory`. Raises ConfigError."""
    expected = "each event with its fields, e.g. PaymentWasMade: {amount: int}"
    section = top.need("events", expected).mapping(expected)
    return Events({one.field: _event(one, directory) for one in section})


def _event(here: Node, directory: Path) -> type[Any]:
    if not _EVENT.fullmatch(here.field):
        raise here.wrong(f"{here.field!r} can't name an event; write letters, digits and _, with . for a namespace")
    here.mapping("its fields, e.g. {amount: int}; or {avsc: FILE} or {python: MODULE:CLASS}")
    if "avsc" in here and len(here.value) == 1:
        found = _of_file(here.need("avsc", ""), here.field, directory)
    elif "python" in here and len(here.value) == 1:
        found = _imported(here.need("python", ""))
    else:
        found = _class(here.field, {one.field: _annotation(one) for one in here})
    try:
        event_codec(found)
    except SchemaError as error:
        raise here.wrong(str(error)) from error
    return found


def _imported(here: Node) -> type[Any]:
    module, _, name = str(here.value).partition(":")
    try:
        found = getattr(import_module(module), name)
    except Exception as error:  # a module that is imported runs, and may raise anything
        raise here.wrong(f"{said(error)}; write MODULE:CLASS, and run where the module is") from error
    if not isinstance(found, type):
        raise here.wrong(f"{here.value} is no class; name a frozen dataclass")
    return found


def _of_file(here: Node, name: str, directory: Path) -> type[Any]:
    """The class an Avro record describes. Its schema stays the file's, whatever the class would say."""
    path = directory / str(here.value)
    try:
        schema = json.loads(read_text(path))
    except ConfigError as error:
        raise here.wrong(str(error)) from error
    except ValueError as error:
        raise here.wrong(f"{path} is not JSON: {error}") from error
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise here.wrong(f"{path} holds no Avro record")
    if str(schema.get("name")).rpartition(".")[2] != name.rpartition(".")[2]:
        raise here.wrong(f"{path} describes {schema.get('name')}, not {name}; name it here as it is there")
    try:
        canonical_form(schema)
        return _of_record(here, schema, {}, {"avro_schema": schema})
    except (SchemaError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise here.wrong(f"{path} can't be an event's schema: {said(error)}") from error


def _of_record(here: Node, schema: Schema, known: dict[str, Any], beside: Mapping[str, Any]) -> type[Any]:
    fields = {one["name"]: _of_avro(here, one["type"], known) for one in schema["fields"]}
    made = _class(schema["name"].rpartition(".")[2], fields, beside)
    known[schema["name"]] = made
    return made


def _of_avro(here: Node, told: Any, known: dict[str, Any]) -> Any:
    """The annotation that says what an Avro type says."""
    if isinstance(told, list):
        present = [one for one in told if one != "null"]
        if len(present) == 1:
            one = _of_avro(here, present[0], known)
            return one | None if len(told) > 1 else one
        raise here.wrong("a union of more than one type besides null has no place in an event")
    if isinstance(told, str):
        if (found := _AVRO.get(told) or known.get(told)) is None:
            raise here.wrong(f"the Avro type {told!r} has no place in an event")
        return found
    kind, logical = told["type"], told.get("logicalType")
    if logical == "decimal":
        return Annotated[Decimal, decimal_of(told["precision"], told.get("scale", 0))]
    if logical in _LOGICAL:
        return _LOGICAL[logical]
    if kind == "enum":
        known[told["name"]] = made = Literal[tuple(told["symbols"])]
        return made
    if kind == "record":
        return _of_record(here, told, known, {})
    if kind == "array":
        return GenericAlias(tuple, (_of_avro(here, told["items"], known), ...))
    if kind == "map":
        return GenericAlias(dict, (str, _of_avro(here, told["values"], known)))
    return _of_avro(here, kind, known)


def _class(name: str, fields: Mapping[str, Any], beside: Mapping[str, Any] | None = None) -> type[Any]:
    """A frozen dataclass; `billing.PaymentWasMade` is PaymentWasMade in the namespace billing."""
    namespace, _, bare = name.rpartition(".")
    said = {**(beside or {}), **({"namespace": namespace} if namespace else {})}
    listed = [(name, told, field(default=None)) if _may_miss(told) else (name, told) for name, told in fields.items()]
    return make_dataclass(bare, listed, frozen=True, kw_only=True, namespace=said)


def _may_miss(annotation: Any) -> bool:
    return NoneType in get_args(annotation)


def _annotation(here: Node) -> Any:
    if not _FIELD.fullmatch(here.field) or iskeyword(here.field):
        raise here.wrong(
            f"{here.field!r} can't name a field; write it in lower case, with _ between words, and no word of Python's"
        )
    if not isinstance(here.value, str):
        raise here.unlike(_TYPES)
    return _typed(here, str(here.value).strip())


def _typed(here: Node, text: str) -> Any:
    if text.endswith("?"):
        return _typed(here, text[:-1].rstrip()) | None
    if text.startswith("list of "):
        one = _typed(here, text.removeprefix("list of ").strip())
        return GenericAlias(tuple, (one, ...))
    if sized := _DECIMAL.fullmatch(text):
        return Annotated[Decimal, decimal_of(int(sized[1]), int(sized[2]))]
    if text not in _PLAIN:
        raise here.wrong(f"{text!r} is no type; {did_you_mean(text, _PLAIN, f'write {_TYPES}')}")
    return _PLAIN[text]
