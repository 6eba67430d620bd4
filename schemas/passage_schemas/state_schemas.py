"""What the values mean that a task keeps, beside what their first ten bytes say: their schemas' logical types."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateSchema:
    """Of one readable version of a fact (`unit` is empty) or of a process's state."""

    unit: str
    name: str
    fingerprint: bytes
    logical_types: dict[str, str]


@dataclass(frozen=True, slots=True)
class StateSchemas:
    """Field for field as in `state_schemas.avsc`."""

    schemas: tuple[StateSchema, ...]
