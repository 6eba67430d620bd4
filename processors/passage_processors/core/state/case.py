"""A case as it is kept: its bytes on the changelog are its memory.

Kind (u8), start instant (i64), due ordinal (i64), ticks to count (i32), the schedule's name (its length as u8, then
UTF-8), then the starting fact's bytes where the policy keeps them.
"""

import struct
from typing import NamedTuple

from passage_schemas.instant import Instant

OPEN, ENDED, PARKED = 1, 2, 3
"""OPEN waits for its tick; ENDED is a marker against redelivery; PARKED failed when due and waits for an operator."""

_HEAD = struct.Struct("<Bqqi")
START, REST = struct.Struct("<Bq"), struct.Struct("<qi")
"""The head in two: what each case has of its own, and what all have in common that start between two ticks."""
STARTED, DUE = slice(1, 9), slice(9, 17)
NAME_AT = _HEAD.size


class CaseState(NamedTuple):
    kind: int
    started: Instant
    due: int
    ticks: int
    schedule: str
    fact: bytes


def encode_case(state: CaseState) -> bytes:
    return _HEAD.pack(state.kind, state.started, state.due, state.ticks) + named(state.schedule) + state.fact


def decode_case(value: bytes) -> CaseState:
    kind, started, due, ticks = _HEAD.unpack_from(value)
    name_end = NAME_AT + 1 + value[NAME_AT]
    return CaseState(kind, Instant(started), due, ticks, value[NAME_AT + 1 : name_end].decode(), value[name_end:])


def named(schedule: str) -> bytes:
    """A schedule's name as it stands in a case."""
    name = schedule.encode()
    return bytes([len(name)]) + name


def wait_of(value: bytes) -> bytes:
    """All but the start and the fact: the same for all cases that wait in one place."""
    return value[:1] + value[DUE.start : NAME_AT + 1 + value[NAME_AT]]
