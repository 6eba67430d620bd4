"""For a process that runs a worker and little else: the cycle collector, told to look seldom.

A worker keeps millions of small values that are never part of a cycle, and makes and drops hundreds of thousands of
messages a second. At Python's own thresholds the collector walks them again and again, a third of the time. A library
must not change its host's settings, so this is called by the `passage` command and not by the worker.
"""

import gc


def collect_seldom() -> None:
    """Everything made so far is there to stay; of what comes, look at a hundred thousand at a time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
