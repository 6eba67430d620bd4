"""What can't be replayed from the beginning is not exported: one line says which topic begins when."""

from pathlib import Path

import pytest

from passage_log.memory import MemoryLog
from passage_log.port import EARLIEST
from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.bundle.export import export
from passage_processors.runtime.worker import Worker
from passage_schemas.log_record import Partition
from tests.bundle.history import alike, billing, replayed
from tests.bundle.test_bundle import story
from tests.processors.test_floors import let_go
from tests.processors.world import DAY, InvoiceSent, World, day


def with_facts() -> tuple[World, Worker]:
    """On one partition, so that every topic has something to lose."""
    world = World(billing())
    world.name(next_at=day(1))
    worker = world.worker()
    for number in range(6):
        world.fact(InvoiceSent(f"inv-{number}", 1), day(number + 0.5))
        world.tick(day(number + 1), day(number + 2))
        world.settle(worker)
    return world, worker


@pytest.mark.parametrize(
    ("topic", "until", "told"),
    [
        ("billing", 2, r"billing\[0\] begins with a record of 2026-01-03T12:00:00Z \(offset 2\), and what was before"),
        ("billing", 6, r"billing\[0\]: nothing of what was folded is left"),
        ("invoices.timeline", 5, r"invoices.timeline\[0\] begins with a record of .* what was before is needed"),
        ("billing.derived", 1, r"billing.derived\[0\] begins with a record of .* what was before is needed"),
    ],
)
def test_what_retention_took_is_said_with_its_topic(tmp_path: Path, topic: str, until: int, told: str) -> None:
    world, _ = with_facts()
    world.log.truncate(Partition(topic, 0), until)
    with pytest.raises(ProcessorError, match=told) as refused:
        export(world.app, world.log, tmp_path / "bundle")
    assert "a bundle begins at the beginning" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_compaction_took_of_an_input_is_counted(tmp_path: Path) -> None:
    world, worker = with_facts()
    world.fact(InvoiceSent("inv-5", 1), day(5.6))
    world.settle(worker)
    world.log.compact("billing")
    with pytest.raises(ProcessorError, match=r"billing\[0\]: 7 were folded before offset 7, and 6 are there"):
        export(world.app, world.log, tmp_path / "bundle")


def test_ticks_that_were_let_go_are_said(tmp_path: Path) -> None:
    world = World(billing())
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", 1), day(0.5))
    ticks = [world.tick(day(number), day(number + 1)) for number in range(1, 5)]
    world.settle(world.worker())
    let_go(world, ticks[2], ticks[:3])
    with pytest.raises(ProcessorError, match=rf"{DAY} is kept from its tick 4 on \(its keep_days\)"):
        export(world.app, world.log, tmp_path / "bundle")


def test_facts_that_were_gone_before_the_app_began_are_no_loss(tmp_path: Path) -> None:
    world = World(billing())
    world.name(next_at=day(1))
    for number in range(4):
        world.fact(InvoiceSent(f"old-{number}", 1), day(0.1))
    world.log.truncate(Partition("billing", 0), 3)
    worker = world.worker()
    world.days(1, 4)
    world.settle(worker)
    export(world.app, world.log, tmp_path / "bundle")
    assert alike(replayed(world.app, tmp_path / "bundle"))


def test_dead_letters_that_were_let_go_are_no_loss_to_a_replay(tmp_path: Path) -> None:
    world, worker = with_facts()
    for _ in range(3):
        world.raw(b"k", b"garbage", day(5.7))
    world.settle(worker)
    world.log.truncate(Partition("invoices.dead-letters", 0), 1)
    manifest = export(world.app, world.log, tmp_path / "bundle")
    (letters,) = (span for span in manifest.spans if span.topic == "invoices.dead-letters")
    assert letters.from_offset == 1
    assert letters.records == 2
    assert alike(replayed(world.app, tmp_path / "bundle"))


def test_an_app_that_never_took_a_step_is_said(tmp_path: Path) -> None:
    world = World(billing())
    with pytest.raises(ProcessorError, match="no worker of it ever took a step"):
        export(world.app, world.log, tmp_path / "bundle")


def test_the_cuts_of_another_cluster_are_said(tmp_path: Path) -> None:
    world = story()
    mirror = MemoryLog(cluster_id="mirror")
    mirror.create([topic for topic in world.log.describe(list(world.log._state.settings)).values() if topic])
    appender = mirror.appender()
    for place in world.log._state.stores:
        reader = world.log.reader()
        reader.assign({place: EARLIEST})
        while reader.position(place) < reader.end(place):
            for one in reader.poll(100, 0.0):
                appender.append(place, one.key(), one.value(), one.timestamp()[1])
    with pytest.raises(ProcessorError, match="the cut's offsets are of the cluster memory, this is mirror"):
        export(world.app, mirror, tmp_path / "bundle")
