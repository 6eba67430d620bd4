"""What is exported is replayed alike, whatever was lived through; and what was changed in a bundle is told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace as with_other
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from passage_log.memory.store import MemoryRecord
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.order.timeline import Bounds, Pending, Run
from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline import replay as replaying
from passage_processors.runtime.offline.bundle.bundle_log import open_bundle
from passage_processors.runtime.offline.bundle.export import export
from passage_processors.runtime.offline.comparison import compare
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import CUT, TICK
from tests.bundle.history import FEW_BYTES, alike, altered, billing, lived, replayed
from tests.processors.world import InvoicePaid, InvoiceSent, World, day


@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
@given(st.integers(0, 10**9))
def test_what_is_exported_is_replayed_alike_whatever_was_lived_through(seed: int) -> None:
    world = lived(seed)
    with TemporaryDirectory() as there:
        directory = Path(there) / "bundle"
        manifest = export(world.app, world.log, directory, part_bytes=FEW_BYTES)
        compared = replayed(world.app, directory)
        assert alike(compared), compared
        assert compared == list(compare(world.app, world.log))
        for told, written in zip(compared, manifest.digests, strict=True):
            assert (told.partition, told.written, told.digest) == (written.partition, written.events, written.sha256)


# --- what was changed ------------------------------------------------------------------------------------------------


def story() -> World:
    """Each fact, tick and cut of it counts: two invoices fall due on the days their terms say, one is paid in time."""
    world = World(billing(), partitions=2)
    world.name(next_at=day(1))
    worker = world.worker()
    for number, terms in enumerate((1, 2, 3)):
        world.fact(InvoiceSent(f"inv-{number}", terms), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(1.5), "payments")
    for number in range(1, 7):
        world.tick(day(number), day(number + 1))
        world.settle(worker)
    return world


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    world = story()
    export(world.app, world.log, tmp_path / "bundle", part_bytes=FEW_BYTES)
    assert alike(replayed(billing(), tmp_path / "bundle"))
    return tmp_path / "bundle"


Change = Callable[[list[MemoryRecord]], Sequence[MemoryRecord]]


def with_value(record: MemoryRecord, value: bytes) -> MemoryRecord:
    return MemoryRecord((*record[:4], value, *record[5:]))


def at(record: MemoryRecord, milliseconds: int) -> MemoryRecord:
    return MemoryRecord((*record[:6], milliseconds, *record[7:]))


def of_another_term(records: list[MemoryRecord]) -> list[MemoryRecord]:
    codec = event_codec(InvoiceSent)
    return [with_value(one, codec.encode(with_other(codec.decode(one.value() or b""), terms=2))) for one in records]


def of_another_end(records: list[MemoryRecord]) -> list[MemoryRecord]:
    """The first tick ended before the invoices were sent."""
    tick = TICK.decode(records[0].value() or b"")
    return [with_value(records[0], TICK.encode(with_other(tick, ends_at=Instant(day(0.25))))), *records[1:]]


def of_another_reach(records: list[MemoryRecord]) -> list[MemoryRecord]:
    """Each cut read one record less of what it read."""
    cuts = [CUT.decode(one.value() or b"") for one in records]
    less = [[with_other(one, offset=max(0, one.offset - 1)) for one in cut.inputs] for cut in cuts]
    changed = [CUT.encode(with_other(cut, inputs=tuple(inputs))) for cut, inputs in zip(cuts, less, strict=True)]
    return [with_value(one, value) for one, value in zip(records, changed, strict=True)]


@pytest.mark.parametrize(
    ("topic", "change"),
    [
        ("billing.derived", lambda records: records[1:]),
        ("billing.derived", lambda records: [*records, *records[-1:]]),
        ("billing.derived", lambda records: [at(one, one.timestamp()[1] + 1) for one in records]),
        ("billing.derived", lambda records: [with_value(one, (one.value() or b"") + b"x") for one in records]),
        ("billing", lambda records: records[1:]),
        ("billing", of_another_term),
        ("payments", lambda records: [MemoryRecord((*one[:3], b"inv-7", *one[4:])) for one in records]),
        ("passage.ticks", lambda records: [*records[:2], *records[3:]]),
        ("passage.ticks", of_another_end),
        ("invoices.timeline", lambda records: records[1:]),
        ("invoices.timeline", of_another_reach),
    ],
)
def test_a_changed_event_fact_tick_or_cut_is_told(bundle: Path, topic: str, change: Change) -> None:
    assert altered(bundle, topic, change)
    try:
        compared = replayed(billing(), bundle)
    except ProcessorError:
        return
    assert not alike(compared)


def test_an_app_that_says_otherwise_is_told_by_its_first_event(bundle: Path) -> None:
    (policy, *others) = billing().policies
    other = billing(policies=(with_other(policy, after=lambda fact: fact.terms + 1), *others))
    assert [one.difference[:8] for one in replayed(other, bundle) if one.difference] != []


# --- mutants ---------------------------------------------------------------------------------------------------------


def differs_or_is_refused(directory: Path) -> bool:
    try:
        return not alike(replayed(billing(), directory))
    except ProcessorError:
        return True


def by_offset(
    inputs: Sequence[Pending], ticks: TickHistory, sequence: int, bounds: Bounds, resumed: bool = False
) -> Iterator[Run | int]:
    """Not by instant: the facts of a cut as their offsets say, then its ticks."""
    assert not resumed
    while heads := [pending for pending in inputs if pending]:
        head = min(heads, key=lambda pending: pending.records[pending.at].offset())
        yield Run(head, head.at, head.at + 1)
    while sequence < bounds.last_tick:
        sequence = ticks.after(sequence)
        yield sequence


UP_TO = replaying._Ahead.up_to


def to_the_end(ahead: replaying._Ahead, _offset: int) -> list[Record]:
    return UP_TO(ahead, 1 << 62)


@pytest.mark.parametrize(
    ("where", "what", "mutant"), [(replaying, "merge", by_offset), (replaying._Ahead, "up_to", to_the_end)]
)
def test_a_replay_by_offset_or_to_the_end_of_the_log_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, what: str, mutant: object
) -> None:
    """Paid after it fell due, and folded in one step with the tick between; then days on which others are paid late."""
    world = World(billing())
    world.name(next_at=day(1))
    worker = world.worker()
    for number in range(3):
        world.fact(InvoiceSent(f"inv-{number}", 1), day(4 * number + 0.5))
        world.fact(InvoicePaid(f"inv-{number}"), day(4 * number + 2.5), "payments")
        world.days(4 * number + 1, 4 * number + 4)
        world.settle(worker)
    export(world.app, world.log, tmp_path / "bundle")
    assert alike(replayed(billing(), tmp_path / "bundle"))
    monkeypatch.setattr(where, what, mutant)
    assert differs_or_is_refused(tmp_path / "bundle")


def test_an_export_beside_a_log_that_went_on_takes_what_the_cuts_took_and_no_more(tmp_path: Path) -> None:
    world = story()
    before = export(world.app, world.log, tmp_path / "before")
    world.fact(InvoiceSent("inv-9", 1), day(6.5))
    world.tick(day(7), day(8))
    after = export(world.app, world.log, tmp_path / "after")
    assert after == before


# --- the log that is read --------------------------------------------------------------------------------------------


def read_as(records: Sequence[Record]) -> list[tuple[object, ...]]:
    return [(one.offset(), one.key(), one.value(), one.headers(), one.timestamp()) for one in records]


def test_records_keep_all_they_had_and_their_places(bundle: Path) -> None:
    world, log = story(), open_bundle(bundle)
    for topic in (*world.app.sources, world.app.output, world.app.timeline, world.app.dead_letters):
        for number in (0, 1):
            place = Partition(topic, number)
            inside, outside = log.reader(), world.log.reader()
            end = inside.end(place)
            for begin in range(end + 1):
                found = []
                for reader in (inside, outside):
                    reader.assign({place: begin})
                    records: list[Record] = []
                    while reader.position(place) < end and (more := reader.poll(3, 0.0)) is not None:
                        records += [one for one in more if one.offset() < end]
                    found.append(read_as(records))
                assert found[0] == found[1]


def test_a_burst_that_was_cut_has_its_tick_in_the_bundle(tmp_path: Path) -> None:
    world = World(billing(), partitions=1)
    world.name(next_at=day(1))
    for number in range(6):
        world.fact(InvoiceSent(f"inv-{number}", 1), day(0.5))
    world.tick(day(1), day(2))
    world.tick(day(2), day(3))
    worker = world.worker(max_fires=2)
    while not (worker.tasks and worker.tasks[0].cut.burst is not None):
        worker.turn(0.0)
    manifest = export(world.app, world.log, tmp_path / "bundle")
    (ticks,) = (span for span in manifest.spans if span.topic == world.app.ticks_topic)
    assert ticks.records == 1
    (task, *apart) = replayed(world.app, tmp_path / "bundle")
    assert (task.written, task.difference) == (1, "")
    assert alike(apart)
