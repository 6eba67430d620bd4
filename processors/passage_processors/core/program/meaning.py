"""What the values an app keeps mean, beyond the ten bytes they begin with.

A fingerprint leaves logical types aside: a Decimal of nine places and one of two, a moment and a number, a text and a
UUID have the same one. So a task writes down which logical types its facts and states have, and an app that says
otherwise of the same ten bytes is refused: it would read what is kept ten million times too large, in silence.
"""

from collections.abc import Iterator

from passage_processors.core.program.program import Program
from passage_processors.core.program.units import ProcessUnit
from passage_processors.errors import ProcessorError
from passage_schemas.codec import Codec
from passage_schemas.fingerprint import MARKER, logical_types
from passage_schemas.state_schemas import StateSchema, StateSchemas

UNKNOWN = StateSchemas(())
"""Of a task that has not written down any: a new one, or one of a worker that did not do so yet."""


def state_schemas(program: Program) -> StateSchemas:
    """Of the facts that are looked into or kept, of the events the app emits, and of its processes' states."""
    facts = {
        handler.codec.cls: handler.codec
        for handler in program.handlers.values()
        if handler.needs_fact or handler.codec.cls in program.emits
    }
    schemas = [schema for codec in facts.values() for schema in _versions("", codec)]
    for unit in program.units:
        if isinstance(unit, ProcessUnit):
            schemas += [schema for codec in unit.states.codecs for schema in _versions(unit.name, codec)]
    return StateSchemas(tuple(schemas))


def _versions(unit: str, codec: Codec[object]) -> Iterator[StateSchema]:
    for prefix, schema in codec.schemas.items():
        yield StateSchema(unit, codec.name, prefix[len(MARKER) :], dict(sorted(logical_types(schema).items())))


def with_all_of(kept: StateSchemas, present: StateSchemas) -> StateSchemas:
    """What was written down and what is to be added: a version that is no more may still be kept somewhere. Equal to
    `kept` where there is nothing to add."""
    known = {(schema.unit, schema.fingerprint) for schema in kept.schemas}
    new = [schema for schema in present.schemas if (schema.unit, schema.fingerprint) not in known]
    return StateSchemas((*kept.schemas, *new))


def check_meaning(kept: StateSchemas, present: StateSchemas, where: str) -> None:
    """Raise ProcessorError where the app reads other logical types from the same ten bytes; `where`: the state."""
    was = {(one.unit, one.fingerprint): one for one in kept.schemas}
    for schema in present.schemas:
        before = was.get((schema.unit, schema.fingerprint), schema)
        if before.logical_types != schema.logical_types:
            raise ProcessorError(f"{where} {_difference(before, schema)}; {_remedy(schema)}")


def _difference(before: StateSchema, now: StateSchema) -> str:
    old, new = before.logical_types, now.logical_types
    field = min(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return (
        f"was written when {now.name}.{field} was {_said(old.get(field))}, and now it is {_said(new.get(field))}: no "
        "value tells which of the two it has, so what is kept, or lies on the topics, would be read wrong"
    )


def _said(logical: str | None) -> str:
    return "without a logical type" if logical is None else logical


def _remedy(schema: StateSchema) -> str:
    undo = "put the field back as it was, and "
    if schema.unit:
        undo += f"give the changed state class another name, with {schema.name} in the `upgrades` of {schema.unit!r}"
    else:
        undo += "add a new one beside it, or give the changed class another name"
    return f"{undo}; if it was wrong from the start, start the app anew under another name"
