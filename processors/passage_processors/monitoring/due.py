"""What comes due: how many wake-ups stand at each ordinal, counted from the changelog.

The whole of it is read, a partition at a time, and a place kept for each open wake-up while its partition is read. The
workers don't notice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import structlog

from passage_log.port import Log, Reader
from passage_log.ranges import RangeProgress
from passage_processors.app import App
from passage_processors.core.state.keys import unit_and_aggregate
from passage_processors.monitoring.clock_view import read_clock
from passage_processors.monitoring.entries import changelog, changelog_span, waits_of
from passage_schemas.errors import SchemaError
from passage_schemas.instant import Instant

_log = structlog.get_logger("passage.processors")

_TOLD_EACH = 10_000

Standing = Counter[tuple[str, str, int]]
"""How many wake-ups by (unit, schedule, ordinal)."""


@dataclass(frozen=True, slots=True)
class ComingTick:
    """A tick to come, and the wake-ups due on it by unit, in the app's order. `ahead`: 1 for the schedule's next tick,
    and also for those whose own has passed, which fire on the next tick of any schedule. `at`: where the clock has
    promised it, which it does for the next tick only."""

    schedule: str
    ordinal: int
    ahead: int
    at: Instant | None
    units: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.units.values())


def _silent(_done: int, _total: int) -> None: ...


def standing(app: App, reader: Reader, numbers: Sequence[int], told: RangeProgress = _silent) -> Standing:
    """The open wake-ups of these partitions; what can't be read is passed over, aloud. Raises Unreachable."""
    waiting: Standing = Counter()
    units = {name.encode(): name for name in app.units}
    read, total = 0, sum(changelog_span(app, reader, number) for number in numbers)
    for number in numbers:
        places: dict[bytes, tuple[tuple[str, str, int], ...]] = {}
        for key, value in changelog(app, reader, number):
            read += 1
            if read % _TOLD_EACH == 0:
                told(read, total)
            entry = unit_and_aggregate(key)
            unit = None if entry is None else units.get(entry[0])
            try:
                waits = waits_of(value) if value is not None and unit is not None else ()
            except SchemaError as error:
                where = f"{app.changelog}[{number}], key {key!r}"
                _log.warning("foreign_record_ignored", where=where, reason=str(error))
                waits = ()
            if unit is not None and waits:
                places[key] = tuple((unit, wait.schedule, wait.due) for wait in waits)
            else:
                places.pop(key, None)
        waiting.update(chain.from_iterable(places.values()))
    return waiting


@dataclass(frozen=True, slots=True)
class Due:
    """What comes due on one schedule. `last`: the last ordinal there is. `coming`: ticks on which something is due, the
    nearest first, among the next so many; `later`: wake-ups beyond these."""

    schedule: str
    last: int
    next_at: Instant | None
    coming: tuple[ComingTick, ...]
    later: int


def due(
    app: App, log: Log, numbers: Sequence[int], schedules: Sequence[str], most: int, told: RangeProgress = _silent
) -> list[Due]:
    """Of each schedule, on its next `most` ticks. Raises Unreachable, Unfit."""
    reader = log.reader()
    try:
        clock = read_clock(reader, app.ticks_topic, app.schedules_topic, schedules)
        waiting = standing(app, reader, numbers, told)
    finally:
        reader.close()
    answers = []
    for schedule in schedules:
        last, next_at = clock.ordinal(schedule), clock.next_at(schedule)
        ticks = coming(app, waiting, schedule, last, next_at)
        near = tuple(tick for tick in ticks if tick.ahead <= most)
        answers.append(Due(schedule, last, next_at, near, sum(tick.total for tick in ticks[len(near) :])))
    return answers


def coming(app: App, waiting: Standing, schedule: str, last: int, next_at: Instant | None) -> list[ComingTick]:
    """The ticks of a schedule to come on which something is due, the nearest first. `last`: its last ordinal there is,
    with `next_at` promised for the next."""
    units: dict[int, Counter[str]] = {}
    for (unit, of, ordinal), count in waiting.items():
        if of == schedule:
            units.setdefault(max(ordinal, last + 1), Counter())[unit] += count
    return [
        ComingTick(
            schedule,
            ordinal,
            ordinal - last,
            next_at if ordinal == last + 1 else None,
            {name: counts[name] for name in app.units if name in counts},
        )
        for ordinal, counts in sorted(units.items())
    ]
