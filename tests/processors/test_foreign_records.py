"""What somebody else wrote on an app's topics is passed over or named, by its worker and by whoever looks at it."""

import pytest
from structlog.testing import capture_logs

from passage_processors.core.state.keys import CUT_KEY, entry_key, unit_and_aggregate
from passage_processors.errors import ProcessorError
from passage_processors.monitoring.due import due
from passage_processors.monitoring.inspection import inspect
from passage_processors.monitoring.status import status
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_schemas.errors import SchemaError
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT, TICK
from tests.processors.world import DAY, InvoiceSent, World, day, invoices, overdue


def stopped() -> World:
    """Two invoices open, a third overdue, and no worker."""
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    for number, terms in enumerate((1, 3, 5)):
        world.fact(InvoiceSent(f"inv-{number}", terms), day(0.5))
    world.days(1, 1)
    worker = world.worker()
    world.settle(worker)
    worker.close()
    return world


def write(world: World, topic: str, key: bytes | None, value: bytes | None, *headers: tuple[str, bytes | None]) -> None:
    hand = world.log.appender()
    hand.append(Partition(topic, 0), key, value, 1, headers)
    hand.flush()


def waiting(world: World) -> int:
    (found,) = due(world.app, world.log, [0], [DAY], 30)
    return sum(one.total for one in found.coming)


KEYS_OF_NOBODY = [b"overdue", b"overdueX", b"\xff", b"\xff/inv-1", b"/", b"nobody/inv-1", b"\0", CUT_KEY, b"cut/1"]


@pytest.mark.parametrize("key", KEYS_OF_NOBODY)
def test_a_foreign_key_on_the_changelog_is_no_state(key: bytes) -> None:
    world = stopped()
    for value in (b"garbage", b"", None):
        write(world, "invoices.changelog", key, value)
    assert waiting(world) == 2
    worker = world.worker()
    world.settle(worker)
    assert dict(worker.tasks[0].fold.books[0].items()).keys() == {b"inv-0", b"inv-1", b"inv-2"}
    world.days(2, 5)
    world.settle(worker)
    assert sorted(record.key() or b"" for record in world.output()) == [b"inv-0", b"inv-1", b"inv-2"]


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x01" + b"\xff" * 30])
def test_a_foreign_value_in_the_place_of_a_state_stops_the_worker_and_is_named(value: bytes) -> None:
    world = stopped()
    write(world, "invoices.changelog", entry_key("overdue", b"inv-1"), value)
    with pytest.raises(ProcessorError, match=r"overdue|invoices\.changelog\[0\] holds a value that no worker"):
        world.settle(world.worker())
    with capture_logs() as told:
        assert waiting(world) == 1
    assert [one["where"] for one in told] == ["invoices.changelog[0], key b'overdue/inv-1'"]
    with pytest.raises(SchemaError, match=r"invoices\.changelog\[0\], key b'overdue/inv-1': \d+ bytes that no worker"):
        inspect(world.app, world.log, 1, "inv-1", None, None, 10)


def test_a_foreign_cut_with_the_sign_of_one_is_said_to_be_none() -> None:
    world = stopped()
    write(world, "invoices.changelog", CUT_KEY, CUT.prefixes[0] + b"\xff")
    with pytest.raises(
        ProcessorError, match=r"invoices\.changelog\[0\] holds a value that no worker of this app wrote"
    ):
        world.settle(world.worker())


def test_foreign_ticks_do_not_hide_the_clock() -> None:
    world = stopped()
    for key in (b"day.utc/1", b"day.utc/99", b"\xff/1", b"\xff", b"/", b"day.utc"):
        for value in (b"", b"garbage", TICK.prefixes[0], TICK.prefixes[0] + b"\xff" * 30):
            write(world, world.app.ticks_topic, key, value)
            write(world, world.app.schedules_topic, key, value)
    found = status(world.app, world.log, [0], day(1))
    assert (found.sequence, found.schedules[0].ordinal, found.schedules[0].next_at) == (1, 1, day(2))


def test_a_header_without_a_value_on_the_output_is_a_difference_and_no_error() -> None:
    world = stopped()
    ours = ("ce_source", b"passage/invoices")
    write(world, "billing.derived", b"inv-0", b"x", ours, ("ce_id", None))
    write(world, "billing.derived", None, None, ours)
    assert digest_of_output(world.app, world.log, 0)[0] == 3
    assert digest(replay(world.app, world.log, 0))[0] == 1
    found = inspect(world.app, world.log, 1, "inv-0", None, None, 10)
    assert [one.said for one in found.history if one.body is None] == [""]


@pytest.mark.parametrize("milliseconds", [253_402_300_800_000, 1_767_225_600_000_000, (1 << 62)])
def test_a_date_no_calendar_has_hides_nothing_and_is_told_as_none(milliseconds: int) -> None:
    world = stopped()
    hand = world.log.appender()
    for at in (milliseconds, 1):
        hand.append(Partition("billing", 0), b"inv-9", b"garbage", at)
    hand.flush()
    (task,) = status(world.app, world.log, [0], day(1)).tasks
    assert (task.inputs[0].behind, task.inputs[0].first_at) == (2, 0)
    found = inspect(world.app, world.log, 1, "inv-9", None, None, 10)
    assert [one.at for one in found.history] == [0, 1000]
    world.settle(world.worker())
    assert [record.key() for record in world.letters()] == [b"inv-9"] * 2


def test_a_key_of_the_changelog_is_told_apart_at_its_first_slash() -> None:
    for aggregate in (b"", b"inv-1", b"a/b", b"\xff\x00/"):
        assert unit_and_aggregate(entry_key("overdue", aggregate)) == (b"overdue", aggregate)
    assert unit_and_aggregate(CUT_KEY) is None
