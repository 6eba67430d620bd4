"""The due index: which aggregates want to be told at a given ordinal of a schedule.

A tick pops one bucket, so it costs what is due, not what is open. Eight bytes a wake-up: a cancelled one is not
searched for, it goes stale in its bucket, and a bucket that is mostly stale is swept.
"""

from collections.abc import Callable


class DueIndex:
    """Aggregate keys by (schedule, ordinal). The same key may stand in several buckets: the owner knows which is true,
    and says so through `holds(key, schedule, ordinal)`."""

    def __init__(self, holds: Callable[[bytes, str, int], bool]) -> None:
        self._holds = holds
        self._buckets: dict[str, dict[int, list[bytes]]] = {}
        self._stale: dict[tuple[str, int], int] = {}

    def add(self, key: bytes, schedule: str, ordinal: int) -> None:
        try:
            self._buckets[schedule][ordinal].append(key)
        except KeyError:
            self._buckets.setdefault(schedule, {}).setdefault(ordinal, []).append(key)

    def forget(self, schedule: str, ordinal: int) -> None:
        """One key of this bucket no longer holds. Amortised constant time."""
        bucket = self._buckets.get(schedule, {}).get(ordinal)
        if bucket is None:
            return
        stale = self._stale.get((schedule, ordinal), 0) + 1
        if stale * 2 > len(bucket) and stale > 16:
            bucket[:] = [key for key in set(bucket) if self._holds(key, schedule, ordinal)]
            stale = 0
        self._stale[schedule, ordinal] = stale

    def pop(self, schedule: str, ordinal: int) -> list[bytes]:
        """The keys due at this ordinal, sorted, each once; they are no longer in the index."""
        bucket = self._buckets.get(schedule, {}).pop(ordinal, None)
        if bucket is None:
            return []
        self._stale.pop((schedule, ordinal), None)
        return sorted(key for key in set(bucket) if self._holds(key, schedule, ordinal))

    def put_back(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:
        """The rest of a bucket whose burst was cut; popped again, they come in the same order."""
        self._buckets.setdefault(schedule, {})[ordinal] = keys

    def counts(self, schedule: str) -> dict[int, int]:
        """How many stand at each ordinal, stale ones included: for people, not for counting."""
        return {ordinal: len(bucket) for ordinal, bucket in self._buckets.get(schedule, {}).items()}
