"""Readers and group members of the log in memory."""

from collections.abc import Mapping, Sequence

from passage_log.errors import Truncated, Unfit, Unreachable
from passage_log.memory.group import NOTHING, Group
from passage_log.memory.state import State
from passage_log.port import EARLIEST, Assignment, Assignor, Committed
from passage_log.positions import undecided
from passage_schemas.log_record import Partition, Record


class MemoryReader:
    def __init__(self, state: State) -> None:
        self._state = state
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._stalls: dict[Partition, int] = {}
        """How often each had been stalled when reading it began."""
        self._turn = 0

    def assign(self, positions: Mapping[Partition, int]) -> None:
        self._positions = dict(positions)
        self._paused = set()
        self._stalls = dict(self._state.stalls)

    def drop(self, partitions: frozenset[Partition]) -> None:
        """Read these no more; the others go on."""
        self._positions = {name: at for name, at in self._positions.items() if name not in partitions}
        self._paused -= partitions

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        return self._state.wait_for(lambda: self.look(max_records), timeout_seconds) or []

    def look(self, max_records: int) -> list[Record] | None:
        """What there is now; None if no position moved. The partitions take turns at being first."""
        found: list[Record] = []
        moved = False
        names = [name for name in self._positions if name not in self._paused and not self._is_stalled(name)]
        self._turn += 1
        for place in range(len(names)):
            name = names[(place + self._turn) % len(names)]
            moved |= self._read(name, max_records - len(found), found)
            if len(found) >= max_records:
                break
        return found if moved else None

    def _is_stalled(self, name: Partition) -> bool:
        return self._state.stalls.get(name, 0) > self._stalls.get(name, 0)

    def _read(self, name: Partition, most: int, found: list[Record]) -> bool:
        store = self._state.store(name)
        position = self._positions[name]
        if position == EARLIEST:
            position = store.first
        if not store.first <= position <= store.end:
            raise Truncated(
                f"{name.topic}[{name.number}]: offset {position} was asked for, the log has {store.first} to "
                f"{store.end}; raise the topic's retention, or start again from what is there"
            )
        records, after = store.take(position, most)
        found += records
        self._positions[name] = after
        return after != position

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._paused.difference_update(partitions)

    def position(self, partition: Partition) -> int:
        return self._positions[partition]

    def end(self, partition: Partition) -> int:
        with self._state.changed:
            return self._state.store(partition).end

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        with self._state.changed:
            return {partition: self._state.store(partition).end for partition in partitions}

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        with self._state.changed:
            return self._state.store(partition).offset_at(timestamp_ms)

    def close(self) -> None:
        self._positions = {}


class MemoryMember:
    """A reader that sits in a group. It joins when made, and learns what the group decided in `poll`."""

    def __init__(self, state: State, group_name: str, topics: Sequence[str], assignor: Assignor) -> None:
        self._state = state
        self._reader = MemoryReader(state)
        self._topics = tuple(topics)
        self._round = 0
        self._generation = 0
        with state.changed:
            self._group = _group(state, group_name, assignor)
            self._seat = self._group.join(topics)
            state.changed.notify_all()

    @property
    def group(self) -> Group:
        return self._group

    @property
    def generation(self) -> int:
        return self._generation

    def is_current(self) -> bool:
        """May this member commit? Its caller holds the log's lock."""
        return self._group.holds(self._seat) and self._generation == self._group.generation

    def expire(self) -> None:
        """The session has ended without the member knowing. Its caller holds the log's lock."""
        self._group.leave(self._seat)

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        def look() -> list[Record] | None:
            return self._reader.look(max_records) if self._hear() == self._round else []

        return self._state.wait_for(look, timeout_seconds) or []

    def _hear(self) -> int:
        """Take in what the group decided since the last poll. Gives the round from before."""
        for topic in self._topics:
            if topic not in self._state.partitions:
                raise Unfit(self._state.no_such(topic, 0))
        before = self._round
        if not self._group.holds(self._seat):
            self._change(lost=self._seat.holding, gained=NOTHING)
            self._seat = self._group.join(self._topics)
        while self._generation != self._group.generation:
            self._generation = self._group.generation
            granted, holding = self._seat.granted, self._seat.holding
            if self._group.assignor == "range":
                self._change(lost=holding, gained=granted)
            else:
                self._change(lost=holding - granted, gained=granted - holding)
            self._group.learn(self._seat)
            self._state.changed.notify_all()
        return before

    def _change(self, lost: frozenset[Partition], gained: frozenset[Partition]) -> None:
        self._reader.drop(lost)
        self._round += bool(lost) + bool(gained)

    def assignment(self) -> Assignment:
        return Assignment(self._round, self._seat.holding)

    def committed(self, partitions: Sequence[Partition], timeout_seconds: float) -> dict[Partition, Committed | None]:
        def look() -> dict[Partition, Committed | None] | None:
            if not self._group.undecided.keys().isdisjoint(partitions):
                return None
            return {partition: self._group.positions.get(partition) for partition in partitions}

        found = self._state.wait_for(look, timeout_seconds)
        if found is None:
            raise Unreachable(undecided(self._group.name, timeout_seconds))
        return found

    def assign(self, positions: Mapping[Partition, int]) -> None:
        self._reader.assign(positions)

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._reader.pause(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._reader.resume(partitions)

    def position(self, partition: Partition) -> int:
        return self._reader.position(partition)

    def end(self, partition: Partition) -> int:
        return self._reader.end(partition)

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        return self._reader.ends(partitions)

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        return self._reader.offset_at(partition, timestamp_ms)

    def close(self) -> None:
        with self._state.changed:
            self._group.leave(self._seat)
            self._reader.close()
            self._state.changed.notify_all()


def _group(state: State, name: str, assignor: Assignor) -> Group:
    group = state.groups.get(name)
    if group is None:
        group = state.groups[name] = Group(name, assignor, lambda topic: state.partitions.get(topic, ()))
    if group.assignor != assignor:
        if not group.is_empty():
            raise Unfit(f"group {name} shares its partitions by {group.assignor}; {assignor} members cannot join it")
        group.assignor = assignor
    return group
