"""Does a worker's memory grow in a day of steady work?

A day in simulated time, in this process: a tick every minute, and so many facts a minute; each opens a wake-up for an
aggregate that was never there before, half of them are closed by a later fact, the others come due after half an hour.
The fold is the worker's own, its effects are let go of as after a commit; there is no log, which in memory would grow
by itself. After the warm-up as many go as come, so memory should stay what it is. Told every four hours: resident
memory (MiB), what Python itself has given out (its blocks), and how many cases there are.

    .venv/bin/python -m bench.steady [--facts-a-minute 1000] [--hours 24]
"""

import argparse
import gc
import sys

from bench.facts import InvoicePaid, InvoiceSent, app_of
from bench.memory import resident_bytes
from passage.running.collector import collect_seldom
from passage_log.memory.store import MemoryRecord
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.order.timeline import Pending, Run
from passage_processors.core.step.fold import Fold
from passage_processors.model.ticks import SeenTick
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record

MINUTE = 60_000_000
WARM_UP_HOURS = 4
"""A wake-up waits half an hour, its marker ten minutes; the rest is for the allocator."""
CLOSED_AFTER = 20
"""Minutes."""
MIB = 1 << 20


def facts_of(minute: int, each: int) -> list[Record]:
    """`each` starts of this minute, and the ends of half of those twenty minutes ago."""
    sent = event_codec(InvoiceSent).encode(InvoiceSent("inv", "customer-1234", 1))
    paid = event_codec(InvoicePaid).encode(InvoicePaid("inv", 1))
    at = minute * MINUTE // 1000 + 1
    values = [(b"inv-%032d" % (minute * each + number), sent) for number in range(each)]
    if minute > CLOSED_AFTER:
        first = (minute - CLOSED_AFTER) * each
        values += [(b"inv-%032d" % number, paid) for number in range(first, first + each, 2)]
    return [
        MemoryRecord(("facts", 0, minute * 2 * each + place, key, value, 1, at, (), 0))
        for place, (key, value) in enumerate(values)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory over a day of steady work, in simulated time.")
    parser.add_argument("--facts-a-minute", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=24)
    options = parser.parse_args()
    if options.hours <= WARM_UP_HOURS:
        parser.error(f"--hours {options.hours}: the first {WARM_UP_HOURS} are not counted; give more")
    collect_seldom()  # as `passage processors run` does
    history = TickHistory()
    app = app_of("bench-steady", "facts")
    fold = Fold(app.program, history)
    events, figures = 0, []
    print("hours   MiB resident   Python's blocks     cases      open    events")
    for minute in range(1, options.hours * 60 + 1):
        pending = Pending("facts", 0, 0)
        pending.extend(facts_of(minute, options.facts_a_minute))
        taken = fold.facts(Run(pending, 0, len(pending)))
        assert taken == len(pending), "every fact can be folded"
        tick = SeenTick("day.utc", minute, minute, Instant((minute + 1) * MINUTE))
        history.add(tick)
        fold.tick(tick, sys.maxsize)
        events += len(fold.take().events)
        if minute % 60 == 0 and minute >= WARM_UP_HOURS * 60:
            del pending
            gc.collect()
            book = fold.books[0]
            figures.append((resident_bytes() / MIB, sys.getallocatedblocks()))
            if minute // 60 in (WARM_UP_HOURS, options.hours) or minute % 240 == 0:
                resident, blocks = figures[-1]
                print(f"{minute // 60:5} {resident:14.1f} {blocks:17,} {len(book):9,} {book.open:9,} {events:9,}")
    (first, first_blocks), (last, last_blocks) = figures[0], figures[-1]
    print(
        f"from hour {WARM_UP_HOURS} to hour {options.hours}: {last - first:+.1f} MiB, {last_blocks - first_blocks:+,} "
        f"blocks; the ticks themselves are {36 * (options.hours - WARM_UP_HOURS) * 60 / 1000:,.0f} kB of it"
    )


if __name__ == "__main__":
    main()
