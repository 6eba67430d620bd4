"""An app whose policies hear each other through the output topic, and not in the same step, is found out.

On its way through the topic an event comes back after later ticks and payments were folded: whoever had paid in the
meantime is suspended all the same.
"""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from examples.overdue_invoices.answer_key import KNOWN, SUSPENDED, Outcome, check
from examples.overdue_invoices.facts import PARTITIONS, facts_of, read_invoices
from examples.overdue_invoices.topics import make_topics
from examples.overdue_invoices.watch import Watch
from passage_log.memory import MemoryLog
from passage_processors import App, Worker
from passage_processors import app as apps
from passage_processors.core.step.firing import Firing
from passage_schemas import milliseconds_of
from passage_schemas.log_record import Partition
from tests.examples.arrivals import APP, CONFIG, clock_records

UNTIL = date(2014, 3, 31)
"""The last payment is of January, and fifteen ticks more are all that follows."""


def test_in_the_same_step_the_chain_gives_the_answer_key() -> None:
    assert check(read_invoices(), outcomes_of(APP)) == []


def test_through_the_output_topic_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = through_the_topic(monkeypatch)

    outcomes = outcomes_of(mutant)

    assert check(read_invoices(), outcomes) != []
    counts = Counter(outcome.event for outcome in outcomes)
    assert counts[SUSPENDED] > KNOWN[SUSPENDED]


def through_the_topic(patch: pytest.MonkeyPatch) -> App:
    """The output is an input too, which no honest app may have, and a policy's event is delivered to no other."""
    patch.setattr(Firing, "_follower", lambda _firing, _handler, _tick: lambda _key, _event, _value: lambda: None)
    patch.setattr(apps, "_check", lambda _app: None)
    return replace(APP, inputs={**APP.inputs, APP.output: list(APP.emitted)})


def outcomes_of(app: App) -> list[Outcome]:
    """What comes of the whole data set when everything is there before the worker starts."""
    log = MemoryLog()
    make_topics(log, app, CONFIG)
    appender = log.appender()
    for fact in facts_of(read_invoices()):
        appender.append(Partition("billing", fact.partition), fact.key, fact.value, milliseconds_of(fact.instant))
    for record in clock_records(UNTIL):
        place = Partition(record.topic(), 0)
        appender.append(place, record.key(), record.value(), record.timestamp()[1], record.headers() or ())
    appender.flush()
    work_off(app, log)
    watch = Watch(app, log)
    while watch.look(0.0):
        pass
    watch.close()
    return watch.outcomes


def work_off(app: App, log: MemoryLog) -> None:
    seconds = 0.0
    worker = Worker(app, log, "alone", monotonic=lambda: seconds)
    idle = 0
    while idle < 10:
        seconds += app.grace_seconds
        idle = 0 if worker.turn(0.0) else idle + 1
    assert len(worker.tasks) == PARTITIONS
    assert not any(task.tick_waits for task in worker.tasks.values())
    worker.close()
