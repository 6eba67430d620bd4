"""An explanation as people and programs read it, and what is said where there is none; no broker is asked."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from passage.cli.explain import document, plan_of, said_of_nothing
from passage.cli.explanation_page import MOST_TICKS, page
from passage.errors import CommandError
from passage_processors.monitoring.explanation.answer import Explanation
from passage_processors.monitoring.explanation.explainer import explain
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from tests.cli.command import Command
from tests.cli.test_given_words import APP, CLOCK
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices, overdue


def lived(terms: int, days: int) -> World:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=terms), day(0.5))
    world.days(1, days)
    world.settle(world.worker())
    return world


def lines(found: Explanation) -> list[str]:
    """As in a file: a row to a line, spaces between columns squeezed."""
    told = StringIO()
    console = Console(file=told, width=10_000)
    for part in page(found):
        console.print(part, highlight=False, markup=False, soft_wrap=not isinstance(part, Table))
    return [" ".join(line.split()) for line in told.getvalue().splitlines()]


def test_a_person_reads_the_verdict_and_then_the_story() -> None:
    world = lived(2, 3)
    world.fact(InvoicePaid("inv-1"), day(3.5))
    assert lines(explain(world.app, world.log, 1, "inv-1")) == [
        "inv-1: partition 0 of invoices, up to cut 2",
        "InvoiceBecameOverdue (overdue) happened once at 2026-01-03T00:00:00Z: billing.derived[0]@0",
        "",
        "at what where unit",
        "2026-01-01T12:00:00Z InvoiceSent billing[0]@0 overdue counts 2 ticks of day.utc from here, due at #2",
        "2026-01-02T00:00:00Z day.utc#1 (1) passage.ticks[0]@0 overdue 1 of 2",
        "2026-01-03T00:00:00Z day.utc#2 (2) passage.ticks[0]@1 overdue 2 of 2 ticks of day.utc had been counted",
        "2026-01-03T00:00:00Z InvoiceBecameOverdue billing.derived[0]@0 overdue emitted as "
        "invoices/overdue/inv-1/2026-01-01T12:00:00Z/InvoiceBecameOverdue/1",
        "2026-01-04T12:00:00Z InvoicePaid billing[0]@1 not folded yet",
        "",
        "overdue: ended, started 2026-01-01T12:00:00Z",
        "its marker stays until day.utc#12",
    ]


def test_of_a_long_count_the_first_and_the_last_ticks_are_listed_and_json_has_all() -> None:
    found = explain((world := lived(200, 100)).app, world.log, 1, "inv-1")
    told = lines(found)
    assert sum("passage.ticks" in line for line in told) == MOST_TICKS
    assert any(line.startswith("... 40 more ticks counted") for line in told)
    assert len(document(found)["counts"][0]["counted"]) == 100


def test_json_has_instants_as_text_and_a_users_own_values_as_they_are() -> None:
    said: dict[str, Any] = json.loads(json.dumps(document(explain((world := lived(3, 1)).app, world.log, 1, "inv-1"))))
    (cause,), (count,), (waiting,) = said["causes"], said["counts"], said["waits"]
    assert (cause["at"], cause["body"]) == ("2026-01-01T12:00:00Z", {"invoice": "inv-1", "terms": 3})
    assert (count["since_at"], count["counted"][0]["at"]) == ("2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z")
    assert (waiting["ahead"], waiting["next_at"], waiting["promised_at"]) == (2, "2026-01-03T00:00:00Z", None)
    assert said["entries"][0]["holds"] == {"invoice": "inv-1", "terms": 3}


def test_a_configuration_says_the_date_of_any_tick_to_come(tmp_path: Path) -> None:
    (tmp_path / "clock.yaml").write_text(CLOCK, "utf-8")
    world = lived(30, 2)
    found = explain(world.app, world.log, 1, "inv-1", plan=plan_of(world.app, tmp_path / "clock.yaml"))
    (waiting,) = found.waits
    assert (waiting.ahead, waiting.promised_at, waiting.planned_at) == (28, None, day(30))
    assert found.verdicts[0].said.endswith("due at #30: 28 ticks to come, planned for 2026-01-31T00:00:00Z")


def test_a_configuration_of_another_clock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clock.yaml").write_text(CLOCK.replace("day.utc", "day.utx"), "utf-8")
    with pytest.raises(CommandError, match=r"--clock .*clock.yaml: the clock has no schedule 'day.utc'.*'day.utx'"):
        plan_of(invoices(), tmp_path / "clock.yaml")


def test_an_aggregate_nobody_knows_is_told_with_the_nearest_key() -> None:
    world = World(invoices(overdue()), partitions=3)
    for number in range(4700, 4720):
        world.fact(InvoiceSent(f"inv-{number}"), day(0.5))
    found = explain(world.app, world.log, 3, "inv-471")
    number = partition_of(b"inv-471", 3)
    assert said_of_nothing(world.app, world.log, 3, found).startswith(
        f"nothing of 'inv-471' on billing[{number}], where murmur2 puts this key; did you mean 'inv-471"
    )
    far = explain(world.app, world.log, 3, "order/9")
    assert said_of_nothing(world.app, world.log, 3, far).endswith("where murmur2 puts this key")


def test_a_key_on_another_partition_than_its_own_is_told_where_it_is() -> None:
    world = World(invoices(overdue()), partitions=2)
    wrong = 1 - partition_of(b"inv-1", 2)
    world.fact(InvoiceSent("inv-1"), day(0.5))
    record = world.records("billing")[0]
    world.log.truncate(Partition("billing", 1 - wrong), 1)
    appender = world.log.appender()
    appender.append(Partition("billing", wrong), record.key(), record.value(), 1)
    appender.flush()
    found = explain(world.app, world.log, 2, "inv-1")
    said = said_of_nothing(world.app, world.log, 2, found)
    assert f"it is on billing[{wrong}], so its producer partitions otherwise" in said


def test_an_event_that_no_unit_emits_is_refused_before_any_broker_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passage: Command
) -> None:
    (tmp_path / "app.yaml").write_text(APP, "utf-8")
    monkeypatch.chdir(tmp_path)
    done = passage("explain", "app.yaml", "inv-1", "Lat", "--bootstrap", "127.0.0.1:1")
    assert (done.code, done.told) == (2, "passage: no policy or process of app 'a' emits 'Lat'; did you mean 'Late'?")
