"""A notice: that some days are closed, or are worked, and when one learned of it."""

from dataclasses import dataclass
from datetime import date

from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Notice:
    """That the days from `first` to `last` are closed, or are worked. `announced_at` None: it was always known."""

    first: date
    last: date
    announced_at: Instant | None = None
    reason: str = ""
