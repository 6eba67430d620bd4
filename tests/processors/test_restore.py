"""A restored task equals the task that crashed, and whatever crashes when, each derived event is readable once."""

import random
from collections import Counter
from collections.abc import Mapping

import pytest

from passage_log.errors import WriterLost
from passage_log.memory.writer import MemoryWriter
from passage_log.port import Committed, Member
from passage_processors.errors import ProcessorError
from passage_processors.runtime.worker import Worker
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices


def memory_of(worker: Worker) -> dict[int, object]:
    """Everything a task remembers, in plain values; how far it has read ahead is no memory."""
    return {
        number: (
            task.cut, task.sequence, {name: at for name, at in task.fold.folded.items() if at}, task.fold.burst,
            [dict(book.items()) for book in task.fold.books],
            [(book.open, book.passed) for book in task.fold.books],
            [(one.topic, one.count) for one in task.inputs],
        )
        for number, task in worker.tasks.items()
    }  # fmt: skip


def fill(world: World, seed: int, invoices_sent: int = 60, days: int = 40) -> None:
    """Invoices of every age, half of them paid at some time, and the days among them."""
    choose = random.Random(seed)
    facts: list[tuple[float, InvoiceSent | InvoicePaid]] = []
    for number in range(invoices_sent):
        sent = choose.uniform(0, days - 5)
        facts.append((sent, InvoiceSent(f"inv-{number}", terms=choose.randint(1, 8))))
        if choose.random() < 0.5:
            facts.append((sent + choose.uniform(0.1, 30), InvoicePaid(f"inv-{number}")))
    for at, fact in sorted(facts, key=lambda pair: pair[0]):
        world.fact(fact, day(at))
    world.days(1, days)


def ids(world: World) -> list[bytes]:
    return [dict(record.headers() or [])["ce_id"] for record in world.output()]


def expected(seed: int) -> list[bytes]:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, seed)
    world.settle(world.worker())
    return ids(world)


@pytest.mark.parametrize("seed", range(20))
def test_a_worker_killed_at_any_moment_is_continued_without_a_trace(seed: int) -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, seed)
    choose = random.Random(seed)
    worker = world.worker(max_facts=choose.randint(1, 20), max_fires=choose.randint(1, 3))
    before: dict[int, object] = {}
    for _ in range(2000):
        committed = worker.turn(0.0)
        if worker.tasks:
            before = memory_of(worker)
        if choose.random() < 0.2:
            world.log.expire(worker._member)
            worker = world.worker(max_facts=choose.randint(1, 20), max_fires=choose.randint(1, 3))
            for _ in range(4):  # restored, but nothing folded yet
                if not worker.tasks:
                    worker._resume_at = 1.0
                    worker.turn(0.0)
            assert not before or memory_of(worker) == before
            worker._resume_at = 0.0
        elif not committed and worker.tasks and not worker.tasks[0].pending and not worker.tasks[0].tick_waits:
            break
    assert ids(world) == expected(seed)


def test_a_commit_that_fails_costs_the_memory_and_not_an_event() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 1)
    seconds = iter(range(0, 1_000_000, 2))
    worker = Worker(world.app, world.log, "a", monotonic=lambda: float(next(seconds)), max_facts=7)
    failures = 0
    for turn in range(400):
        worker.turn(0.0)
        if turn % 9 == 0 and worker._writer.is_open:
            world.log.writer("invoices/a").open()  # somebody takes the transactional id: the next commit is fenced
            failures += 1
    assert failures > 5
    world.settle(worker)
    assert ids(world) == expected(1)


def test_a_burst_is_cut_into_bounded_transactions_in_an_order_that_does_not_depend_on_their_size() -> None:
    outputs = []
    for max_fires in (1, 3, 1000):
        world = World(invoices())
        world.name(next_at=day(1))
        for number in range(20):
            world.fact(InvoiceSent(f"inv-{number}", terms=2), day(0.5))
        world.days(1, 3)
        world.settle(world.worker(max_fires=max_fires))
        outputs.append([(record.key(), record.value(), record.timestamp()) for record in world.output()])
        cuts = [CUT.decode(record.value() or b"") for record in world.records("invoices.timeline")]
        assert any(cut.burst for cut in cuts) == (max_fires < 20)
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(outputs[0]) == 20


def test_two_workers_share_the_partitions_and_take_over_from_each_other() -> None:
    world = World(invoices(), partitions=4)
    world.name(next_at=day(1))
    fill(world, 3)
    first, second = world.worker("a"), world.worker("b")
    world.settle(first, second)
    assert sorted([*first.tasks, *second.tasks]) == [0, 1, 2, 3]
    assert len(first.tasks) == 2
    second.close()
    world.days(41, 80)
    world.settle(first)
    assert sorted(first.tasks) == [0, 1, 2, 3]
    alone = World(invoices(), partitions=4)
    alone.name(next_at=day(1))
    fill(alone, 3)
    alone.days(41, 80)
    alone.settle(alone.worker())
    assert Counter(ids(world)) == Counter(ids(alone))


def test_a_task_nobody_else_moved_survives_a_reassignment_and_is_not_restored() -> None:
    world = World(invoices(), partitions=2)
    world.name(next_at=day(1))
    fill(world, 3)
    first = world.worker("a")
    world.settle(first)
    kept = first.tasks[0]
    second = world.worker("b")
    world.settle(first, second)
    assert list(first.tasks) == [0]
    assert first.tasks[0] is kept


def test_a_deposed_worker_writes_nothing_readable() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 5)
    zombie = world.worker("zombie", max_facts=10)
    for _ in range(6):
        zombie.turn(0.0)
    world.log.expire(zombie._member)
    heir = world.worker("heir")
    world.settle(heir)
    before = ids(world)
    for _ in range(10):
        zombie.turn(0.0)
    world.settle(heir)
    assert ids(world) == before == expected(5)


def test_a_changelog_that_lost_its_end_is_noticed() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 5)
    worker = world.worker(max_facts=10)
    world.settle(worker)
    worker.close()
    changelog = Partition("invoices.changelog", 0)
    world.log.truncate(changelog, world.log.reader().end(changelog))
    with pytest.raises(ProcessorError, match="the changelog lost records"):
        world.settle(world.worker())


def test_a_writer_lost_mid_transaction_leaves_nothing_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 6)
    seconds = iter(range(0, 1_000_000, 2))
    worker = Worker(world.app, world.log, "a", monotonic=lambda: float(next(seconds)), max_facts=7)
    original = MemoryWriter.commit
    lost = iter([False, True, False, True] + [False] * 10_000)

    def commit(
        self: MemoryWriter,
        positions: Mapping[Partition, Committed] | None = None,
        member: Member | None = None,
    ) -> None:
        if member is not None and next(lost):
            raise WriterLost("the connection broke before the commit")
        original(self, positions, member)

    monkeypatch.setattr(MemoryWriter, "commit", commit)
    world.settle(worker)
    for _ in range(50):
        worker.turn(0.0)
    world.settle(worker)
    assert ids(world) == expected(6)
