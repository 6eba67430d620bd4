"""A task's state in bulk: many keys and values of equal lengths, laid end to end.

For keeping millions of them in a file and taking them back: a column is split in one call, where a record at a time
would cost a dozen operations each. Whoever holds the state decides what goes together.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, repeat
from struct import iter_unpack
from typing import NamedTuple

AT_ONCE = 10_000
"""Keys looked at in one step of a dump: some fifteen milliseconds, so that a worker does its work in between."""
BYTES_AT_ONCE = 4_000_000
FULL = 4_096
"""Rows that are worth a column of their own, and no column has more."""
FULL_BYTES = 1_000_000
_MOST_BYTES = 32_000_000
"""Held back in the hope of fuller columns."""
_WORTH_SHARING = 16


class Column(NamedTuple):
    """`rows` keys of `key_bytes` each and, in the same order, values of `value_bytes` each.

    `shared` says what all these values have in common, in the words of their book; empty where nothing is said.
    """

    rows: int
    key_bytes: int
    value_bytes: int
    shared: bytes
    keys: bytes
    values: bytes

    def split_keys(self) -> Iterator[bytes]:
        return _split(self.keys, self.key_bytes, self.rows)

    def split_values(self) -> Iterator[bytes]:
        return _split(self.values, self.value_bytes, self.rows)


def _split(laid: bytes, size: int, count: int) -> Iterator[bytes]:
    return chain.from_iterable(iter_unpack(f"{size}s", laid)) if size else repeat(b"", count)


_Rows = tuple[list[bytes], list[bytes]]
_Group = tuple[int, int, bytes]


def _unshared(value: bytes) -> bytes:
    del value
    return b""


def dumped(
    keys: Sequence[bytes], get: Callable[[bytes], bytes | None], shared_of: Callable[[bytes], bytes] = _unshared
) -> Iterator[list[Column]]:
    """What `get` says of the keys, `AT_ONCE` of them at each step, as columns; keys it no longer knows are left out.

    The state may change between the steps: each value is one that the key had at some moment since the first.
    """
    groups: defaultdict[_Group, _Rows] = defaultdict(lambda: ([], []))
    left, more = iter(keys), True
    while more:
        more, size = False, 0
        for key in islice(left, AT_ONCE):
            more = True
            value = get(key)
            if value is None:
                continue
            of_keys, of_values = groups[len(key), len(value), shared_of(value)]
            of_keys.append(key)
            of_values.append(value)
            size += len(value)
            if size > BYTES_AT_ONCE:
                break
        full = [group for group, rows in groups.items() if len(rows[0]) >= FULL or _size(group, rows) >= FULL_BYTES]
        columns = [column for group in full for column in _columns(group, groups.pop(group))]
        if not more or sum(_size(group, rows) for group, rows in groups.items()) > _MOST_BYTES:
            columns += _rest(groups)
            groups.clear()
        yield columns


def _size(group: _Group, rows: _Rows) -> int:
    return len(rows[0]) * (group[0] + group[1])


def _rest(groups: dict[_Group, _Rows]) -> list[Column]:
    """Small groups lose what they share, and become one with those of the same lengths."""
    merged: defaultdict[_Group, _Rows] = defaultdict(lambda: ([], []))
    for group, (keys, values) in groups.items():
        into = merged[group if len(keys) >= _WORTH_SHARING else (*group[:2], b"")]
        into[0].extend(keys)
        into[1].extend(values)
    return [column for group, rows in merged.items() for column in _columns(group, rows)]


def _columns(group: _Group, rows: _Rows) -> Iterator[Column]:
    """As many as keep each within a processor's own memory: longer ones take a sixth more to load."""
    keys, values = rows
    for first in range(0, len(keys), FULL):
        some = slice(first, first + FULL)
        yield Column(len(keys[some]), *group, b"".join(keys[some]), b"".join(values[some]))
