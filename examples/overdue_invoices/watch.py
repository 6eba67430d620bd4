"""What stands on the log, seen from outside: how far the processor has come, and what it has said.

Asks neither the processor nor the clock. What isn't readable by everybody does not count.
"""

from collections import Counter
from collections.abc import Mapping

from examples.overdue_invoices.answer_key import Outcome
from examples.overdue_invoices.facts import PARTITIONS
from examples.stage import CUT
from passage import EARLIEST, App, EventSet, Log, Partition, Record, instant_of_milliseconds, read_headers

TICK_HEADER = "passage_tick"
_BATCH = 5_000


class Watch:
    """Belongs to one thread; close it."""

    def __init__(self, app: App, log: Log) -> None:
        self.outcomes: list[Outcome] = []
        self.letters: list[str] = []
        """Why a fact or a wake-up could not be handled: in this example nothing should be here."""
        self._app = app
        self._events = EventSet(policy.emits for policy in app.policies)
        self._sequences = dict.fromkeys(range(PARTITIONS), 0)
        self._counts: Counter[str] = Counter()
        topics = (app.timeline, app.output, app.dead_letters)
        self._partitions = [Partition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._reader = log.reader()
        self._reader.assign(dict.fromkeys(self._partitions, EARLIEST))

    @property
    def folded(self) -> int:
        """Every partition has folded the ticks up to this sequence."""
        return min(self._sequences.values())

    def ends(self) -> dict[Partition, int]:
        """How far there is something to read now."""
        return self._reader.ends(self._partitions)

    def reached(self, ends: Mapping[Partition, int]) -> bool:
        """Whether all that was there has been taken in. A transaction's cut may be read before its events are."""
        return all(self._reader.position(partition) >= end for partition, end in ends.items())

    def count(self, event: str) -> int:
        return self._counts[event]

    def look(self, timeout_seconds: float) -> bool:
        """Take in what is new, or wait so long for something. Whether something came."""
        records = self._reader.poll(_BATCH, timeout_seconds)
        for record in records:
            self._take(record)
        return bool(records)

    def _take(self, record: Record) -> None:
        value, headers = record.value(), dict(read_headers(record))
        if record.topic() == self._app.dead_letters:
            self.letters.append((headers.get("passage_reason") or b"no reason given").decode())
        elif value is None:
            return
        elif record.topic() == self._app.timeline:
            self._sequences[record.partition()] = CUT.decode(value).tick_sequence
        else:
            event = self._events.type_of(value).__name__
            self._counts[event] += 1
            key, instant = (record.key() or b"").decode(), instant_of_milliseconds(record.timestamp()[1])
            self.outcomes.append(Outcome(event, key, instant, (headers.get(TICK_HEADER) or b"").decode()))

    def close(self) -> None:
        self._reader.close()
