"""Two ways of doing one thing, measured in turns, so that what else the machine does falls on both alike.

No question of its own: the name keeps it out of `make bench`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import Any


def in_turns(rounds: int, ways: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Each way's figures: a, b, a, b, ... as often as there are rounds."""
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measure in ways.items():
            figures[name].append(measure())
    return figures


def with_cpu(
    rounds: int, count: int, ways: Mapping[str, Callable[[], float]]
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """`in_turns`, and of each way the median of this process's seconds of CPU per million of the `count` it handles."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}

    def watched(name: str) -> float:
        begun = time.process_time()
        figure = ways[name]()
        seconds[name].append((time.process_time() - begun) / count * 1_000_000)
        return figure

    figures = in_turns(rounds, {name: partial(watched, name) for name in ways})
    return figures, {name: median(found) for name, found in seconds.items()}


def told(figures: list[float], unit: str, digits: int = 0) -> str:
    """The median, and between what it lies."""
    lowest, middle, highest = (f"{one:,.{digits}f}" for one in (min(figures), median(figures), max(figures)))
    return f"{middle:>10} {unit}   ({lowest} to {highest}, {len(figures)} runs)"


def in_a_process(script: str, *arguments: str) -> Any:
    """What a script prints as JSON on its last line, run as a process of its own: a fresh memory, a fresh client."""
    done = subprocess.run([sys.executable, script, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
