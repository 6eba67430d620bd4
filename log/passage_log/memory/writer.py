"""Writers of the log in memory: transactional ones with epochs, and plain ones.

States of a MemoryWriter: made -> (open) idle -> (begin) in transaction -> (commit, abort) idle; from any state, when a
newer writer opens or the transaction times out, -> fenced for good.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from passage_log.errors import Fenced, LogError, Refused, Unfit, WriterLost
from passage_log.memory.group import Group
from passage_log.memory.reader import MemoryMember
from passage_log.memory.state import State
from passage_log.memory.store import LOG_APPEND_TIME, NOBODY, MemoryRecord, Store
from passage_log.port import Committed, Delivery, Member
from passage_log.positions import check_positions, check_timestamp
from passage_log.sizes import stored_bytes, too_large
from passage_schemas.log_record import Headers, Partition, Weighed


class MemoryWriter:
    def __init__(self, state: State, transactional_id: str) -> None:
        self._state = state
        self._id = transactional_id
        self._number = NOBODY
        self._is_open = False
        self._in_transaction = False
        self._fenced = False
        self._spoilt: LogError | None = None
        self._entered: dict[Partition, Store] = {}
        self._groups: dict[str, tuple[Group, dict[Partition, Committed]]] = {}

    @property
    def in_transaction(self) -> bool:
        return self._in_transaction

    def open(self) -> None:
        state = self._state
        with state.changed:
            self._check_epoch()
            older = state.writers.get(self._id)
            if older is not None:
                older.fence()
            state.writers_ever += 1
            self._number = state.writers_ever
            self._is_open, self._fenced, self._in_transaction = True, False, False
            state.writers[self._id] = self
            state.changed.notify_all()

    def fence(self) -> None:
        """A newer epoch exists: what is open is aborted, and this writer can do no more. Its caller holds the lock."""
        self._end(committed=False)
        self._fenced = True

    def begin(self) -> None:
        with self._state.changed:
            self._check_epoch()
            if not self._is_open or self._in_transaction:
                raise WriterLost(f"writer {self._id}: begin before open, or a second time; this is a bug of the caller")
            self._in_transaction = True

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> None:
        with self._state.changed:
            if not self._in_transaction:
                self._check_transaction()
            store = self._entered.get(partition)
            if store is None:
                store = self._enter(partition)
            try:
                _store(self._state, store, key, value, timestamp_ms, headers, self._number)
            except Unfit as error:
                # As on Kafka, where the broker looks at timestamps only after the append: the transaction is lost.
                self._spoilt = error

    def append_all(
        self, partition: Partition, prefix: bytes, values: Mapping[bytes, bytes | None], timestamp_ms: int
    ) -> None:
        for key, value in values.items():
            self.append(partition, prefix + key, value, timestamp_ms)

    def append_each(self, partition: Partition, records: Iterable[Weighed], timestamp_ms: int) -> None:
        for key, value, headers, _size in records:
            self.append(partition, key, value, timestamp_ms, headers)

    def deliver(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> Delivery:
        with self._state.changed:
            self.append(partition, key, value, timestamp_ms, headers)
            if self._spoilt is not None:
                raise self._give_up(self._spoilt)
            stored = cast(MemoryRecord, self._entered[partition].slots[-1])
            return Delivery(partition, stored.offset(), stored.timestamp()[1])

    def send_positions(self, positions: Mapping[Partition, Committed], member: Member) -> None:
        """First half of a commit with positions: they become part of the transaction, undecided until it ends."""
        with self._state.changed:
            self._check_transaction()
            check_positions(positions)
            assert isinstance(member, MemoryMember), "a member of another log"
            if not member.is_current():
                moved_on = (
                    f"this member knows generation {member.generation}, the group is at {member.group.generation}"
                )
                raise self._give_up(Fenced(f"group {member.group.name} has moved on: {moved_on}"))
            _, sent = self._groups.setdefault(member.group.name, (member.group, {}))
            sent.update(positions)
            for partition in positions:
                member.group.undecided.setdefault(partition, set()).add(self._number)

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        if (positions is None) != (member is None):
            raise ValueError("positions are committed for a member, and a member commits positions: give both or none")
        with self._state.changed:
            self._check_transaction()
            if positions is not None and member is not None:
                self.send_positions(positions, member)
            if self._spoilt is not None:
                raise self._give_up(self._spoilt)
            self._end(committed=True)

    def abort(self) -> None:
        with self._state.changed:
            self._check_transaction()
            self._end(committed=False)

    @property
    def is_doubtful(self) -> bool:
        """There are no connections here to lose."""
        return False

    def discard(self) -> None:
        """Nothing to let go of: the log still holds the open transaction."""

    def _end(self, committed: bool) -> None:
        for store in self._entered.values():
            store.decide(self._number, committed)
        for group, sent in self._groups.values():
            if committed:
                group.positions.update(sent)
            for partition in sent:
                group.undecided[partition].discard(self._number)
                if not group.undecided[partition]:
                    del group.undecided[partition]
        self._entered, self._groups, self._in_transaction, self._spoilt = {}, {}, False, None
        self._state.changed.notify_all()

    def _give_up(self, error: LogError) -> LogError:
        self._end(committed=False)
        return error

    def _enter(self, partition: Partition) -> Store:
        store = self._state.store(partition)
        store.open[self._number] = store.end
        self._entered[partition] = store
        return store

    def _check_epoch(self) -> None:
        if self._fenced:
            raise Fenced(f"a newer writer holds {self._id}")

    def _check_transaction(self) -> None:
        self._check_epoch()
        if not self._in_transaction:
            raise WriterLost(f"writer {self._id}: no transaction is open; this is a bug of the caller")


class MemoryAppender:
    """Plain writes: each record is on the log at once; what the broker refuses is told by `flush`, as on Kafka."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._refused: LogError | None = None

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> None:
        with self._state.changed:
            store = self._state.store(partition)
            try:
                _store(self._state, store, key, value, timestamp_ms, headers, NOBODY)
            except Unfit as error:
                self._refused = Refused(str(error))

    def flush(self) -> None:
        with self._state.changed:
            self._state.changed.notify_all()
            refused, self._refused = self._refused, None
        if refused is not None:
            raise refused

    def close(self) -> None:
        with self._state.changed:
            self._state.changed.notify_all()


def _store(
    state: State,
    store: Store,
    key: bytes | None,
    value: bytes | None,
    timestamp_ms: int,
    headers: Headers,
    writer: int,
) -> None:
    """Hot: 300,000 a second. Whatever is rare is behind one comparison."""
    if headers or (value is not None and len(value) > store.light_bytes):
        size = stored_bytes(key, value, headers)
        if size > store.max_bytes:
            raise Refused(too_large(store.topic, size, store.max_bytes))
    if timestamp_ms < 1:
        check_timestamp(store.name, timestamp_ms)
    if timestamp_ms > state.newest_ms:
        state.newest_ms = timestamp_ms
    if store.kind == LOG_APPEND_TIME:
        timestamp_ms = state.broker_ms()
    elif store.is_choosy:
        store.check_timestamp(timestamp_ms, state.broker_ms())
    slots = store.slots
    slots.append(
        MemoryRecord(
            (store.topic, store.number, store.first + len(slots), key, value, store.kind, timestamp_ms, headers, writer)
        )
    )
