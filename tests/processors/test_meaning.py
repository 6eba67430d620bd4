"""Two schemas that only differ in logical types have the same ten bytes: what one kept, the other must not read."""

from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest

from passage_processors.app import App
from passage_processors.core.state.keys import SCHEMAS_KEY
from passage_processors.errors import AppError, ProcessorError
from passage_processors.model.policy import Policy
from passage_processors.model.process import Effects, Emit, Moment, Process, Remember, Wake, starts_on, wakes
from passage_processors.runtime.worker import Worker
from passage_schemas import decimal_of, event_codec
from passage_schemas.events import EventSet
from passage_schemas.log_record import Partition
from passage_schemas.records import STATE_SCHEMAS
from passage_schemas.state_schemas import StateSchema, StateSchemas
from tests.processors.world import DAY, World, day

CENTS = Annotated[Decimal, decimal_of(12, 2)]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    price: Decimal


@dataclass(frozen=True)
class Told:
    invoice: str
    owed: str


def _line(price: Any) -> type[Any]:
    return make_dataclass("Line", [("price", price)], frozen=True)


COLLIDING: dict[str, tuple[Any, Any, Any, str]] = {
    "a Decimal's places": (Decimal, Decimal("12.5"), CENTS, "owed was decimal(38,9), and now it is decimal(12,2)"),
    "a Decimal's digits": (CENTS, Decimal("12.5"), Annotated[Decimal, decimal_of(14, 2)], "decimal(14,2)"),
    "a number and a moment": (int, 7, datetime, "owed was without a logical type, and now it is timestamp-micros"),
    "a moment and a number": (datetime, NOON, int, "owed was timestamp-micros, and now it is without a logical type"),
    "bytes and a Decimal": (bytes, b"\x04\xd2", CENTS, "now it is decimal(12,2)"),
    "a text and a UUID": (str, str(UUID(int=7)), UUID, "now it is uuid"),
    "what may be missing": (Decimal | None, None, CENTS | None, "now it is decimal(12,2)"),
    "in a list": (tuple[bytes, ...], (b"\x01",), tuple[CENTS, ...], "owed[] was without a logical type"),
    "in a dictionary": (dict[str, int], {"a": 1}, dict[str, datetime], "owed{} was without a logical type"),
    "in another record": (Line, Line(Decimal(1)), _line(CENTS), "owed.price was decimal(38,9)"),
}
CASES = pytest.mark.parametrize(("before", "value", "after", "said"), COLLIDING.values(), ids=COLLIDING.keys())


def fact(owed: Any, name: str = "Sent") -> type[Any]:
    return make_dataclass(name, [("invoice", str), ("owed", owed)], frozen=True)


def of_facts(sent: type[Any], **changes: Any) -> App:
    """One that keeps the fact."""
    policy = Policy(
        name="overdue", starts_on=sent, after=2, of=DAY, emits=Told,
        event=lambda case: Told(case.key, str(case.fact.owed)), **changes,
    )  # fmt: skip
    return App("inv", {"billing": [sent]}, "out", policies=[policy], grace_seconds=0.0, commit_interval_seconds=0.0)


@dataclass(frozen=True)
class Opened:
    invoice: str


def of_states(remembered: type[Any], value: Any = None, **ways: Any) -> App:
    """One that keeps a state."""

    class Owing(Process[Any]):
        name = "owing"
        state = remembered
        schedules = (DAY,)
        emits = (Told,)
        upgrades = ways.get("upgrades", {})

        @starts_on(Opened)
        def opened(self, now: Moment[Any], fact: Opened) -> Effects:
            return [Remember(remembered("i-1", value)), Wake("tell", 2, DAY)]

        @wakes("tell")
        def tell(self, now: Moment[Any]) -> Effects:
            return [Emit(Told(now.key, str(now.state.owed)))]

    return App("inv", {"billing": [Opened]}, "out", processes=[Owing()], grace_seconds=0.0, commit_interval_seconds=0.0)


def stopped(app: App, first: Any, worker: Callable[[World], Worker] = World.worker) -> World:
    """A world whose worker has folded one fact and was stopped."""
    world = World(app)
    world.name(next_at=day(1))
    world.fact(first, day(0.5))
    one = worker(world)
    world.settle(one)
    if one.snapshots is not None:
        one.snapshots.finish(one.tasks, seconds=60.0)
    one.close()
    return world


def as_kept(value: Any) -> Any:
    codec = event_codec(type(value))
    return codec.decode(codec.encode(value))


def goes_on(world: World, app: App, worker: Callable[[World], Worker] = World.worker) -> list[object]:
    """What is told of what was kept."""
    world.app = app
    other = worker(world)
    try:
        world.settle(other)
        world.days(1, 2)
        world.settle(other)
    finally:
        other.close()
    return world.derived()


def schemas_of(world: World) -> list[StateSchemas]:
    records = world.records("inv.changelog")
    return [STATE_SCHEMAS.decode(one.value() or b"") for one in records if one.key() == SCHEMAS_KEY]


@CASES
@pytest.mark.parametrize("second_start", ["ignored", "restarts"])
def test_a_kept_fact_of_another_meaning_is_refused_with_the_choices(
    before: Any, value: Any, after: Any, said: str, second_start: str
) -> None:
    was, now = fact(before), fact(after)
    assert event_codec(was).prefix == event_codec(now).prefix, "or this is about nothing"
    world = stopped(of_facts(was, second_start=second_start), was("i-1", value))

    with pytest.raises(ProcessorError) as refused:
        goes_on(world, of_facts(now, second_start=second_start))

    text = str(refused.value)
    assert said in text
    assert text.startswith("inv.changelog[0] was written when Sent.owed")
    assert "put the field back as it was, and add a new one beside it, or give the changed class another name" in text
    told = str(as_kept(was("i-1", value)).owed)
    assert goes_on(world, of_facts(was, second_start=second_start)) == [Told("i-1", told)], "nothing was spoilt"


@CASES
def test_a_kept_state_of_another_meaning_is_refused_with_the_choices(
    before: Any, value: Any, after: Any, said: str
) -> None:
    was, now = fact(before, "Debt"), fact(after, "Debt")
    world = stopped(of_states(was, value), Opened("i-1"))

    with pytest.raises(ProcessorError) as refused:
        goes_on(world, of_states(now))

    assert said in str(refused.value)
    assert "give the changed state class another name, with Debt in the `upgrades` of 'owing'" in str(refused.value)
    assert goes_on(world, of_states(was, value)) == [Told("i-1", str(as_kept(was("i-1", value)).owed))]


def test_the_way_the_refusal_names_for_a_state_leads_on() -> None:
    was, now = fact(Decimal, "Debt"), fact(CENTS, "DebtInCents")
    world = stopped(of_states(was, Decimal("12.5")), Opened("i-1"))
    app = of_states(now, upgrades={was: lambda old: now(old.invoice, old.owed.quantize(Decimal("0.01")))})

    assert goes_on(world, app) == [Told("i-1", "12.50")]
    assert {one.name for one in schemas_of(world)[-1].schemas} == {"Opened", "Told", "Debt", "DebtInCents"}


def test_the_way_the_refusal_names_for_a_fact_leads_on() -> None:
    was = fact(Decimal)
    beside = make_dataclass(
        "Sent", [("invoice", str), ("owed", Decimal), ("cents", CENTS, Decimal(0))], frozen=True,
        namespace={"avro_older": [event_codec(was).schema]},
    )  # fmt: skip
    world = stopped(of_facts(was), was("i-1", Decimal("12.5")))

    assert goes_on(world, of_facts(beside)) == [Told("i-1", "12.500000000")]


def test_an_older_version_of_another_meaning_is_refused_too() -> None:
    """The facts kept are of the version before, whose file somebody edits."""
    was, edited = event_codec(fact(Decimal)).schema, event_codec(fact(CENTS)).schema
    narrow: list[Any] = [("invoice", str), ("lines", int, 0)]

    def app(older: Any) -> App:
        sent = make_dataclass("Sent", narrow, frozen=True, namespace={"avro_older": [older]})
        policy = Policy(
            name="overdue", starts_on=sent, after=2, of=DAY, emits=Told, event=lambda case: Told(case.key, "")
        )
        return App("inv", {"billing": [sent]}, "out", policies=[policy], grace_seconds=0.0, commit_interval_seconds=0.0)

    first = app(was)
    world = stopped(first, first.inputs["billing"][0]("i-1"))
    with pytest.raises(ProcessorError, match=r"Sent\.owed was decimal\(38,9\)"):
        goes_on(world, app(edited))


def test_with_a_snapshot_it_is_refused_as_well(tmp_path: Path) -> None:
    def with_snapshots(world: World) -> Worker:
        return Worker(world.app, world.log, "a", monotonic=lambda: 0.0, snapshots=tmp_path)

    was, now = fact(Decimal), fact(CENTS)
    world = stopped(of_facts(was), was("i-1", Decimal("12.5")), with_snapshots)
    assert list(tmp_path.iterdir()), "or there is none to look at"

    with pytest.raises(ProcessorError, match=r"inv\.changelog\[0\] was written when Sent\.owed was decimal\(38,9\)"):
        goes_on(world, of_facts(now), with_snapshots)
    assert goes_on(world, of_facts(was), with_snapshots) == [Told("i-1", "12.500000000")]


def test_what_is_kept_is_written_down_once_and_again_when_there_is_more() -> None:
    was = fact(Decimal)
    world = stopped(of_facts(was), was("i-1", Decimal("12.5")))
    written = StateSchemas((
        StateSchema("", "Sent", event_codec(was).prefix[2:], {"owed": "decimal(38,9)"}),
        StateSchema("", "Told", event_codec(Told).prefix[2:], {}),
    ))  # fmt: skip

    assert schemas_of(world) == [written]
    goes_on(world, of_facts(was))
    assert schemas_of(world) == [written]
    app = of_facts(was)
    more = App(
        "inv", {"billing": [was, Opened]}, "out", policies=[*app.policies, Policy(
            name="opened", starts_on=Opened, after=2, of=DAY, emits=Told, event=lambda case: Told(case.key, ""),
        )], grace_seconds=0.0, commit_interval_seconds=0.0,
    )  # fmt: skip
    world.app = more
    worker = world.worker()
    world.fact(was("i-2", Decimal(1)), day(2.5))
    world.settle(worker)
    assert schemas_of(world)[-1] == StateSchemas((
        *written.schemas, StateSchema("", "Opened", event_codec(Opened).prefix[2:], {}),
    ))  # fmt: skip


def test_a_changelog_of_before_it_was_written_down_is_read_and_from_then_on_held_to_it() -> None:
    was, now = fact(Decimal), fact(CENTS)
    world = stopped(of_facts(was), was("i-1", Decimal("12.5")))
    before = World(of_facts(was))
    before.name(next_at=day(1))
    hand = before.log.appender()
    for topic in ("billing", "inv.changelog", "inv.timeline"):
        for one in world.records(topic):
            if one.key() != SCHEMAS_KEY:
                hand.append(Partition(topic, 0), one.key(), one.value(), one.timestamp()[1])
    hand.flush()

    assert schemas_of(before) == []
    assert goes_on(before, of_facts(was)) == [Told("i-1", "12.500000000")]
    assert schemas_of(before) == schemas_of(world)
    with pytest.raises(ProcessorError, match=r"Sent\.owed was decimal\(38,9\), and now it is decimal\(12,2\)"):
        goes_on(before, of_facts(now))


UNLIKE_BUT_ALIKE: dict[str, dict[str, Any]] = {
    "a doc": {"doc": "what is owed"},
    "a default": {"default": "\u0000"},
    "an alias": {"aliases": ["amount"]},
}


@pytest.mark.parametrize("said", UNLIKE_BUT_ALIKE.values(), ids=UNLIKE_BUT_ALIKE.keys())
def test_what_means_the_same_goes_on(said: dict[str, Any]) -> None:
    was = fact(Decimal)
    schema = event_codec(was).schema
    other = {**schema, "fields": [schema["fields"][0], {**schema["fields"][1], **said}]}
    again = make_dataclass("Sent", [("invoice", str), ("owed", Decimal)], frozen=True, namespace={"avro_schema": other})
    world = stopped(of_facts(was), was("i-1", Decimal("12.5")))

    assert goes_on(world, of_facts(again)) == [Told("i-1", "12.500000000")]


def test_a_state_and_its_upgrade_that_cant_be_told_apart_are_refused_when_the_app_is_built() -> None:
    was, now = fact(Decimal, "Debt"), fact(CENTS, "Debt")

    with pytest.raises(AppError, match=r"Debt\.owed: two schemas with the same fingerprint"):
        of_states(now, upgrades={was: lambda old: old})


def test_two_facts_that_cant_be_told_apart_are_refused_when_the_app_is_built() -> None:
    was, now = fact(Decimal), fact(CENTS)
    policy = of_facts(was).policies[0]

    for inputs in ({"billing": [was, now]}, {"billing": [was], "others": [now]}):
        with pytest.raises(AppError, match=r"Sent\.owed: two schemas with the same fingerprint"):
            App("inv", inputs, "out", policies=[policy])
    with pytest.raises(Exception, match="two schemas with the same fingerprint"):
        EventSet([was, now])


def test_a_moment_a_day_and_a_number_are_three_things() -> None:
    """Not by their ten bytes where the number is as wide; else by those."""
    prefixes = [event_codec(fact(kind)).prefix for kind in (int, datetime, date)]

    assert prefixes[0] == prefixes[1] != prefixes[2]
