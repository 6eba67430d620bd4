"""How long does a scenario of 15 days take, in CPU and on the clock, the world built anew each time?

    .venv/bin/python -m bench.scenario

The processor's time says what a scenario costs whatever else the machine does; the first one also compiles the app.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from examples.telecom_ordering import CLOCK, app
from examples.telecom_ordering.events import NewOrder, PartsWereDelivered, SupplierWasReminded
from passage import Scenario, day_passes, days_pass, until, workdays_pass
from tests.scenario.test_passage_of_time import CustomerWasInvoiced, InvoiceBecameOverdue, invoicing


def fifteen_days() -> None:
    Scenario(invoicing).given(CustomerWasInvoiced("inv-1"), days_pass(14)).when(day_passes()).then_nothing()


def fifteen_workdays() -> None:
    story = Scenario(app, CLOCK).given(NewOrder("ord-1", "ada"), workdays_pass(5)).then(SupplierWasReminded)
    story.when(PartsWereDelivered("ord-1"), workdays_pass(10)).then_nothing()


def a_year() -> None:
    Scenario(invoicing).given(CustomerWasInvoiced("inv-1")).when(until("2027-01-05")).then(InvoiceBecameOverdue)


def milliseconds(tell: Callable[[], None], rounds: int) -> tuple[list[float], list[float]]:
    """(of CPU, of the process; of the clock on the wall), each round's."""
    cpu, wall = [], []
    for _ in range(rounds):
        began, began_on_wall = time.process_time(), time.perf_counter()
        tell()
        cpu.append((time.process_time() - began) * 1_000)
        wall.append((time.perf_counter() - began_on_wall) * 1_000)
    return cpu, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    for tell in (fifteen_days, fifteen_workdays, a_year):
        first, _ = milliseconds(tell, 1)
        cpu, wall = milliseconds(tell, rounds)
        print(
            f"{tell.__name__.replace('_', ' ')}: {statistics.median(cpu):.1f} ms of CPU (best {min(cpu):.1f}), "
            f"{statistics.median(wall):.1f} ms (best {min(wall):.1f}); the first {first[0]:.0f} ms of CPU"
        )


if __name__ == "__main__":
    main()
