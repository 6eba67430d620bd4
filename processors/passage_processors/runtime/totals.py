"""What a worker has done since it started, as plain numbers: kept by its thread, read as they are by who measures."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from passage_processors.runtime.task import Step

COMMIT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
"""From one small transaction on a broker nearby to a transaction's timeout."""


@dataclass(slots=True)
class Durations:
    """How many took at most so long, for a histogram: `counts[i]` at most `bounds[i]`, the last one longer than all."""

    bounds: Sequence[float]
    counts: list[int] = field(init=False)
    sum: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


@dataclass(slots=True)
class Totals:
    """Committed work only. Times are the worker's monotonic seconds, None before the first."""

    facts: int = 0
    events: int = 0
    letters: int = 0
    parked: int = 0
    """Wake-ups among the letters."""
    commits: int = 0
    commit_seconds: Durations = field(default_factory=lambda: Durations(COMMIT_SECONDS))
    """From begin to commit."""
    committed_at: float | None = None
    restarts: int = 0
    restores: int = 0
    restore_seconds: float = 0.0
    """How long the last restore took, the gate included."""

    def committed(self, steps: Iterable[Step], seconds: float, now: float) -> None:
        self.commits += 1
        self.commit_seconds.add(seconds)
        self.committed_at = now
        for step in steps:
            self.facts += step.facts
            self.events += len(step.output.events)
            self.letters += len(step.output.letters)
            self.parked += sum(letter.parked for letter in step.output.letters)

    def restored(self, seconds: float) -> None:
        self.restores += 1
        self.restore_seconds = seconds
