"""Workers that break one rule each: the check that finds nothing in honest ones must find every one of these.

A mutant lives here and nowhere else; no setting of the product turns one on.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest
import structlog

from passage_log.port import Committed, Member, Partition, Writer
from passage_processors import App, Worker
from passage_processors.runtime import commit as commits
from passage_processors.runtime import restore, worker
from passage_processors.runtime.task import Step
from tests.mutants.interrupted import PARTITIONS, WORLDS, Interrupted, truth

SEEDS = 100
MUTANT_SEEDS = 300
"""One world in which the mutant is found out is enough; an honest worker must come through all of its own."""


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both workers share one thread here: while one waits at the gate, nobody else could open it."""
    monkeypatch.setattr(worker, "GATE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _the_truth_is_known(_nobody_waits: None) -> None:
    for which in range(WORLDS):
        assert all(truth(which, number)[0] > 0 for number in range(PARTITIONS))


def test_whatever_interrupts_honest_workers_each_event_is_written_once() -> None:
    wrong = {seed: found for seed in range(SEEDS) if (found := Interrupted(seed).run())}

    assert wrong == {}


def test_the_worlds_are_worth_living_in() -> None:
    """Faults must reach the workers in the middle of their transactions."""
    for seed in range(10):
        world = Interrupted(seed)
        world.run()
        assert world.struck >= 5


Mutant = Callable[[pytest.MonkeyPatch], None]


def positions_committed_after_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Events first, positions in a transaction of their own."""

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


def a_restore_without_the_gate(patch: pytest.MonkeyPatch) -> None:
    """The changelog is read without asking whether the predecessor's last transaction is decided."""

    def gate(app: App, member: Member, numbers: Iterable[int], timeout_seconds: float) -> dict[int, int]:
        return dict.fromkeys(numbers, 0)

    patch.setattr(restore, "gate", gate)


def memory_kept_after_a_failed_commit(patch: pytest.MonkeyPatch) -> None:
    """Only the writer is replaced; the tasks go on from what was never committed."""
    patch.setattr(Worker, "_start_over", Worker._drop_writer)


MUTANTS: list[Mutant] = [
    positions_committed_after_the_transaction,
    positions_committed_before_the_transaction,
    a_transaction_of_ticks_alone_without_positions,
    a_restore_without_the_gate,
    memory_kept_after_a_failed_commit,
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_worker_that_breaks_one_rule_is_found_out(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)

    assert [Interrupted(seed, faults=False).run() for seed in range(WORLDS)] == [[]] * WORLDS, "it can't even work"
    assert first_found_out() is not None


def first_found_out() -> int | None:
    """The seed of the first world whose check finds something."""
    return next((seed for seed in range(MUTANT_SEEDS) if Interrupted(seed).run()), None)


def write(app: App, writer: Writer, steps: Sequence[Step]) -> None:
    writer.begin()
    for step in steps:
        commits.write_step(app, writer, step)
