"""What a dashboard sees of a worker."""

import socket

import pytest

from passage_processors.errors import ProcessorError
from passage_processors.runtime.metrics import Metrics
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices, overdue


def figure(metrics: Metrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(f"passage_processor_{name}", {"app": "invoices"})


def test_a_dashboard_sees_what_was_done_and_what_waits() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    worker = world.worker()
    metrics = Metrics(worker)
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=5), day(0.5))
    world.fact(InvoicePaid("nobody"), day(0.6))
    world.raw(b"k", b"garbage", day(0.7))
    world.fact(InvoiceSent("inv-3"), day(2.5))
    world.days(1, 1)
    world.settle(worker)
    assert figure(metrics, "facts_folded_total") == 4
    assert figure(metrics, "events_written_total") == 1
    assert figure(metrics, "dead_letters_total") == 1
    assert figure(metrics, "cases_open") == 1
    assert figure(metrics, "facts_unmatched") == 1
    assert figure(metrics, "facts_pending") == 1
    assert figure(metrics, "waiting_for_clock") == 1
    world.days(2, 2)
    world.settle(worker)
    assert figure(metrics, "waiting_for_clock") == 0
    assert figure(metrics, "ticks_behind") == 0


def test_a_port_in_use_is_said_in_one_line() -> None:
    world = World(invoices(overdue()))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ProcessorError, match=rf"metrics port {port}: .*choose another port"):
            Metrics(world.worker()).serve(port, "127.0.0.1")
