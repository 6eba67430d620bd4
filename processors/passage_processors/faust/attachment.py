"""What a user calls: an app's facts to an agent, its state to a table, its ticks to whoever listens.

Only wiring, done where the Faust app is defined: nothing is asked of the log before Faust runs.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import faust
from faust.serializers.codecs import Codec
from faust.types import AppT, TableT, TopicT

from passage_log.kafka import KafkaLog
from passage_log.port import Log
from passage_processors.app import App
from passage_processors.errors import AppError
from passage_processors.faust.pump import Pump
from passage_schemas.records import TICK
from passage_schemas.tick import Tick

DEFAULT_PORT = 9092


class Attached:
    """An app, at work in a Faust app."""

    def __init__(self, faust_app: faust.App, app: App, partitions: int, pump: Pump) -> None:
        self.app = app
        self._faust = faust_app
        self._partitions = partitions
        self._pump = pump
        self._ticks: TopicT | None = None

    @property
    def ticks(self) -> TopicT:
        """A topic of `Tick`s for agents of your own, with as many partitions as the app's inputs and every tick in
        each: an agent on it may look through its table's share of the keys. Every tick there ever was, in order, once
        or more: compare `tick.sequence`, or the id `tick.key`. Written only where something asked for it."""
        if self._ticks is None:
            self._pump.relayed = self._ticks = _TickTopic(
                self._faust,
                topics=[f"{self._faust.conf.id}-{self.app.name}-ticks"],
                until_there=self._pump.until_there,
                internal=True,
                partitions=self._partitions,
                retention=86_400.0,
                key_type=bytes,
                key_serializer="raw",
                value_serializer=_TickCodec(),
            )
        return self._ticks


def attach(
    faust_app: faust.App,
    app: App,
    *,
    partitions: int,
    log: Callable[[], Log] | None = None,
    max_facts: int = 5_000,
) -> Attached:
    """Run `app` in this Faust app's workers. Call it where the Faust app is defined, once for each app.

    partitions  of the app's inputs; checked against the log when the worker starts, as are its topics
                (`passage processors topics MODULE:APP --create` makes those that are not there)
    log         makes the log the ticks are read from; by default Faust's own broker, without credentials
    max_facts   at most so many facts and ticks in one step; 5,000 are written in about two seconds

    Raises AppError for what can't work. Facts already consumed under this Faust app's id are not counted.
    """
    if faust_app.conf.stream_wait_empty:
        raise AppError(
            f"attach({app.name!r}): Faust would wait in every rebalance for facts that wait for a tick; make it "
            "faust.App(..., stream_wait_empty=False)"
        )
    if log is None and faust_app.conf.broker_credentials is not None:
        raise AppError(
            f"attach({app.name!r}): the broker wants credentials; pass log=lambda: KafkaLog(bootstrap, settings), "
            "with the Kafka client's own (security.protocol, sasl.mechanism ...)"
        )
    bootstrap = ",".join(f"{url.host}:{url.port or DEFAULT_PORT}" for url in faust_app.conf.broker)
    table: TableT[bytes, bytes] = faust_app.Table(
        f"passage-{app.name}",
        partitions=partitions,
        key_type=bytes,  # of which Faust makes the raw serializer
        value_type=bytes,
        store="memory://",  # whatever the others use: the tasks hold it all in memory anyway
    )
    pump = Pump(faust_app, app, table, partitions, log or (lambda: KafkaLog(bootstrap)), max_facts)
    facts = faust_app.topic(
        *app.sources, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )

    async def passage(stream: Any) -> None:
        await pump.take(stream.noack().events())

    faust_app.agent(facts, name=f"passage-{app.name}")(passage)
    faust_app.task(pump.run)
    faust_app.on_partitions_revoked.connect(pump.on_revoked, weak=False)
    table.on_recover(pump.on_recovered)
    return Attached(faust_app, app, partitions, pump)


class _TickTopic(faust.Topic):
    """Made when Faust starts, and there when it subscribes: it leaves out for good what its broker doesn't know yet."""

    def __init__(self, app: AppT, *, until_there: Callable[[str], Awaitable[None]], **settings: Any) -> None:
        super().__init__(app, **settings)
        self._until_there = until_there

    def _clone_args(self) -> Mapping[str, Any]:
        return {**super()._clone_args(), "until_there": self._until_there}

    async def declare(self) -> None:
        await super().declare()
        await self._until_there(self.get_topic_name())


class _TickCodec(Codec):
    """A tick as the clock wrote it."""

    def _loads(self, s: bytes) -> Tick:
        return TICK.decode(s)

    def _dumps(self, obj: Tick) -> bytes:
        return TICK.encode(obj)
