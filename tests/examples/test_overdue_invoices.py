"""The demo comes to the answer key, its check can fail, and the demo itself ends as it should."""

import io
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from examples.overdue_invoices import app
from examples.overdue_invoices.answer_key import (
    KNOWN,
    OVERDUE,
    SUSPENDED,
    Outcome,
    check,
    civil,
    differences,
    expected_of,
)
from examples.overdue_invoices.chart import chart_of
from examples.overdue_invoices.demo import CLOCK, DIFFERENT, EQUAL, MEND, Demo, tell
from examples.overdue_invoices.facts import Invoice, facts_of, read_invoices
from examples.overdue_invoices.story import story_of, worth_telling
from examples.overdue_invoices.topics import make_topics
from passage_clock import load
from passage_log.memory import MemoryLog
from passage_processors import ProcessorError
from passage_schemas import TICK, Instant
from passage_schemas.log_record import Partition
from tests.examples.arrivals import clock_records

ROOT = Path(__file__).parents[2]
DAY = 86_400_000_000
OVERDUE_ONE = "5928070131"
"""Settled 23 days late: overdue, then suspended."""
PAID_ONE = "280670965"


@pytest.fixture(scope="module")
def invoices() -> list[Invoice]:
    return read_invoices()


@pytest.fixture(scope="module")
def outcomes(invoices: list[Invoice]) -> list[Outcome]:
    """What a whole run on the log in memory comes to."""
    return Demo(app, load(CLOCK, {}), MemoryLog(), Console(file=io.StringIO())).run(invoices)


def test_the_demo_on_the_log_in_memory_comes_to_exactly_the_answer_key(
    invoices: list[Invoice], outcomes: list[Outcome]
) -> None:
    assert check(invoices, outcomes) == []
    counts = {event: sum(outcome.event == event for outcome in outcomes) for event in KNOWN}
    assert counts == {OVERDUE: 877, SUSPENDED: 174}


def test_the_answer_key_is_the_data_sets_own_column(invoices: list[Invoice]) -> None:
    expected = expected_of(invoices)
    assert {number for number, event in expected if event == OVERDUE} == {
        invoice.number for invoice in invoices if invoice.days_late > 0
    }
    assert civil(expected[OVERDUE_ONE, OVERDUE]) == "2012-02-03 00:00"
    assert civil(expected[OVERDUE_ONE, SUSPENDED]) == "2012-02-18 00:00"
    assert sum(invoice.days_late for invoice in invoices) == 8_489


def test_facts_come_by_instant_and_an_invoice_before_a_payment(invoices: list[Invoice]) -> None:
    facts = facts_of(invoices)
    assert len(facts) == 2 * 2_466
    assert [fact.instant for fact in facts] == sorted(fact.instant for fact in facts)
    seen: set[bytes] = set()
    for fact in facts:
        kind = app.program.handlers[fact.value[:10]].codec.name
        assert (kind == "CustomerWasInvoiced") == (fact.key not in seen)
        seen.add(fact.key)
    assert {fact.partition for fact in facts} == {0, 1, 2, 3}


def at(outcomes: Sequence[Outcome], invoice: str, event: str) -> int:
    return next(i for i, one in enumerate(outcomes) if (one.invoice, one.event) == (invoice, event))


def test_the_check_names_an_event_that_is_missing(invoices: list[Invoice], outcomes: list[Outcome]) -> None:
    left = list(outcomes)
    del left[at(left, OVERDUE_ONE, SUSPENDED)]
    assert check(invoices, left) == [
        f"invoice {OVERDUE_ONE}: no AccountWasSuspended, expected 2012-02-18 00:00",
    ]


def test_the_check_names_an_event_that_should_not_be(invoices: list[Invoice], outcomes: list[Outcome]) -> None:
    wrong = Outcome(OVERDUE, PAID_ONE, outcomes[0].instant)
    assert check(invoices, [*outcomes, wrong]) == [
        f"invoice {PAID_ONE}: InvoiceBecameOverdue {civil(wrong.instant)}, expected none",
    ]


@pytest.mark.parametrize(("late", "seen"), [(DAY, "2012-02-04 00:00"), (-60_000_000, "2012-02-02 23:59")])
def test_the_check_names_a_wrong_date(invoices: list[Invoice], outcomes: list[Outcome], late: int, seen: str) -> None:
    moved = list(outcomes)
    place = at(moved, OVERDUE_ONE, OVERDUE)
    moved[place] = moved[place]._replace(instant=Instant(moved[place].instant + late))
    assert check(invoices, moved) == [
        f"invoice {OVERDUE_ONE}: InvoiceBecameOverdue {seen}, expected 2012-02-03 00:00",
    ]


def test_the_check_names_an_event_that_is_there_twice(invoices: list[Invoice], outcomes: list[Outcome]) -> None:
    again = outcomes[at(outcomes, OVERDUE_ONE, OVERDUE)]
    assert differences(expected_of(invoices), [*outcomes, again]) == [
        f"invoice {OVERDUE_ONE}: InvoiceBecameOverdue 2 times",
    ]


def test_what_is_told_has_the_life_of_an_invoice_the_months_and_the_verdict(
    invoices: list[Invoice], outcomes: list[Outcome]
) -> None:
    told = io.StringIO()
    assert tell(invoices, outcomes, Console(file=told, width=120)) == EQUAL
    said = told.getvalue()
    assert f"The life of invoice {OVERDUE_ONE}" in said
    assert "2012-02-03 00:00  ● InvoiceBecameOverdue follows, on tick day.amsterdam#33" in said
    assert "2012-02-25 12:00  ● PaymentWasMade" in said
    assert "877 overdue, 174 suspended" in said


def test_a_difference_is_told_and_is_an_exit_code(invoices: list[Invoice], outcomes: list[Outcome]) -> None:
    told = io.StringIO()
    assert tell(invoices, outcomes[1:], Console(file=told, width=120)) == DIFFERENT
    assert f"invoice {outcomes[0].invoice}: no {outcomes[0].event}" in told.getvalue()


def test_the_ticks_of_a_story_add_up_to_the_terms(invoices: list[Invoice], outcomes: list[Outcome]) -> None:
    invoice = worth_telling(invoices, outcomes)
    assert invoice is not None
    ticks = [line.split()[-2] for line in story_of(invoice, outcomes).plain.splitlines() if "tick" in line.split()[-1]]
    assert [int(count) for count in ticks] == [30, 1, 15, 7]


def test_the_chart_counts_every_event_once(outcomes: list[Outcome]) -> None:
    numbers = [int(line.split()[-1]) for line in chart_of(outcomes).plain.splitlines()[1:]]
    assert sum(numbers) == 877 + 174


def test_a_processor_that_can_not_go_on_ends_the_demo_with_its_reason(invoices: list[Invoice]) -> None:
    log, clock = MemoryLog(), load(CLOCK, {})
    make_topics(log, app, clock)
    *_, last = clock_records(date(2012, 1, 7))
    tick = TICK.decode(last.value() or b"")
    seventh = TICK.encode(replace(tick, schedule="lost.utc"))
    log.appender().append(Partition(app.ticks_topic, 0), b"lost.utc/7", seventh, 1)
    before = threading.active_count()
    with pytest.raises(ProcessorError, match=r"passage\.ticks\[0\]@0: tick 1 is missing"):
        Demo(app, clock, log, Console(file=io.StringIO())).run(invoices)
    assert threading.active_count() == before


SAYS_SOMETHING = """
import structlog
from rich.console import Console
from examples.overdue_invoices.bars import Bars
from passage.running.log_lines import tell_logs
tell_logs(is_brief=True)
with Bars(Console(width=80, force_terminal=True), {"facts written": 3}) as bars:
    bars.show("facts written", 1)
    structlog.get_logger().warning("something_happened")
    bars.show("facts written", 3)
"""


def on_a_terminal(program: str) -> str:
    """What a terminal is sent, by standard output and standard error alike."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT, env=os.environ | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    sent = b""
    try:
        while some := os.read(ours, 4096):
            sent += some
    except OSError:
        pass  # Linux's way of saying that nobody holds the other end any more
    finally:
        os.close(ours)
    assert process.wait(60) == 0, sent
    return sent.decode()


def test_what_is_logged_stands_above_the_bars_and_leaves_none_behind() -> None:
    sent = on_a_terminal(SAYS_SOMETHING)
    before, _ = sent.split("something_happened")
    # The bar's line is erased before the message takes its place.
    assert "facts written" not in before.rsplit("\x1b[2K", 1)[1]


def demo(**environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("LOG", "PASSAGE_BOOTSTRAP")}
    return subprocess.run(
        [sys.executable, "-m", "examples.overdue_invoices.demo"],
        cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_a_log_that_is_none_is_one_line_and_exit_code_two() -> None:
    done = demo(LOG="nonsense")
    assert done.returncode == MEND
    assert done.stderr.splitlines() == ["LOG=nonsense is not a log; use LOG=memory or LOG=kafka, or leave it out"]


@pytest.mark.kafka
def test_the_demo_on_a_real_kafka_comes_to_exactly_the_answer_key(kafka_bootstrap: str) -> None:
    done = demo(LOG="kafka", PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert done.returncode == EQUAL, done.stdout + done.stderr
    assert "877 overdue, 174 suspended: the invoices days_late names, every date equal" in done.stdout
    assert "schedule_unknown" not in done.stderr
    assert done.stdout.splitlines()[0] == "demo    2,466 invoices, and the days since; looking for a log"


@pytest.mark.kafka
def test_a_subscriber_that_knows_only_the_schema_prints_the_ticks(kafka_bootstrap: str) -> None:
    done = demo(LOG="kafka", PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert done.returncode == EQUAL, done.stdout + done.stderr
    [topics] = [line for line in done.stdout.splitlines() if line.startswith("topics")]
    [topic] = [name.strip(", ") for name in topics.split() if name.strip(", ").endswith("passage.ticks")]
    subscriber = subprocess.Popen(
        [sys.executable, "examples/overdue_invoices/subscriber.py", topic],
        cwd=ROOT, env=os.environ | {"PASSAGE_BOOTSTRAP": kafka_bootstrap}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    too_long = threading.Timer(60, subscriber.kill)
    too_long.start()
    try:
        assert subscriber.stdout is not None
        first = [subscriber.stdout.readline() for _ in range(3)]
    finally:
        too_long.cancel()
        subscriber.kill()
        subscriber.communicate()
    assert [line.split()[:4] for line in first] == [
        ["DayHasPassed", "day.amsterdam", str(ordinal), f"2012-01-0{ordinal}"] for ordinal in (1, 2, 3)
    ]
