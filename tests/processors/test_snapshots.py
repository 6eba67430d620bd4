"""A task restored from a snapshot equals the one that crashed; what is wrong with a snapshot costs it, and no more."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from passage_log.kafka import KafkaLog
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.state.case import OPEN, CaseState, encode_case
from passage_processors.core.state.cases import CaseBook
from passage_processors.core.state.columns import Column
from passage_processors.errors import ProcessorError
from passage_processors.model.process import Effects, Emit, End, Moment, Process, Remember, Wake, on, starts_on, wakes
from passage_processors.model.ticks import SeenTick
from passage_processors.runtime.restore.snapshot_file import (
    COLUMN,
    Ending,
    Scribe,
    SnapshotFile,
    Unusable,
    _decode_column,
    encode_column,
)
from passage_processors.runtime.worker import Worker
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from tests.processors.test_restore import fill, ids, memory_of
from tests.processors.world import (
    DAY,
    AccountWasSuspended,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
)

CHANGELOG = Partition("invoices.changelog", 0)


def start(world: World, directory: Path, name: str = "a", **settings: int) -> Worker:
    return Worker(world.app, world.log, name, monotonic=lambda: 0.0, snapshots=directory, **settings)


def taken(worker: Worker) -> Path:
    """Let the worker take its snapshots now, as it does when it stops."""
    assert worker.snapshots is not None
    worker.snapshots.finish(worker.tasks, seconds=30.0)
    (path,) = {worker.snapshots.path(number) for number in worker.tasks}
    return path


def restored(world: World, directory: Path) -> tuple[object, list[str]]:
    """The memory a new worker comes to before it folds anything, and what it said of the snapshot."""
    worker = start(world, directory)
    worker._resume_at = 1.0
    with capture_logs() as logs:
        for _ in range(10):
            worker.turn(0.0)
            if worker.tasks:
                break
    memory = memory_of(worker)
    worker.close()
    return memory, [one["event"] for one in logs if one["event"].startswith("snapshot_")]


def from_changelog(world: World, tmp_path: Path) -> object:
    return restored(world, tmp_path / "nothing here")[0]


def a_world(seed: int = 1) -> World:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, seed)
    return world


def a_snapshot(world: World, directory: Path, turns: int = 8) -> Path:
    """Taken in the midst of the work, which then goes on to its end."""
    worker = start(world, directory, max_facts=7, max_fires=3)
    for _ in range(turns):
        worker.turn(0.0)
    path = taken(worker)
    world.settle(worker)
    worker.close()
    return path


@pytest.mark.parametrize("seed", range(10))
def test_a_task_restored_from_a_snapshot_and_the_tail_is_the_one_restored_from_the_changelog(
    seed: int, tmp_path: Path
) -> None:
    world = a_world(seed)
    a_snapshot(world, tmp_path, turns=random.Random(seed).randint(3, 40))
    memory, said = restored(world, tmp_path)
    assert said == ["snapshot_loaded"]
    assert memory == from_changelog(world, tmp_path)


def test_a_worker_that_snapshots_all_the_time_and_is_killed_at_any_moment_is_continued_without_a_trace(
    tmp_path: Path,
) -> None:
    expected = a_world()
    expected.settle(expected.worker())
    world, choose = a_world(), random.Random(1)
    loaded = 0
    for _ in range(30):
        worker = start(world, tmp_path, max_facts=5, max_fires=2)
        assert worker.snapshots is not None
        with capture_logs() as logs:
            for _ in range(choose.randint(1, 12)):
                worker.turn(0.0)
                worker.snapshots.advance(worker.tasks, 0.01)
            if choose.random() < 0.5 and worker.tasks:
                taken(worker)
        loaded += any(one["event"] == "snapshot_loaded" for one in logs)
        world.log.expire(worker._member)
    world.settle(start(world, tmp_path))
    assert loaded > 5
    assert ids(world) == ids(expected)


def test_a_snapshot_may_be_copied_while_the_task_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passage_processors.core.state.columns.AT_ONCE", 2)
    world = a_world(3)
    worker = start(world, tmp_path, max_facts=3, max_fires=1)
    assert worker.snapshots is not None
    for _ in range(30):
        worker.turn(0.0)
    begun_at = worker.tasks[0].cut.number
    worker.snapshots._start(worker.tasks[0])
    for _ in range(400):
        worker.turn(0.0)  # a slice of the copy is part of a turn
    while worker.snapshots.is_copying:
        worker.snapshots.advance(worker.tasks, 1.0)
    worker.close()
    cut = SnapshotFile(tmp_path / "invoices-0.snapshot")
    list(cut.columns())
    cut.close()
    assert cut.last_cut > begun_at
    memory, said = restored(world, tmp_path)
    assert said == ["snapshot_loaded"]
    assert memory == from_changelog(world, tmp_path)


@dataclass(frozen=True)
class Chased:
    times: int = 0


class Chasing(Process[Chased]):
    """Chases an invoice every second day, four times, and then forgets it."""

    name = "chasing"
    state = Chased
    schedules = (DAY,)
    emits = (AccountWasSuspended,)

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Chased], fact: InvoiceSent) -> Effects:
        return [Wake("chase", after=2, of=DAY)]

    @on(InvoicePaid)
    def paid(self, now: Moment[Chased], fact: InvoicePaid) -> Effects:
        return [End()]

    @wakes("chase")
    def chase(self, now: Moment[Chased]) -> Effects:
        times = now.state.times + 1
        again: Effects = [Wake("chase", after=2, of=DAY)] if times < 4 else [End()]
        return [Remember(Chased(times)), Emit(AccountWasSuspended(now.key)), *again]


@pytest.mark.parametrize("seed", range(6))
def test_processes_come_back_from_a_snapshot_as_policies_do(seed: int, tmp_path: Path) -> None:
    world = World(invoices(overdue(), processes=[Chasing()]))
    world.name(next_at=day(1))
    fill(world, seed)
    a_snapshot(world, tmp_path, turns=random.Random(seed).randint(3, 60))
    memory, said = restored(world, tmp_path)
    assert said == ["snapshot_loaded"]
    assert memory == from_changelog(world, tmp_path)


def test_a_snapshot_is_used_on_kafka(kafka_log: KafkaLog, topic_name: Callable[..., str], tmp_path: Path) -> None:
    name, billing = topic_name("app"), topic_name("billing")
    app = invoices(
        name=name, inputs={billing: [InvoiceSent, InvoicePaid]}, output=f"{name}.derived", ticks_topic=f"{name}.ticks",
        schedules_topic=f"{name}.schedules",
    )  # fmt: skip
    world = World(app, kafka_log)  # type: ignore[arg-type]  # only what any log has is asked of it
    world.name(next_at=day(1))
    for number in range(200):
        world.fact(InvoiceSent(f"inv-{number}", terms=5), day(0.001 * (number + 1)), billing)

    def work(worker: Worker, until_tick: int) -> None:
        for _ in range(600):
            worker.turn(0.05)
            if worker.is_idle and worker.tasks and worker.tasks[0].cut.tick_sequence == until_tick:
                return
        seen = [(task.cut, task.pending, task.tick_waits) for task in worker.tasks.values()]
        raise AssertionError(f"not worked off: {worker.stage} {seen}")

    world.days(1, 2)
    first = Worker(app, kafka_log, "a", snapshots=tmp_path)
    work(first, 2)
    taken(first)
    world.fact(InvoicePaid("inv-7"), day(2.5), billing)
    world.days(3, 3)
    work(first, 3)
    memory = memory_of(first)
    first.close()
    second = Worker(app, kafka_log, "a", snapshots=tmp_path)
    with capture_logs() as logs:
        work(second, 3)
    assert [one["event"] for one in logs if one["event"].startswith("snapshot_")] == ["snapshot_loaded"]
    assert memory_of(second) == memory
    world.days(4, 6)
    work(second, 6)
    second.close()
    assert len(world.output()) == 199


# --- what is wrong with a file ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, bytes, object, object]:
    """A world whose work is done, the bytes of a snapshot from its midst, and the memory that must come of both."""
    directory = tmp_path_factory.mktemp("snapshots")
    world = a_world()
    path = a_snapshot(world, directory)
    return world, path.read_bytes(), from_changelog(world, directory), directory


Written = tuple[World, bytes, object, Path]
EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def came_of(written: Written, content: bytes) -> list[str]:
    """What is said of these bytes in the snapshot's place; the memory must be right whatever they are."""
    world, _whole, expected, directory = written
    (directory / "invoices-0.snapshot").write_bytes(content)
    memory, said = restored(world, directory)
    assert memory == expected
    return said


def test_the_whole_file_is_used(written: Written) -> None:
    assert came_of(written, written[1]) == ["snapshot_loaded"]


def test_no_byte_of_its_last_part_may_differ(written: Written) -> None:
    """Its length among them: one that promises more than there is reads the same payload."""
    for back in range(1, 100):
        content = bytearray(written[1])
        content[-back] ^= 1
        assert came_of(written, bytes(content)) == ["snapshot_ignored"], back


@EXAMPLES
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_file_with_any_byte_changed_is_ignored(written: Written, place: float, flip: int) -> None:
    content = bytearray(written[1])
    content[int(place * len(content))] ^= flip
    assert came_of(written, bytes(content)) == ["snapshot_ignored"]


@EXAMPLES
@given(place=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_ignored(written: Written, place: float) -> None:
    assert came_of(written, written[1][: int(place * len(written[1]))]) == ["snapshot_ignored"]


@EXAMPLES
@given(st.binary(min_size=1, max_size=50))
def test_a_file_that_goes_on_is_ignored(written: Written, more: bytes) -> None:
    assert came_of(written, written[1] + more) == ["snapshot_ignored"]


@EXAMPLES
@given(st.binary(max_size=200))
def test_garbage_is_ignored(written: Written, garbage: bytes) -> None:
    assert came_of(written, garbage) == ["snapshot_ignored"]
    assert came_of(written, b"passage snapshot 1\n" + garbage) == ["snapshot_ignored"]


def test_parts_that_are_whole_but_exchanged_or_lost_are_ignored(written: Written, tmp_path: Path) -> None:
    whole, parts, at = written[1], [], len(b"passage snapshot 1\n")
    begin = at
    while at < len(whole):
        length = 37 + int.from_bytes(whole[at + 1 : at + 5], "little")
        parts.append(whole[at : at + length])
        at += length
    assert len(parts) > 3
    for other in ([parts[0], *parts[2:]], [parts[0], parts[2], parts[1], *parts[3:]], [*parts[:2], *parts[1:]]):
        assert came_of(written, whole[:begin] + b"".join(other)) == ["snapshot_ignored"]


def test_what_cannot_be_read_is_ignored(written: Written) -> None:
    world, whole, expected, directory = written
    path = directory / "invoices-0.snapshot"
    path.unlink(missing_ok=True)
    path.mkdir()
    try:
        assert restored(world, directory) == (expected, ["snapshot_ignored"])
    finally:
        path.rmdir()
        path.write_bytes(whole)


def test_a_directory_that_cannot_be_written_costs_the_snapshot_and_not_the_worker(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    world = a_world()
    worker = start(world, tmp_path / "file")
    world.settle(worker)
    with capture_logs() as logs:
        taken(worker)
    assert [one["event"] for one in logs] == ["snapshot_failed"]
    world.days(41, 80)
    world.settle(worker)
    assert worker.tasks[0].cut.number > 1


# --- a file that is whole, but not of this task ----------------------------------------------------------------------


def head_changed(path: Path, **changes: object) -> None:
    """The same state under another head, every digest right."""
    file = SnapshotFile(path)
    columns = list(file.columns())
    head = file.head
    file.close()
    scribe = Scribe(path, replace(head, **changes))  # type: ignore[arg-type]  # a test's own shorthand
    scribe.start()
    for column in columns:
        while scribe.is_behind:
            scribe.join(0.001)
        scribe.write([(COLUMN, encode_column(*column))])
    while scribe.is_behind:
        scribe.join(0.001)
    scribe.write_end(Ending(sum(column.rows for _unit, column in columns), file.last_cut))
    scribe.join()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"app": "another"}, "of another app"),
        ({"cluster": "another"}, "of another cluster"),
        ({"partition": 1}, "of another partition"),
        ({"topic": "another.changelog"}, "of another changelog"),
        ({"identity": "7000"}, "of another changelog's identity"),
        ({"units": ("overdue",)}, "have changed since"),
        ({"offset": 1_000_000}, "the changelog ends at"),
        ({"offset": 3}, "not what stands in that place"),
        ({"cut": "00"}, "its cut can't be read"),
        ({"cut": "no digits"}, "its cut can't be read"),
    ],
)
def test_a_foreign_snapshot_is_ignored_with_its_reason(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    world = a_world()
    head_changed(a_snapshot(world, tmp_path), **changes)
    worker = start(world, tmp_path)
    with capture_logs() as logs:
        world.settle(worker)
    (ignored,) = [one for one in logs if one["event"] == "snapshot_ignored"]
    assert reason in ignored["reason"]
    memory = memory_of(worker)
    worker.close()
    assert memory == from_changelog(world, tmp_path)


@pytest.mark.parametrize("sent", [1, 20])
@pytest.mark.parametrize(("then", "now"), [(None, 2), (2, None)])
def test_a_snapshot_of_another_kind_of_unit_is_refused_as_its_changelog_is(
    then: int | None, now: int | None, sent: int, tmp_path: Path
) -> None:
    world = World(invoices(overdue(every=then)))
    world.name(next_at=day(1))
    first = start(world, tmp_path)
    for number in range(sent):
        world.fact(InvoiceSent(f"inv-{number}"), day(0.1))
    for _ in range(8):
        first.turn(0.0)
    taken(first)
    world.fact(InvoiceSent("in the tail"), day(0.2))
    world.settle(first)
    first.close()
    world.app = invoices(overdue(every=now))
    for directory in (tmp_path, tmp_path / "nothing here"):
        worker = start(world, directory)
        with pytest.raises(ProcessorError, match="state of 'overdue' was written by another kind of unit"):
            world.settle(worker)
        worker.close()


def test_a_changelog_that_was_deleted_and_created_again_is_noticed(tmp_path: Path) -> None:
    world = a_world()
    path = a_snapshot(world, tmp_path)
    kept = path.read_bytes()
    file = SnapshotFile(path)
    offset = file.head.offset
    file.close()
    world.log.recreate(CHANGELOG.topic)
    new = World(world.app, world.log)
    for topic in (world.app.output, world.app.timeline):
        world.log.recreate(topic)
    path.unlink()
    # A group that is new, as after the offsets expired: the app starts anew from what the inputs still have.
    world.log._state.groups.clear()
    worker = start(world, tmp_path / "elsewhere", max_facts=1)
    new.settle(worker)
    worker.close()
    assert world.log.reader().end(CHANGELOG) > offset
    path.write_bytes(kept)
    memory, said = restored(world, tmp_path)
    assert said == ["snapshot_ignored"]
    assert memory == from_changelog(world, tmp_path)


def test_keys_whose_null_values_were_compacted_away_do_not_come_back(tmp_path: Path) -> None:
    world = World(invoices(overdue(marker_ticks=1)))
    world.name(next_at=day(1))
    for number in range(20):
        world.fact(InvoiceSent(f"inv-{number}", terms=30), day(0.1))
    worker = start(world, tmp_path)
    world.settle(worker)
    taken(worker)
    for number in range(5):
        world.fact(InvoicePaid(f"inv-{number}"), day(0.5))
    world.days(1, 4)
    world.settle(worker)
    assert worker.tasks[0].entries == 15
    worker.close()
    kept = restored(world, tmp_path)
    assert kept == (from_changelog(world, tmp_path), ["snapshot_loaded"])
    world.log.compact(CHANGELOG.topic)  # The cut's own record goes, the null values stay.
    assert restored(world, tmp_path) == kept
    world.log.compact(CHANGELOG.topic, forget_deleted=True)
    assert restored(world, tmp_path) == (kept[0], ["snapshot_ignored"])


def test_a_changelog_whose_beginning_was_let_go_past_the_snapshot_is_read_from_what_is_left(tmp_path: Path) -> None:
    world = a_world()
    a_snapshot(world, tmp_path)
    worker = start(world, tmp_path)
    world.fact(InvoiceSent("inv-new", terms=1), day(39.5))
    world.settle(worker)
    worker.close()
    world.log.truncate(CHANGELOG, world.log.reader().end(CHANGELOG) - 3)
    memory, said = restored(world, tmp_path)
    assert said == ["snapshot_ignored"]
    assert memory == from_changelog(world, tmp_path)


def test_two_workers_share_a_directory_and_take_over_from_each_other(tmp_path: Path) -> None:
    world = World(invoices(), partitions=4)
    world.name(next_at=day(1))
    fill(world, 3)
    first, second = start(world, tmp_path, "a"), start(world, tmp_path, "b")
    world.settle(first, second)
    for worker in (first, second):
        assert worker.snapshots is not None
        worker.snapshots.finish(worker.tasks, seconds=30.0)
    assert sorted(one.name for one in tmp_path.iterdir()) == [f"invoices-{number}.snapshot" for number in range(4)]
    before = {**memory_of(first), **memory_of(second)}
    second.close()
    with capture_logs() as logs:
        world.settle(first)
    assert sum(one["event"] == "snapshot_loaded" for one in logs) == 2
    assert memory_of(first) == before


def test_a_writer_killed_in_its_midst_leaves_the_snapshot_before(tmp_path: Path) -> None:
    world = a_world()
    path = a_snapshot(world, tmp_path)
    whole = path.read_bytes()
    scribe = Scribe(path, SnapshotFile(path).head)
    scribe.start()
    scribe.abandon()
    scribe.join()
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / f".{path.name}.left").write_bytes(whole[:100])  # as kill -9 leaves it
    assert path.read_bytes() == whole
    assert restored(world, tmp_path)[1] == ["snapshot_loaded"]


def test_a_copy_whose_task_has_moved_is_given_up(tmp_path: Path) -> None:
    world = a_world()
    worker = start(world, tmp_path)
    world.settle(worker)
    assert worker.snapshots is not None
    worker.snapshots._start(worker.tasks[0])
    with capture_logs() as logs:
        worker.snapshots.advance({})
    assert [one["reason"] for one in logs] == ["the task has moved"]
    assert not list(tmp_path.glob("*.snapshot"))


# --- columns ---------------------------------------------------------------------------------------------------------

KEYS = st.binary(max_size=6)
CASES = st.builds(
    CaseState,
    kind=st.sampled_from([1, 2, 3]),
    started=st.integers(0, 10).map(Instant),
    due=st.integers(4, 9),
    ticks=st.integers(1, 4),
    schedule=st.sampled_from(["day.utc", "week.utc"]),
    fact=st.binary(max_size=3),
)


def a_book() -> CaseBook:
    ticks = TickHistory()
    for ordinal in range(1, 4):
        ticks.add(SeenTick("day.utc", ordinal, ordinal, Instant(ordinal)))
    return CaseBook(ticks, lambda _key, _value: None)


def seen(book: CaseBook) -> object:
    due = {
        (schedule, ordinal): book._due.pop(schedule, ordinal)
        for schedule in ("day.utc", "week.utc")
        for ordinal in range(15)
    }
    return dict(book.items()), book.open, book.passed, due


@settings(max_examples=200)
@given(
    before=st.dictionaries(KEYS, CASES, max_size=30),
    changes=st.dictionaries(KEYS, st.none() | CASES, max_size=15),
    folded=st.integers(0, 8),
)
def test_columns_and_then_what_changed_come_to_the_same_as_what_is_there(
    before: dict[bytes, CaseState], changes: dict[bytes, CaseState | None], folded: int
) -> None:
    at = {"day.utc": folded}
    encoded = {key: None if case is None else encode_case(case) for key, case in changes.items()}
    old, book, plain = a_book(), a_book(), a_book()
    now = {key: encode_case(case) for key, case in before.items()}
    old.load(dict(now), {})
    for columns in old.dump():
        for column in columns:
            book.load_column(column, at)
    book.unload(encoded)
    book.load({key: value for key, value in encoded.items() if value is not None}, at)
    now.update({key: value for key, value in encoded.items() if value is not None})
    plain.load({key: value for key, value in now.items() if encoded.get(key, value) is not None}, at)
    assert seen(book) == seen(plain)


def test_many_cases_that_wait_in_one_place_are_one_column() -> None:
    book = a_book()
    cases = {b"%03d" % n: encode_case(CaseState(OPEN, Instant(n), 9, 2, "day.utc", b"")) for n in range(100)}
    book.load(cases, {})
    (column,) = (column for columns in book.dump() for column in columns)
    assert (column.rows, column.key_bytes) == (100, 3)
    assert column.shared


def test_a_column_that_is_not_as_long_as_it_says_is_refused() -> None:
    column = Column(2, 1, 1, b"", b"ab", b"cd")
    assert _decode_column(encode_column(0, column)) == (0, column)
    with pytest.raises(Unusable):
        _decode_column(encode_column(0, column) + b"x")


def test_a_directory_of_snapshots_can_be_thrown_away_at_any_time(tmp_path: Path) -> None:
    world = a_world()
    a_snapshot(world, tmp_path)
    shutil.rmtree(tmp_path)
    assert restored(world, tmp_path) == (from_changelog(world, tmp_path), [])
