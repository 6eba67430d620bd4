"""A record as it stands on the log, and where that is: the shape that whoever decodes, folds or reads one agrees on.

Words, and no log: nothing here can be read from or written to (`passage_log.port` can).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

Header = tuple[str, bytes | None]
"""(name, value): on the log a header may have no value, and two may have one name."""
Headers = Sequence[Header]
Weighed = tuple[bytes, bytes, list[tuple[str, bytes]], int]
"""(key, value, headers, the bytes of all three together)"""


class Partition(NamedTuple):
    """A place on the log: a topic, and which of its partitions, from 0."""

    topic: str
    number: int


class Record(Protocol):
    """One readable record. Methods, not fields, because the Kafka client's own message has this very shape and so need
    not be copied: at 200,000 facts a second the copy would cost more than the count."""

    def topic(self) -> str: ...
    def partition(self) -> int: ...
    def offset(self) -> int: ...
    def key(self) -> bytes | None: ...
    def value(self) -> bytes | None: ...
    def headers(self) -> list[tuple[str, bytes]] | None:
        """Don't: ask `headers.read_headers`. On Kafka this is slow, None where there are none, without a value where a
        header has none, and the end of the process where a name is not UTF-8."""
        ...

    def timestamp(self) -> tuple[int, int]:
        """(kind, milliseconds): kind 1 is the writer's time, 2 the broker's (LogAppendTime)."""
        ...
