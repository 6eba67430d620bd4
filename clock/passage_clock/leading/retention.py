"""What of a fine-grained schedule may go: its ticks older than it is to be kept, oldest first.

Off unless a schedule says `keep_days`. A sweep reads the tick topic in bounded pieces and says what may be let go; the
office writes the schedule's new floor and the null values in one transaction, so whoever reads sees both or neither.
A schedule's last tick always stays: the next one builds on it.

Refuses to write, and to decide by the wall: the age of a tick is its distance from its schedule's last one, so a clock
that was down for a year does not come back to an empty topic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from passage_clock.civil import DAY
from passage_clock.planning.plan import LastTick
from passage_clock.schedules import Schedule
from passage_log.port import EARLIEST, Log
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import TICK, ticks_schedule

SWEEP_EVERY_SECONDS = 3600.0

SWEEP_ROOM_SECONDS = 0.3
"""A piece is taken only when no tick is due for so long: reading and writing one takes less."""

PIECE_TICKS = 2_000


@dataclass(frozen=True, slots=True)
class LastGone:
    """Of a schedule that lets its old ticks go: the last one gone. The first that is kept follows it."""

    ordinal: int
    sequence: int
    at: Instant
    digest: bytes


@dataclass(slots=True)
class Release:
    """Ticks that may go together, by key, and the floors that this makes."""

    keys: list[bytes] = field(default_factory=list)
    floors: dict[str, LastGone] = field(default_factory=dict)


def cutoffs(schedules: Sequence[Schedule], last: Mapping[str, LastTick]) -> dict[str, Instant]:
    """Up to which instant, itself included, each schedule's ticks may go."""
    return {
        one.name: Instant(last[one.name].ends_at - one.keep_days * DAY)
        for one in schedules
        if one.keep_days is not None and one.name in last
    }


class Sweeper:
    """Belongs to one term. Remembers between sweeps how far nothing is left to let go."""

    def __init__(self, log: Log, ticks: Partition) -> None:
        self._log = log
        self._ticks = ticks
        self._from = EARLIEST
        self._sweep: Iterator[Release] | None = None
        self._next_at = 0.0

    def piece(self, until: Mapping[str, Instant], floors: Mapping[str, int], monotonic: float) -> Release | None:
        """What may go next: a sweep an hour, a bounded piece of it at a call; None between sweeps. `until`, and
        `floors` (the ordinal from which on each is kept), count where a sweep begins. Raises what `Reader.poll` raises,
        and SchemaError."""
        if self._sweep is None:
            if not until or monotonic < self._next_at:
                return None
            self._sweep = self._pieces(until, floors)
        release = next(self._sweep, None)
        if release is None:
            self._sweep, self._next_at = None, monotonic + SWEEP_EVERY_SECONDS
        return release

    def _pieces(self, until: Mapping[str, Instant], floors: Mapping[str, int]) -> Iterator[Release]:
        reader = self._log.reader()
        try:
            reader.assign({self._ticks: self._from})
            end, kept, release = reader.end(self._ticks), dict[str, int](), Release()
            while len(kept) < len(until) and reader.position(self._ticks) < end:
                for record in reader.poll(PIECE_TICKS, 0.05):
                    self._judge(record, until, floors, kept, release)
                yield release
                release = Release()
            self._from = min(kept.values(), default=reader.position(self._ticks))
        finally:
            reader.close()

    def _judge(
        self,
        record: Record,
        until: Mapping[str, Instant],
        floors: Mapping[str, int],
        kept: dict[str, int],
        release: Release,
    ) -> None:
        key, value = record.key(), record.value()
        name = ticks_schedule(key, value)
        if key is None or value is None or name is None:
            return
        schedule = name.decode(errors="replace")
        if schedule not in until or schedule in kept:
            return
        tick = TICK.decode(value)
        if tick.ends_at > until[schedule]:
            kept[schedule] = record.offset()
            return
        if tick.ordinal < floors.get(schedule, 1):
            return  # It is gone, and the broker has yet to compact it: a floor never goes back to it.
        release.keys.append(key)
        release.floors[schedule] = LastGone(tick.ordinal, tick.sequence, tick.ends_at, sha256(value).digest())
