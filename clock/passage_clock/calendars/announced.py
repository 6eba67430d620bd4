"""A notice: that some days are closed, or are worked, and when one learned of it."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Notice:
    """That the days from `first` to `last` are closed, or are worked. `announced_at` None: it was always known."""

    first: date
    last: date
    announced_at: Instant | None = None
    reason: str = ""


@runtime_checkable
class Announcing(Protocol):
    """What can tell of its closures: every calendar, and by this it is found inside a rule."""

    @property
    def code(self) -> str: ...

    @property
    def closures(self) -> tuple[Notice, ...]: ...
