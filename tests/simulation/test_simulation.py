"""A thousand worlds in which everything goes wrong, and workers that break one rule each: the simulation must find
nothing in the honest ones, and every one of the others."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest
import structlog

from passage_log.port import Committed, Member, Writer
from passage_processors import App, Worker
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.state.due_index import SWEPT_FROM, DueIndex
from passage_processors.core.state.instance import Instance
from passage_processors.core.state.instances import InstanceBook
from passage_processors.runtime import commit as commits
from passage_processors.runtime import worker
from passage_processors.runtime.restore import restore
from passage_processors.runtime.task import Step
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition, Record, Weighed
from passage_schemas.records import CUT
from tests.simulation.orders import DAY
from tests.simulation.simulation import PARTITIONS, WORLDS, Simulation, truth

SEEDS, CHUNK = 1_000, 50
MUTANT_SEEDS = 200
"""One world in which a mutant is found out is enough; an honest worker must come through all."""
LOOKED_AT_EACH = 4
"""How often a key in the due index is looked at, at most, for each that turns out to be due or cancelled."""


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """All live in one thread here: while one waits at the gate, nobody else could open it."""
    monkeypatch.setattr(worker, "GATE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _the_truth_is_known(_nobody_waits: None) -> None:
    for which in range(WORLDS):
        assert all(count > 10 for count, _ in truth(which))


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_whatever_goes_wrong_every_invariant_holds(first: int) -> None:
    wrong = {seed: found for seed in range(first, first + CHUNK) if (found := Simulation(seed).run())}

    assert wrong == {}


def test_the_worlds_are_worth_living_in() -> None:
    """Faults reach workers in the middle of their transactions, tasks change hands, bursts are cut, letters written."""
    struck, rounds, bursts, letters = 0, 0, 0, 0
    for seed in range(20):
        world = Simulation(seed)
        world.run()
        struck += world.struck
        rounds += len({one.worker._round.round for one in world.replicas.values() if one.worker})
        bursts += sum(CUT.decode(one.value() or b"").burst is not None for one in timelines(world))
        letters += len(world.clocks.records(Partition(world.app.dead_letters, 0)))
    assert struck > 100
    assert rounds > 20
    assert bursts > 20
    assert letters > 20


def test_ticks_are_let_go_again_and_again_and_no_fact_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every set of facts, thrice: a fact dated before a floor counts from there as soon as its worker hears of it, so
    two workers would differ by right. A clock that keeps too little would find faults that are none."""
    asked: list[bool] = []
    tells = TickHistory.tells

    def told(ticks: TickHistory, schedule: str, instant: Instant, folded: int) -> bool:
        asked.append(tells(ticks, schedule, instant, folded))
        return asked[-1]

    monkeypatch.setattr(TickHistory, "tells", told)
    floors = []
    for seed in (seed for block in (1, 7, 37) for seed in range(WORLDS * block, WORLDS * (block + 1))):
        world = Simulation(seed)
        assert world.keeps
        assert world.run() == []
        floors.append({entry.floor_ordinal for entry in world.clocks.entries() if entry.schedule == DAY} - {1})
    assert all(floors), "some world let nothing go"
    assert sum(len(each) > 1 for each in floors) > len(floors) / 2, "they let go at their ends only"
    assert len(asked) > 1_000
    assert all(asked), "a fact, or an old tick, was folded behind the floor that it is dated before"


def timelines(world: Simulation) -> list[Record]:
    return [one for number in range(PARTITIONS) for one in world.clocks.records(Partition(world.app.timeline, number))]


def test_a_tick_looks_at_what_is_due_and_not_at_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 9, at each tick of each world: what a bucket holds is due, or was cancelled and not yet swept."""
    looks: list[tuple[int, int]] = []
    pop = DueIndex.pop

    def counted(index: DueIndex, schedule: str, ordinal: int) -> list[bytes]:
        bucket = index._buckets.get(schedule, {}).get(ordinal)
        held = 0 if bucket is None else len(bucket.keys)
        found = pop(index, schedule, ordinal)
        looks.append((held, len(found)))
        return found

    monkeypatch.setattr(DueIndex, "pop", counted)
    for seed in range(10):
        assert Simulation(seed).run() == []
    assert sum(found for _, found in looks) > 100
    assert [look for look in looks if look[0] > LOOKED_AT_EACH * look[1] + LOOKED_AT_EACH * SWEPT_FROM] == []


# --- mutants ---------------------------------------------------------------------------------------------------------


def memory_applied_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """A commit that fails costs the writer only; the tasks go on from what was never committed."""
    patch.setattr(Worker, "_start_over", lambda worker: worker._writer.drop())


def positions_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    def commit(app: App, writer: Writer, member: Member, steps: Sequence[Step]) -> None:
        write(app, writer, steps)
        writer.commit()
        writer.begin()
        writer.commit(commits.positions_of(steps), member)

    patch.setattr(worker, "commit", commit)


def positions_committed_before_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Positions in a transaction of their own, then events."""

    def commit(app: App, writer: Writer, member: Member, steps: Sequence[Step]) -> None:
        writer.begin()
        writer.commit(commits.positions_of(steps), member)
        write(app, writer, steps)
        writer.commit()

    patch.setattr(worker, "commit", commit)


def a_transaction_of_ticks_alone_without_positions(patch: pytest.MonkeyPatch) -> None:
    """Only positions that moved are sent; where none did, nothing proves that this worker is still in office."""
    before: dict[tuple[int, Partition], int] = {}

    def commit(app: App, writer: Writer, member: Member, steps: Sequence[Step]) -> None:
        write(app, writer, steps)
        moved: dict[Partition, Committed] = {}
        for partition, position in commits.positions_of(steps).items():
            place = (id(writer), partition)
            if before.get(place) != position.offset:
                moved[partition] = position
            before[place] = position.offset
        if moved:
            writer.commit(moved, member)
        else:
            writer.commit()

    patch.setattr(worker, "commit", commit)


class WithoutTimeline:
    """A writer that forgets the timeline, and remembers where it should have gone."""

    def __init__(self, writer: Writer, timeline: str) -> None:
        self._writer = writer
        self._timeline = timeline
        self.cuts: list[tuple[Partition, bytes | None, int]] = []

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        if partition.topic == self._timeline:
            self.cuts.append((partition, value, timestamp_ms))
        else:
            self._writer.append(partition, key, value, timestamp_ms, headers)

    def append_each(self, partition: Partition, records: Iterable[Weighed], timestamp_ms: int) -> None:
        for key, value, headers, _size in records:
            self.append(partition, key, value, timestamp_ms, headers)

    def append_all(
        self, partition: Partition, prefix: bytes, values: Mapping[bytes, bytes | None], timestamp_ms: int
    ) -> None:
        self._writer.append_all(partition, prefix, values, timestamp_ms)


def timeline_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """The cut is written after the commit it tells of, by itself."""

    def commit(app: App, writer: Writer, member: Member, steps: Sequence[Step]) -> None:
        kept = WithoutTimeline(writer, app.timeline)
        writer.begin()
        for step in steps:
            commits.write_step(app, kept, step)  # type: ignore[arg-type]  # as much of a writer as is asked for
        writer.commit(commits.positions_of(steps), member)
        writer.begin()
        for partition, value, at in kept.cuts:
            writer.append(partition, None, value, at)
        writer.commit(commits.positions_of(steps), member)

    patch.setattr(worker, "commit", commit)


def a_due_index_that_forgets_no_wake_up(patch: pytest.MonkeyPatch) -> None:
    """What was cancelled, or put off, comes all the same."""
    honest = InstanceBook.put

    def put(book: InstanceBook, key: bytes, new: object) -> None:
        old = book.instance(key)
        wakes = getattr(old, "wakes", {})
        if hasattr(new, "wakes"):
            for name, wake in wakes.items():
                if not wake.parked and wake.due > book._folded.get(wake.schedule, 0):
                    new.wakes.setdefault(name, wake)
        honest(book, key, new)  # type: ignore[arg-type]  # what it was given

    patch.setattr(InstanceBook, "put", put)


def wake_ups_told_apart_by_value(patch: pytest.MonkeyPatch) -> None:
    """One that fires and is armed again alike, on one old tick, waits for nothing until a restart."""
    honest = InstanceBook.put

    def put(book: InstanceBook, key: bytes, new: object) -> None:
        old = book.instance(key)
        if isinstance(old, Instance) and isinstance(new, Instance) and old.wakes == new.wakes:
            new.wakes = old.wakes
        honest(book, key, new)  # type: ignore[arg-type]  # what it was given

    patch.setattr(InstanceBook, "put", put)


def counts_from_the_ticks_there_are(patch: pytest.MonkeyPatch) -> None:
    """What a schedule had come to at the start, or a mark, is looked up, and not kept: some ticks were let go."""
    patch.setattr(InstanceBook, "reached", lambda *_: {})


def a_restore_without_the_gate(patch: pytest.MonkeyPatch) -> None:
    """A new owner reads the changelog without asking whether its predecessor's transaction is decided."""

    def gate(app: App, member: Member, numbers: Iterable[int], timeout_seconds: float) -> dict[int, int]:
        return dict.fromkeys(numbers, 0)

    patch.setattr(restore, "gate", gate)


Mutant = Callable[[pytest.MonkeyPatch], None]
MUTANTS: list[Mutant] = [
    memory_applied_before_the_commit,
    positions_outside_the_transaction,
    positions_committed_before_the_transaction,
    a_transaction_of_ticks_alone_without_positions,
    timeline_outside_the_transaction,
    a_restore_without_the_gate,
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_worker_that_breaks_one_rule_is_found_out(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)

    assert [Simulation(seed, faults=False).run() for seed in range(WORLDS)] == [[]] * WORLDS, "it can't even work"
    assert any(Simulation(seed).run() for seed in range(MUTANT_SEEDS))


@pytest.mark.parametrize(
    "mutant",
    [a_due_index_that_forgets_no_wake_up, wake_ups_told_apart_by_value, counts_from_the_ticks_there_are],
)
def test_a_memory_that_breaks_one_rule_is_found_out(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)

    assert any(Simulation(seed).run() for seed in range(MUTANT_SEEDS))


def write(app: App, writer: Writer, steps: Sequence[Step]) -> None:
    writer.begin()
    for step in steps:
        commits.write_step(app, writer, step)
