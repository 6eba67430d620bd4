"""A fact whose key is not its first field is said once; it is counted by its key all the same."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from passage_schemas.formats import CloudEvents, Json
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices, overdue


def warned(world: World) -> list[dict[str, Any]]:
    world.days(1, 3)
    with capture_logs() as logs:
        world.settle(world.worker())
    return [dict(one) for one in logs if one["event"] == "fact_keyed_otherwise"]


def world_of(*keys: str) -> World:
    world = World(invoices(overdue(keep_fact=False, after=1)), partitions=1)
    world.name(next_at=day(1))
    for number, key in enumerate(keys):
        world.fact(InvoiceSent(f"inv-{number}", terms=1), day(0.1 * (number + 1)), key=key)
    return world


def test_a_fact_with_another_key_is_said_once_with_what_is_counted() -> None:
    world = world_of("customer-7", "customer-7", "customer-8")
    (one,) = warned(world)
    assert (one["topic"], one["key"], one["field"], one["says"]) == ("billing", "customer-8", "invoice", "inv-2")
    assert "what is counted is the key" in one["hint"]
    assert len(world.derived()) == 2


def test_nothing_is_said_where_they_agree() -> None:
    assert warned(world_of("inv-0", "inv-1", "inv-2")) == []


def test_each_worker_says_it_for_itself_and_no_more_than_once() -> None:
    world = world_of("customer-7")
    worker = world.worker()
    with capture_logs() as logs:
        for number in range(1, 5):
            world.fact(InvoicePaid(f"inv-{number}"), day(number + 0.1), key="customer-7")
            world.days(number, number)
            world.settle(worker)
    assert [one["event"] for one in logs].count("fact_keyed_otherwise") == 1


@pytest.mark.parametrize("value", [b"", b"garbage", b"\xc3\x01" + b"\xff" * 40, b"{"])
@pytest.mark.parametrize("format_", [None, Json(type_header="kind"), CloudEvents()])
def test_what_cannot_be_read_is_left_to_whoever_folds_it(value: bytes, format_: Any) -> None:
    formats = {} if format_ is None else {"billing": format_}
    world = World(invoices(overdue(), formats=formats))
    world.name(next_at=day(1))
    world.raw(b"\xff", value, day(0.5))
    assert warned(world) == []
    assert len(world.letters()) == 1
