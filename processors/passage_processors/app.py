"""An app: which facts it reads, what it says follows, and where to.

Everything that can be wrong with it is said when it is built, before the first fact.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from passage_log.registry import registry_at
from passage_processors.checks import check as _check
from passage_processors.core.program.handlers import Handler, handlers_of, units_of
from passage_processors.core.program.inputs import Input
from passage_processors.core.program.meaning import state_schemas
from passage_processors.core.program.program import Program
from passage_processors.core.program.units import Asking, asked_once
from passage_processors.errors import AppError
from passage_processors.model.declaration import Declaration
from passage_processors.model.purity import twice_the_same
from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.events import EventSet, event_codec
from passage_schemas.formats import Avro, Writing
from passage_schemas.state_schemas import StateSchemas

_Codecs = Mapping[type[Any], Codec[Any]]


@dataclass(frozen=True)
class App(Declaration):
    """A processor, as its user writes it.

    name        prefixes its own topics (`<name>.changelog`, `.timeline`, `.dead-letters`) and its consumer group
    inputs      topic -> the fact types it carries; all with the same number of partitions, keyed by aggregate
    output      where derived events go, in the partition of the fact that caused them
    policies, processes, reports
                in this order they fire on one tick; an event emitted by one is delivered to the others
    derived_from  inputs that are another app's output -> that app's name: ticks wait until it has folded them too
    former_inputs  topics it once read and no longer does; should it read one again, it goes on where it stopped
    formats     input topic, or the output -> the format of its values; Avro() where nothing is said
    compacted   inputs that are tables: of each key only the last fact counts, and Kafka may let go of those before
    schedules   those counted that no policy, process or report names outright (a policy's `of` is a function)

    grace_seconds            how long a tick waits for facts still under way
    max_fact_ahead_seconds   facts dated so long after the tick they wait for are refused; None: they wait. More than
                             the longest time the clock may be down, or facts of today are refused then
    max_clock_wait_seconds   how long facts wait for a clock that is down; None: until it is back
    longest_outage_seconds   an input must keep its facts for so long (and the grace), or the app is refused
    commit_interval_seconds  at most this much time between two transactions while there is work
    on_error                 what to do with a wake-up whose policy fails: park it, skip it, or stop the worker
    stop_after_refusals      that many facts refused in a row stop the worker: a whole topic is no dead letter
    """

    program: Program = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "program", _program(self))

    @cached_property
    def state_schemas(self) -> StateSchemas:
        """What the values it keeps and writes mean, beyond what their first bytes say."""
        return state_schemas(self.program)

    def asked_twice(self) -> "App":
        """The same app for tests: each function of the user's is called twice, and must answer alike. Raises Impure,
        when it runs, for one that does not. The same each time it is asked for, as in every test of a suite."""
        return self._twice

    @cached_property
    def _twice(self) -> "App":
        twice = replace(self)
        object.__setattr__(twice, "program", _program(twice, twice_the_same))
        return twice


def _program(app: App, ask: Asking = asked_once) -> Program:
    facts = dict.fromkeys(fact for facts in app.inputs.values() for fact in facts)
    schedules = app.counted
    try:
        codecs = {one: event_codec(one) for one in facts}
        codecs |= {one: event_codec(one) for one in app.emitted}
        EventSet(codecs.values())
        units = units_of(app.policies, app.processes, app.reports, codecs, schedules, ask)
    except SchemaError as error:
        raise AppError(f"app {app.name!r}: {error}") from error
    handlers = handlers_of(list(codecs.values()), units, schedules)
    heard = {one.codec.cls: one for one in handlers.values() if one.ends or one.starts or one.hears}
    emits = {one: codecs[one] for one in app.emitted}
    by_class = {handler.codec.cls: handler for handler in handlers.values()}
    kept = Input(Avro().reading(list(codecs.values()), registry_at), by_class)
    return Program(
        app.name, units, handlers, heard, emits, app.on_error, app.stop_after_refusals,
        _inputs(app, codecs, by_class), *_output(app, codecs, by_class), kept,
    )  # fmt: skip


def _inputs(app: App, codecs: _Codecs, by_class: Mapping[type[Any], Handler]) -> dict[str, Input]:
    inputs = {}
    for topic, facts in app.inputs.items():
        carried = [codecs[fact] for fact in dict.fromkeys(facts)]
        with _of_the_format(app, topic):
            inputs[topic] = Input(app.formats.get(topic, Avro()).reading(carried, registry_at), by_class)
    return inputs


def _output(app: App, codecs: _Codecs, by_class: Mapping[type[Any], Handler]) -> tuple[Writing, Input]:
    output_format, emitted = app.formats.get(app.output, Avro()), [codecs[event] for event in app.emitted]
    with _of_the_format(app, app.output):
        return output_format.writing(app.output, emitted, registry_at), Input(
            output_format.reading(emitted, registry_at), by_class
        )


@contextmanager
def _of_the_format(app: App, topic: str) -> Iterator[None]:
    try:
        yield
    except SchemaError as error:
        raise AppError(f"app {app.name!r}, format of {topic!r}: {error}") from error
