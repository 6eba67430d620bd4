"""The cut: how far each input was read when a task took a step. What makes a replay identical."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputCut:
    """How far one input was read: the next offset, and how many facts were folded before it since the beginning."""

    topic: str
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fact of this cut that went to the dead letters, by where it lies."""

    topic: str
    offset: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Field for field as in `cut.avsc`."""

    number: int
    cluster: str
    inputs: tuple[InputCut, ...]
    tick_sequence: int
    tick_offset: int
    burst: bytes | None = None
    refused: tuple[Refusal, ...] = ()
    released: tuple[str, ...] = ()
    open: int = 0
    entries: int = 0
