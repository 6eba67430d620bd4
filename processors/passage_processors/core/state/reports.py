"""Reports in one task: on each tick of a schedule, one event, in the one task that the report's name belongs to.

Nothing is kept of a report that went well: a tick is folded once. One that failed is kept, with its tick, until it is
resumed.

A value: kind (u8), ordinal, instant the period ended (i64), the tick's label in UTF-8. Its key is the ordinal.
"""

import struct
from collections.abc import Callable, Iterable, Iterator

from passage_processors.core.order.ticks import BEFORE_ALL
from passage_processors.core.state.columns import Column, dumped
from passage_processors.model.report import Passed
from passage_processors.model.ticks import SeenTick
from passage_schemas.instant import Instant

PARKED, RESUMED = 6, 7
"""Apart from the kinds of other books. PARKED failed and waits for an operator; RESUMED for the next tick."""

_HEAD = struct.Struct("<Bqq")


def encode_report(kind: int, passed: Passed) -> bytes:
    return _HEAD.pack(kind, passed.ordinal, passed.ends) + passed.period.encode()


class ReportBook:
    """One report's failed ticks, by ordinal; the same methods as other books have."""

    kinds = (PARKED, RESUMED)

    def __init__(
        self, schedule: str, since: Instant, is_here: bool, changed: Callable[[bytes, bytes | None], None]
    ) -> None:
        """On each tick of `schedule` that ends `since` then. `is_here`: this task is the one that does it."""
        self.changed = changed
        self.passed: set[bytes] = set()
        """Those resumed: due at the next tick of any schedule."""
        self._schedule = schedule
        self._since = since
        self._is_here = is_here
        self._stored: dict[bytes, bytes] = {}
        self._ends_at = BEFORE_ALL

    @property
    def open(self) -> int:
        return len(self.passed)

    def __len__(self) -> int:
        return len(self._stored)

    def get(self, key: bytes) -> bytes | None:
        return self._stored.get(key)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._stored.items())

    def settle(self, schedule: str, ordinal: int, ends_at: Instant) -> None:  # noqa: ARG002 - as other books
        """A tick is about to be folded."""
        self._ends_at = ends_at

    def pop_due(self, schedule: str, ordinal: int) -> list[bytes]:
        """This tick, where it is to be reported here."""
        is_due = self._is_here and schedule == self._schedule and self._ends_at >= self._since
        return [b"%d" % ordinal] if is_due else []

    def put_back(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:  # noqa: ARG002 - as other books
        """What a cut burst left over: the tick itself comes again by itself, those resumed are kept."""
        self.passed.update(key for key in keys if key in self._stored)

    def passed_of(self, key: bytes, tick: SeenTick) -> Passed:
        """What is to be reported under this key, at this tick."""
        value = self._stored.get(key)
        if value is None:
            return Passed(tick.schedule, tick.ordinal, tick.period, tick.ends_at)
        _, ordinal, ends = _HEAD.unpack_from(value)
        return Passed(self._schedule, ordinal, value[_HEAD.size :].decode(), Instant(ends))

    def park(self, key: bytes, passed: Passed) -> None:
        self._put(key, encode_report(PARKED, passed))

    def drop(self, key: bytes) -> None:
        """It has been reported, or given up."""
        if self._stored.pop(key, None) is not None:
            self.changed(key, None)

    def resume(self, key: bytes) -> bool:
        """What failed is due at the next tick of any schedule. False where nothing of this key is parked."""
        value = self._stored.get(key)
        if value is None or value[0] != PARKED:
            return False
        self._put(key, bytes([RESUMED]) + value[1:])
        self.passed.add(key)
        return True

    def _put(self, key: bytes, value: bytes) -> None:
        self._stored[key] = value
        self.changed(key, value)

    def dump(self) -> Iterator[list[Column]]:
        return dumped(list(self._stored), self._stored.get)

    def load_column(self, column: Column, folded: dict[str, int]) -> None:
        self.load(dict(zip(column.split_keys(), column.split_values(), strict=True)), folded)

    def unload(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            self._stored.pop(key, None)
            self.passed.discard(key)

    def load(self, stored: dict[bytes, bytes], folded: dict[str, int]) -> None:  # noqa: ARG002 - as other books
        self._stored.update(stored)
        self.passed.update(key for key, value in stored.items() if value[0] == RESUMED)
