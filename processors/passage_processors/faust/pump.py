"""Between Faust's event loop and the hosted tasks: deliveries in, records out, acknowledgements last.

    delivered ──> step ──> 1 events, letters    stored before anything says that they were written
                           2 aggregates         each its own record in the table
                           3 the cut            tells that the step is whole
                           4 acknowledgements   Faust commits the facts' offsets some time later

Killed after 1, the step is taken again and writes the same events under the same ids. Killed within 2, some aggregates
are a step ahead; their records say so, and facts delivered again pass them over. Killed after 3, facts delivered again
lie before the cut. So each event is written at least once, and nothing is counted twice.

Facts that wait for a tick are not acknowledged, so Faust must not wait for them in a rebalance: `stream_wait_empty`.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar, cast

import faust
from faust.types import TP, EventT, TableT

from passage_log.errors import Unfit
from passage_log.port import EARLIEST, Log, Reader
from passage_processors.app import App
from passage_processors.errors import AppError
from passage_processors.faust.facts import Fact
from passage_processors.faust.host import Host, Written
from passage_processors.faust.table_rows import TICKS, split_key, table_key
from passage_processors.runtime.topics import check_topics
from passage_schemas.log_record import Partition, Record

IDLE_SECONDS = 0.05
"""Between two looks when nothing was delivered: how late a tick is noticed at most."""
MOST_WAITING = 20_000
"""Facts delivered and not yet folded; beyond, Faust keeps them."""
_TICKS_AT_ONCE = 500
_LOOKS = 200
_HALF_MS = 0.0005
_AS_IT_IS: Mapping[str, Any] = {"key_serializer": "raw", "value_serializer": "raw", "force": True}

T = TypeVar("T")


class Pump:
    """One per attached app and worker."""

    def __init__(
        self,
        faust_app: faust.App,
        app: App,
        table: TableT[bytes, bytes],
        partitions: int,
        make_log: Callable[[], Log],
        max_facts: int,
    ) -> None:
        self.relayed: Any = None
        """The topic each tick goes to, in every partition; None where nobody listens."""
        self._faust = faust_app
        self._app = app
        self._table = table
        self._partitions = partitions
        self._make_log = make_log
        self._max_facts = max_facts
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passage")
        self._host: Host | None = None
        self._ticks: Reader | None = None
        self._inbox: list[Fact] = []
        self._waiting: defaultdict[Partition, deque[Fact]] = defaultdict(deque)
        """Delivered, and not yet acknowledged."""
        self._delivered = asyncio.Event()
        self._has_room = asyncio.Event()
        self._room = MOST_WAITING
        """So many more may be delivered before the next turn."""
        self._at_rest = asyncio.Lock()
        """Held during a turn: what Faust takes away is let go between two."""
        self._restore: tuple[dict[int, dict[bytes, bytes]], dict[Partition, int]] | None = None
        self._sent_to: dict[int, int] = {}
        """By partition, the tick topic's offset up to which ticks were relayed."""

    # --- what Faust calls --------------------------------------------------------------------------------------------

    async def take(self, stream: AsyncIterable[EventT[Any]]) -> None:
        """The agent: events, none of which is acknowledged by taking the next."""
        async for event in stream:
            fact = Fact(event)
            self._inbox.append(fact)
            self._waiting[Partition(fact.topic(), fact.partition())].append(fact)
            self._delivered.set()
            while len(self._inbox) >= self._room:
                self._has_room.clear()
                await self._has_room.wait()

    async def on_revoked(self, *_arguments: Any, **_settings: Any) -> None:
        """Let go of everything: what is still ours is read again from the table."""
        async with self._at_rest:
            self._forget()

    async def on_recovered(self) -> None:
        """The table is whole. Faust seeks to the committed offsets next, so asking for them changes nothing; but where
        none was committed yet it seeks nowhere, and what was delivered and is forgotten here would never come again."""
        consumer: Any = self._faust.consumer  # its protocol doesn't tell of this method
        offsets: Mapping[TP, int | None] = await consumer.seek_to_committed()
        actives = self._faust.assignor.assigned_actives()
        numbers = {tp.partition for tp in actives if tp.topic in self._app.inputs}
        tables: dict[int, dict[bytes, bytes]] = {number: {} for number in numbers}
        others = []
        for key, value in self._table.data.items():
            number, kind = split_key(key)
            if number not in tables:
                others.append(key)
            elif value is not None:
                tables[number][kind] = value
        never = {tp: 0 for tp in actives if tp.topic in self._app.sources and not (offsets.get(tp) or 0) > 0}
        async with self._at_rest:
            self._forget()
            if never:
                await consumer.seek_wait(never)
            for key in others:
                self._table.data.pop(key, None)
            committed = {Partition(tp.topic, tp.partition): at for tp, at in offsets.items() if at and at > 0}
            self._restore = tables, committed
            self._delivered.set()

    def _forget(self) -> None:
        self._inbox.clear()
        self._waiting.clear()
        self._room = MOST_WAITING
        self._has_room.set()
        self._restore = None
        if self._host is not None:
            self._host.drop()

    # --- the loop ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until Faust stops. Raises what waiting won't mend, which stops Faust."""
        try:
            while not self._faust.should_stop:
                if self._host is None or not self._host.has_more:
                    await self._nap()
                async with self._at_rest:
                    await self._turn()
        finally:
            if self._host is not None:
                await self._in_thread(self._host.close)
            self._thread.shutdown(wait=False)

    async def _nap(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._delivered.wait(), IDLE_SECONDS)
        self._delivered.clear()

    async def _turn(self) -> None:
        if self._host is None:
            self._host = await self._in_thread(self._begin)
        if self._restore is not None:
            tables, committed = self._restore
            await self._in_thread(lambda: self._begin_anew(tables, committed))
            self._restore = None
        if not self._host.tasks:
            return
        facts, self._inbox[:] = self._inbox[:], []
        for written in await self._in_thread(lambda: self._take_turn(facts)):
            await self._write(written)
        self._make_room()
        if self._ticks is not None:
            await self._relay(await self._in_thread(self._read_ticks))

    def _begin(self) -> Host:
        log = self._make_log()
        partitions = check_topics(log, self._app)
        if partitions != self._partitions:
            raise AppError(
                f"attach(..., partitions={self._partitions}): the inputs of {self._app.name} have {partitions}; say "
                "that number, for the table must have as many"
            )
        host = Host(self._app, log, partitions, self._max_facts)
        if self.relayed is not None:
            self._ticks = log.reader()
        return host

    def _begin_anew(self, tables: Mapping[int, Mapping[bytes, bytes]], committed: Mapping[Partition, int]) -> None:
        assert self._host is not None
        self._host.restore(tables, committed)
        self._sent_to = {number: int(table.get(TICKS, b"0")) for number, table in tables.items()}
        if self._ticks is not None and tables:
            first = min(self._sent_to.values())
            self._ticks.assign({Partition(self._app.ticks_topic, 0): first or EARLIEST})

    def _take_turn(self, facts: Sequence[Fact]) -> list[Written]:
        assert self._host is not None
        return self._host.turn(facts)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- writing -----------------------------------------------------------------------------------------------------

    async def _write(self, written: Written) -> None:
        topics = {event.partition.topic: self._faust.topic(event.partition.topic) for event in written.events}
        await _stored(
            [
                await topics[event.partition.topic].send(
                    key=event.key, value=event.value, partition=event.partition.number,
                    headers=cast(Any, list(event.headers)),
                    timestamp=event.at_ms / 1000 + _HALF_MS,  # Faust cuts off what is below a millisecond
                    **_AS_IT_IS,
                )
                for event in written.events
            ]
        )  # fmt: skip
        await self._put(written.number, written.states)
        await self._put(written.number, dict([written.cut]))
        await self._put(written.number, dict.fromkeys(written.forgotten))
        for topic, offset in written.folded_to.items():
            waiting = self._waiting[Partition(topic, written.number)]
            while waiting and waiting[0].offset() < offset:
                waiting.popleft().event.ack()

    async def _put(self, number: int, values: Mapping[bytes, bytes | None]) -> None:
        """Set keys of the table and wait until the log has them. Not by its index, which takes the partition of the
        event an agent has at hand, and would be too late for ticks; nor by its buffer, which is for single values."""
        changelog, data = self._table.changelog_topic, self._table.data
        sent = []
        for key, value in values.items():
            if value is None:
                data.pop(key, None)
            else:
                data[key] = value
            sent.append(await changelog.send(key=key, value=value, partition=number, **_AS_IT_IS))
        await _stored(sent)

    def _make_room(self) -> None:
        """Facts that wait for those of another input must not keep them out: all inputs come through one door."""
        assert self._host is not None
        left = MOST_WAITING - sum(map(len, self._waiting.values()))
        self._room = MOST_WAITING if self._host.starves else max(0, left)
        if self._room:
            self._has_room.set()

    # --- ticks for the user's own agents -----------------------------------------------------------------------------

    async def until_there(self, topic: str) -> None:
        """Until every broker that is asked has heard of a topic just made. Raises Unfit when none does."""
        await self._in_thread(lambda: self._wait_for(topic))

    def _wait_for(self, topic: str) -> None:
        log = self._make_log()
        try:
            for _ in range(_LOOKS):
                if log.describe([topic])[topic] is not None:
                    return
                time.sleep(IDLE_SECONDS)
            raise Unfit(f"{topic} was made and is not there; look whether Faust may create topics")
        finally:
            log.close()

    def _read_ticks(self) -> list[Record]:
        assert self._ticks is not None
        return self._ticks.poll(_TICKS_AT_ONCE, 0.0)

    async def _relay(self, records: Sequence[Record]) -> None:
        if not records:
            return
        sent = [
            await self.relayed.send(key=record.key(), value=record.value(), partition=number, **_AS_IT_IS)
            for number, sent_to in self._sent_to.items()
            for record in records
            if record.offset() >= sent_to and record.value() is not None
        ]
        await _stored(sent)
        end = records[-1].offset() + 1
        behind = [number for number, sent_to in self._sent_to.items() if sent_to < end]
        self._sent_to.update(dict.fromkeys(behind, end))
        for number in behind:
            await self._put(number, {table_key(number, TICKS): b"%d" % end})
        self._delivered.set()  # there may be more


async def _stored(sent: Sequence[Any]) -> None:
    """Wait until the log has them all. Raises the first error."""
    if sent:
        await asyncio.gather(*sent)
