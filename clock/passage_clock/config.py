"""Config. Stub of the interface."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from passage_clock.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Topics:
    ticks: str = "passage.ticks"
    schedules: str = "passage.schedules"
    control: str = "passage.control"


@dataclass(frozen=True, slots=True)
class ClockConfig:
    schedules: tuple[Schedule, ...]
    bootstrap: str | None = None
    generation: int = 1
    topics: Topics = Topics()
    group: str = "passage-clock"
    max_skew_seconds: float = 2.0
    source: str = "passage/clock"
    client: Mapping[str, str] = field(default_factory=dict)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> ClockConfig:
    """Raises ConfigError. PASSAGE_BOOTSTRAP in `environ` overrides `bootstrap`."""
    raise NotImplementedError
