"""For a process that runs a worker or a clock and little else: the cycle collector, told to look seldom.

A worker keeps millions of small values that are never part of a cycle, and makes and drops hundreds of thousands of
messages a second; a plan does so with occurrences. At Python's own thresholds the collector walks them again and again,
a quarter of the time and more. A library must not change its host's settings: who owns the process asks for it, as the
`passage` command and the benchmarks do.
"""

import gc


def collect_seldom() -> None:
    """Everything made so far is there to stay; of what comes, look at a hundred thousand at a time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
