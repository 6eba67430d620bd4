"""How many bytes of memory does an open wake-up need, its key included, when ten million are open?

For each kind of key and fact a child process opens the cases as a worker does, fact by fact in steps whose effects are
let go of, and says by how much its resident memory grew. So nothing is forgotten that Python needs beside the bytes.

    .venv/bin/python bench/memory.py [--open 10000000]

With the pure parts, and with the native ones where they were built.
"""

import argparse
import gc
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from uuid import UUID

from bench._side_by_side import in_a_process
from passage_log.memory.store import MemoryRecord
from passage_processors.app import App
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.order.timeline import Pending, Run
from passage_processors.core.step.fold import Fold
from passage_processors.model.policy import Policy
from passage_processors.model.ticks import SeenTick
from passage_processors.runtime.native import TWINS, VARIABLE, chosen
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record

DAY = 86_400_000_000
STEP = 20_000
DAYS = 60
FACT_BYTES = 40
VARIANTS = (("uuid", False), ("invoice", False), ("invoice", True))
PARTS = ("pure", "native") if find_spec(TWINS) else ("pure",)


@dataclass(frozen=True)
class InvoiceSent:
    invoice: str
    customer: str


@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str


def grown(opened: int, keys: str, keep_fact: bool) -> float:
    """By how many bytes a case this process's memory grew, after it opened them over the days of two months."""
    history = TickHistory()
    fold = Fold(_app(keep_fact).program, history, parts=chosen())
    codec = event_codec(InvoiceSent)
    value = codec.encode(InvoiceSent("inv-123456", "c" * 18))
    assert len(value) == FACT_BYTES, len(value)
    gc.collect()
    before = resident_bytes()
    for number, step in enumerate(_steps(opened, keys, value)):
        day = number * DAYS // (opened // STEP + 1) + 1
        while history.last < day:
            passed = history.last + 1
            tick = SeenTick("day.utc", passed, passed, Instant(passed * DAY))
            history.add(tick)
            fold.tick(tick, 0)
        pending = Pending("billing", 0, 0)
        pending.records = step
        pending.instants = [day * DAY + 1] * len(step)
        fold.facts(Run(pending, 0, len(step)))
        fold.take()
    gc.collect()
    assert fold.books[0].open == opened
    return (resident_bytes() - before) / opened


def _steps(opened: int, keys: str, value: bytes) -> Iterator[list[Record]]:
    for first in range(0, opened, STEP):
        yield [
            # Every fact's own bytes, as they come off the log.
            MemoryRecord(("billing", 0, number, _key(keys, number), bytes(bytearray(value)), 1, 1, (), 0))
            for number in range(first, min(opened, first + STEP))
        ]


def _key(keys: str, number: int) -> bytes:
    """Like `inv-123456`, or a UUID: a different one for each number, the same in each run."""
    return (
        b"inv-%06d" % number if keys == "invoice" else str(UUID(int=number * 0x9E3779B97F4A7C15 % (1 << 128))).encode()
    )


def _app(keep_fact: bool) -> App:
    overdue = Policy(
        name="overdue",
        starts_on=InvoiceSent,
        after=DAYS + 31,
        of="day.utc",
        emits=InvoiceBecameOverdue,
        event=lambda case: InvoiceBecameOverdue(case.key),
        keep_fact=keep_fact,
    )
    return App(name="bench", inputs={"billing": [InvoiceSent]}, output="derived", policies=[overdue])


def resident_bytes() -> int:
    """What the kernel has given this process, of real memory. Linux only."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(description="Bytes of memory for each open wake-up.")
    parser.add_argument("--open", type=int, default=10_000_000)
    parser.add_argument("--variant", type=int, help="measure this one in this process, and print it as JSON")
    options = parser.parse_args()
    if options.variant is not None:
        print(json.dumps(grown(options.open, *VARIANTS[options.variant])))
        return
    print(f"{options.open:,} open wake-ups, bytes of resident memory each (goal 120 for keys of 36 characters)")
    for parts, (number, (keys, keep_fact)) in product(PARTS, enumerate(VARIANTS)):
        os.environ[VARIABLE] = "1" if parts == "native" else "0"
        each = in_a_process(sys.argv[0], "--open", str(options.open), "--variant", str(number))
        kept = f"a fact of {FACT_BYTES} bytes kept" if keep_fact else "no fact kept"
        print(f"  {each:>6.0f}   {parts:6}, keys of {len(_key(keys, 1))} characters, {kept}")


if __name__ == "__main__":
    main()
