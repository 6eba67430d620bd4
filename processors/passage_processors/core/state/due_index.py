"""The due index: which aggregates want to be told at a given ordinal of a schedule.

A tick pops one bucket, so it costs what is due, not what is open. Eight bytes a wake-up: a cancelled one is not
searched for, it goes stale in its bucket, and a bucket that is mostly stale is swept.
"""

from collections.abc import Callable, Iterable

SWEPT_FROM = 16
"""Fewer stale keys than this aren't worth a sweep."""


class _Bucket:
    """The keys that stand at one ordinal, and how many of them are known to be stale."""

    __slots__ = ("keys", "stale")

    def __init__(self, keys: list[bytes]) -> None:
        self.keys = keys
        self.stale = 0


class DueIndex:
    """Aggregate keys by (schedule, ordinal). The same key may stand in several buckets: the owner knows which is true,
    and tells through `holding(keys, schedule, ordinal)` those of a bucket's keys that are."""

    def __init__(self, holding: Callable[[Iterable[bytes], str, int], list[bytes]]) -> None:
        self._holding = holding
        self._buckets: dict[str, dict[int, _Bucket]] = {}

    def add(self, key: bytes, schedule: str, ordinal: int) -> None:
        try:
            self._buckets[schedule][ordinal].keys.append(key)
        except KeyError:
            self.waiting(schedule, ordinal).append(key)

    def waiting(self, schedule: str, ordinal: int) -> list[bytes]:
        """The bucket itself, for whoever adds many: good until this ordinal is popped."""
        return self._buckets.setdefault(schedule, {}).setdefault(ordinal, _Bucket([])).keys

    def forget(self, schedule: str, ordinal: int) -> None:
        """One key of this bucket no longer holds. Amortised constant time."""
        try:
            bucket = self._buckets[schedule][ordinal]
        except KeyError:
            return
        bucket.stale += 1
        if bucket.stale * 4 > len(bucket.keys) * 3 and bucket.stale > SWEPT_FROM:
            # In the order they came, which is that of their memory; only then each once.
            bucket.keys[:] = dict.fromkeys(self._holding(bucket.keys, schedule, ordinal))
            bucket.stale = 0

    def pop(self, schedule: str, ordinal: int) -> list[bytes]:
        """The keys due at this ordinal, sorted, each once; they are no longer in the index."""
        bucket = self._buckets.get(schedule, {}).pop(ordinal, None)
        return [] if bucket is None else sorted(dict.fromkeys(self._holding(bucket.keys, schedule, ordinal)))

    def put_back(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:
        """What stays of a bucket that was popped, as the rest of a burst that was cut."""
        self.waiting(schedule, ordinal).extend(keys)
