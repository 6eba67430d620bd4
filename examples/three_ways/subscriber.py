"""A subscriber of ticks whose memory is a database: each tick is handled once, in one transaction with what it changes.

Kafka can't be part of PostgreSQL's transaction, so the place in the topic is kept in PostgreSQL, in the same
transaction as everything the tick did. Killed before the commit: nothing has happened, the tick comes again. Killed
after it: the tick is known, and passed over. Two subscribers at once wait for each other at the row of `progress`.

What follows goes to the table `outbox`; whoever writes it to a topic may do so twice, so each event has an id.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import psycopg

from passage import EARLIEST, TICK, Instant, Log, Partition, Tick, datetime_of, event_codec

Connection = psycopg.Connection[tuple[object, ...]]
Cursor = psycopg.Cursor[tuple[object, ...]]

SCHEMA = """
CREATE TABLE IF NOT EXISTS progress (
    one bool PRIMARY KEY DEFAULT true CHECK (one),
    sequence bigint NOT NULL DEFAULT 0,      -- of the last tick handled: dense over all schedules
    next_offset bigint                       -- where to read on; offsets have holes, so never count with them
);
INSERT INTO progress DEFAULT VALUES ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS outbox (
    place bigserial PRIMARY KEY,
    id text UNIQUE NOT NULL,                 -- made of what it names, so a second one is refused
    key text NOT NULL,
    value bytea NOT NULL,
    instant bigint NOT NULL,                 -- the tick's, never now()
    tick text NOT NULL
);
"""


class Following(NamedTuple):
    """An event that follows from a tick, for the aggregate `key`."""

    key: str
    event: object


class Way(Protocol):
    """A way of finding what a tick makes due."""

    def create(self, cursor: Cursor) -> None:
        """Make its tables. A second call changes nothing."""

    def tick(self, cursor: Cursor, tick: Tick) -> Sequence[Following]:
        """Find what is due, change what must be changed, say what follows, in order of its keys."""


class Subscriber:
    """Feeds the ticks of one schedule to a way. Belongs to one thread, as its connection does."""

    def __init__(self, way: Way, schedule: str, log: Log, connection: Connection, topic: str = "passage.ticks") -> None:
        self._way = way
        self._schedule = schedule
        self._connection = connection
        self._topic = Partition(topic, 0)
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(SCHEMA)
            way.create(cursor)
            cursor.execute("SELECT next_offset FROM progress")
            [offset] = cursor.fetchone() or [None]
        self._reader = log.reader()  # read_committed: a tick that was taken back is never seen
        self._reader.assign({self._topic: EARLIEST if offset is None else int(str(offset))})

    def step(self, timeout_seconds: float) -> int:
        """Handle what ticks there are, or come in time. How many records were looked at."""
        records = self._reader.poll(500, timeout_seconds)
        for record in records:
            value = record.value()
            if value is not None:  # without a value it is a leader's barrier
                self.handle(TICK.decode(value), record.offset() + 1)
        return len(records)

    def handle(self, tick: Tick, next_offset: int) -> None:
        """One tick, one transaction. One that was handled before changes nothing."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            # The lock of this row is what makes two subscribers take turns.
            cursor.execute("SELECT sequence FROM progress FOR UPDATE")
            [sequence] = cursor.fetchone() or [0]
            if tick.sequence <= int(str(sequence)):
                return
            if tick.schedule == self._schedule:
                self._write(cursor, tick, self._way.tick(cursor, tick))
            cursor.execute("UPDATE progress SET sequence = %s, next_offset = %s", (tick.sequence, next_offset))

    def _write(self, cursor: Cursor, tick: Tick, followings: Sequence[Following]) -> None:
        name = f"{tick.schedule}#{tick.ordinal}"
        rows = [
            (f"{type(event).__name__}/{key}/{name}", key, event_codec(type(event)).encode(event), tick.ends_at, name)
            for key, event in followings
        ]
        if rows:
            cursor.executemany("INSERT INTO outbox (id, key, value, instant, tick) VALUES (%s, %s, %s, %s, %s)", rows)

    def close(self) -> None:
        """Lets go of the log; the connection is its owner's."""
        self._reader.close()


def date_of(ends_at: Instant, zone: str) -> date:
    """The civil date a tick of days is dated: that of the day its instant begins. An invoice due on the second of
    February is overdue where `due_on < date`, from the midnight on that ends the second."""
    return datetime_of(ends_at).astimezone(ZoneInfo(zone)).date()
