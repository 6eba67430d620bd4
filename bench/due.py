"""What does one tick with 1,000 due cost, when 100,000 are open and when 10,000,000 are?

The pure core alone, no log: two folds side by side in one process, one small and one large, each with 1,000 wake-ups
due at each of the coming ticks and all the others later. The same tick is folded by both in turns. A tick must cost
what is due on it, not what is open: the ratio says whether it does.

    .venv/bin/python bench/due.py [--few 100000] [--many 10000000] [--due 1000] [--ticks 15]

With the native parts where they are installed; with PASSAGE_NATIVE=0 the pure ones.
"""

import argparse
import gc
import time
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from bench._side_by_side import in_turns, told
from passage_processors.app import App
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.state.case import OPEN, CaseState, encode_case
from passage_processors.core.step.fold import Fold
from passage_processors.model.policy import Policy
from passage_processors.model.ticks import SeenTick
from passage_processors.runtime.native import chosen
from passage_schemas.instant import Instant

DAY = 86_400_000_000
SPREAD_DAYS = 1_000
"""The open ones that are not due in this run fall due on so many later days."""


@dataclass(frozen=True)
class InvoiceSent:
    invoice: str


@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str


class Days:
    """A fold with `opened` open cases, `due` of them at each of the first `ticks` days."""

    def __init__(self, opened: int, due: int, ticks: int) -> None:
        self._history = TickHistory()
        self._day = 0
        self._due = due
        self._fold = Fold(_app().program, self._history, parts=chosen())
        cases = {}
        for number in range(opened):
            # Spread over the keys, as invoices of all ages are: those due on one day are no neighbours in memory.
            at = number * 7_919 % opened
            day = at // due + 1 if at < due * ticks else ticks + 1 + at % SPREAD_DAYS
            state = CaseState(OPEN, Instant(1), day, day, "day.utc", b"")
            cases[str(UUID(int=number * 0x9E3779B97F4A7C15 % (1 << 128))).encode()] = encode_case(state)
        self._fold.load([cases], {}, None)

    def fold_a_day(self) -> float:
        """How long the next tick takes, in milliseconds, its effects included."""
        self._day += 1
        tick = SeenTick("day.utc", self._day, self._day, Instant(self._day * DAY))
        self._history.add(tick)
        begun_at = time.perf_counter()
        fired = self._fold.tick(tick, 1_000_000)
        effects = self._fold.take()
        took = time.perf_counter() - begun_at
        assert fired == len(effects.events) == self._due
        return took * 1000


def _app() -> App:
    overdue = Policy(
        name="overdue",
        starts_on=InvoiceSent,
        after=31,
        of="day.utc",
        emits=InvoiceBecameOverdue,
        event=lambda case: InvoiceBecameOverdue(case.key),
        keep_fact=False,
    )
    return App(name="bench", inputs={"billing": [InvoiceSent]}, output="derived", policies=[overdue])


def main() -> None:
    parser = argparse.ArgumentParser(description="What a tick costs, by how many are open.")
    parser.add_argument("--few", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=10_000_000)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--ticks", type=int, default=15)
    options = parser.parse_args()
    few, many = (Days(opened, options.due, options.ticks) for opened in (options.few, options.many))
    gc.collect()
    few_name, many_name = f"{options.few:,} open", f"{options.many:,} open"
    figures = in_turns(options.ticks, {few_name: few.fold_a_day, many_name: many.fold_a_day})
    # The first tick after a restore also looks through all that may not have seen a tick: told apart, not hidden.
    print(f"one tick with {options.due:,} due, {chosen().name} parts, keys of 36 characters")
    for name, found in figures.items():
        print(f"  {name:16} {told(found[1:], 'ms', 2)}   the first after the restore: {found[0]:,.2f} ms")
    print(f"  ratio            {median(figures[many_name][1:]) / median(figures[few_name][1:]):>10.2f}   (goal 1.15)")


if __name__ == "__main__":
    main()
