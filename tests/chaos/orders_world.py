"""The simulation's app on a real log, under names of one run's own; what happens to it, and what must come of it.

Processes, repeating policies, a chain, a report, functions that fail: one of everything. Every process of a run imports
this and is told in PASSAGE_CHAOS_RUN which run it belongs to.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from passage_log.memory import MemoryLog
from passage_log.port import Log, Topic
from passage_log.ranges import read_all
from passage_processors import App, ProcessorError, Worker
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.task import Task
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.upstream import last_cuts
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, instant_of, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from tests.chaos.invoices import RUN_VARIABLE
from tests.simulation import orders
from tests.simulation.orders import DAY, WEEK

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
PERIODS = {DAY: 1, WEEK: 7}
MOST_TURNS = 100_000
LONG_SECONDS = 90.0
"""A session, a transaction's timeout and a restore together, several times over on a busy machine."""


def app_of(run: str) -> App:
    return replace(
        orders.app(),
        name=f"{run}.orders",
        inputs={f"{run}.placed": facts for facts in orders.app().inputs.values()},
        output=f"{run}.derived",
        ticks_topic=f"{run}.ticks",
        schedules_topic=f"{run}.schedules",
    )


app = app_of(os.environ.get(RUN_VARIABLE, "orders"))


def instant(days: float) -> Instant:
    return instant_of(BEGIN + timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Written:
    """A fact as a record."""

    number: int
    key: bytes
    value: bytes
    at: Instant


@dataclass(frozen=True)
class Story:
    """What happens on each day, decided by a seed. `partitions` is part of it: see `of_days`."""

    seed: int
    orders: int
    days: int
    partitions: int = 2

    def facts_by(self, days: int) -> int:
        return sum(map(len, of_days(self)[:days]))

    def ticks_by(self, days: int) -> int:
        return sum(days // period for period in PERIODS.values())


@cache
def of_days(story: Story) -> Sequence[Sequence[Written]]:
    """The facts of each day. A late one belongs to the day of what stands before it on its partition: so who writes day
    by day, and the tick that ends a day after its facts, gives a worker the same order as who writes all at once."""
    days: list[list[Written]] = [[] for _ in range(story.days)]
    reached = [0.0] * story.partitions
    for happened, fact in orders.facts(story.seed, story.orders, story.days):
        key = fact.order.encode()  # type: ignore[attr-defined]  # every fact here has one
        number = partition_of(key, story.partitions)
        reached[number] = max(reached[number], happened)
        if reached[number] < story.days:
            written = Written(number, key, event_codec(type(fact)).encode(fact), instant(happened))
            days[int(reached[number])].append(written)
    days[3].append(Written(0, b"junk", b"junk", instant(3.5)))
    return days


class Hand:
    """Writes a story, a day at a time, as producers and a clock would."""

    def __init__(self, app: App, log: Log, story: Story) -> None:
        self._app = app
        self._story = story
        self._sequence = 0
        self.written = 0
        """Days."""
        create_topics(log, app, story.partitions)
        kept = {"cleanup.policy": "compact", "retention.ms": "-1"}
        log.create([Topic(app.ticks_topic, 1, kept), Topic(app.schedules_topic, 1, kept)])
        self._appender = log.appender()
        for schedule, period in PERIODS.items():
            self._name(schedule, instant(period))

    def write(self, days: int) -> None:
        """The facts of so many days more, after each the ticks that end it."""
        (topic,) = self._app.inputs
        for number in range(self.written, min(self.written + days, self._story.days)):
            for fact in of_days(self._story)[number]:
                place = Partition(topic, fact.number)
                self._appender.append(place, fact.key, fact.value, milliseconds_of(fact.at))
            self._appender.flush()
            for schedule, period in PERIODS.items():
                if (number + 1) % period == 0:
                    self._tick(schedule, number + 1, period)
            self._appender.flush()
            self.written = number + 1

    def write_all(self) -> None:
        self.write(self._story.days)
        self._appender.close()

    def _name(self, schedule: str, next_at: Instant) -> None:
        entry = ScheduleEntry(schedule, "HasPassed", "UTC", None, "", "", "active", "", "", next_at, 0, 1, "2026f", "0")
        place = Partition(self._app.schedules_topic, 0)
        self._appender.append(place, schedule.encode(), SCHEDULE_ENTRY.encode(entry), 1)
        self._appender.flush()

    def _tick(self, schedule: str, day: int, period: int) -> None:
        self._sequence += 1
        ends_at = instant(day)
        tick = Tick(
            event="HasPassed", schedule=schedule, ordinal=day // period, sequence=self._sequence, period=str(day),
            starts_at=instant(day - period), ends_at=ends_at, next_at=instant(day + period), zone="UTC", calendar=None,
            tzdata="2026f", published_at=ends_at, definition="", previous=None,
        )  # fmt: skip
        place = Partition(self._app.ticks_topic, 0)
        self._appender.append(place, tick.key, TICK.encode(tick), milliseconds_of(ends_at))


@dataclass(frozen=True)
class Outcome:
    """What came of a story, comparable whoever came to it, by whatever steps, on whichever log."""

    ids: Counter[bytes]
    output: tuple[tuple[int, str], ...]
    """By partition: how many derived events, and one digest of every byte of them in order."""
    letters: Counter[tuple[object, ...]]
    memory: dict[int, object]


def remembered(task: Task) -> object:
    """Everything a task remembers but the number of steps that it took."""
    return (
        task.sequence,
        {name: at for name, at in task.fold.folded.items() if at},
        task.fold.burst,
        [(dict(book.items()), book.open, frozenset(book.passed)) for book in task.fold.books],
        [(one.topic, one.count) for one in task.inputs],
    )


def outcome(app: App, log: Log, story: Story, tasks: dict[int, Task]) -> Outcome:
    return Outcome(
        Counter(ids(app, log, story)),
        tuple(digest_of_output(app, log, number) for number in range(story.partitions)),
        Counter(letters(app, log, story)),
        {number: remembered(task) for number, task in tasks.items()},
    )


def ids(app: App, log: Log, story: Story) -> Iterator[bytes]:
    for number in range(story.partitions):
        for record in read_all(log, Partition(app.output, number)):
            yield dict(record.headers() or [])["ce_id"]


def letters(app: App, log: Log, story: Story) -> Iterator[tuple[object, ...]]:
    said = ("passage_reason", "passage_kind", "passage_timestamp", "passage_wake_up")
    for number in range(story.partitions):
        for record in read_all(log, Partition(app.dead_letters, number)):
            headers = dict(record.headers() or [])
            yield number, record.key(), record.value(), *(headers.get(name) for name in said)


@cache
def undisturbed(run: str, story: Story) -> Outcome:
    """What one worker comes to in memory, to which nothing ever happens, and which finds everything there."""
    wanted, log = app_of(run), MemoryLog()
    Hand(wanted, log, story).write_all()
    worker = Worker(wanted, log, "alone", monotonic=lambda: 0.0)
    finish(worker, story)
    found = outcome(wanted, log, story, worker.tasks)
    worker.close()
    return found


def finish(worker: Worker, story: Story, days: int | None = None) -> None:
    """Turn until so many days are folded, by default all."""
    days = story.days if days is None else days
    deadline = time.monotonic() + LONG_SECONDS
    while not is_done(worker, story, days):
        worker.turn(0.02)
        assert time.monotonic() < deadline, f"{worker.stage}: does not finish; {list(worker.tasks)}"


def is_done(worker: Worker, story: Story, days: int) -> bool:
    return (
        len(worker.tasks) == story.partitions
        and worker.is_idle
        and all(task.sequence == story.ticks_by(days) for task in worker.tasks.values())
        and sum(one.count for task in worker.tasks.values() for one in task.inputs) == story.facts_by(days)
    )


@dataclass(frozen=True)
class Folded:
    """How far the log says that the app has come: facts by partition, and ticks summed over its tasks."""

    facts: Mapping[int, int]
    ticks: int

    @property
    def all(self) -> tuple[int, int]:
        return sum(self.facts.values()), self.ticks


def folded(app: App, log: Log, story: Story) -> Folded:
    cuts = {number: one.cut for number, one in last_cuts(log, app.timeline, range(story.partitions)).items()}
    facts = {number: sum(one.count for one in cut.inputs) for number, cut in cuts.items()}
    return Folded(facts, sum(cut.tick_sequence for cut in cuts.values()))


def all_of(story: Story) -> tuple[int, int]:
    """What `Folded.all` is when nothing is left to fold."""
    return story.facts_by(story.days), story.ticks_by(story.days) * story.partitions


def differences(run: str, log: Log, story: Story) -> list[str]:
    """What is wrong with what the app has come to, asked of the log and of a worker restored from it: nothing when each
    id is there once, everything equals the undisturbed run's, and a replay gives every byte again."""
    wanted, expected = app_of(run), undisturbed(run, story)
    auditor, wrong = Worker(wanted, log, "auditor"), []
    try:
        finish(auditor, story)
        found = outcome(wanted, log, story, auditor.tasks)
    except ProcessorError as error:
        return [f"restored from the log, a worker stops: {error}"]
    finally:
        auditor.close()
    if auditor.totals.commits:
        wrong.append("what was restored from the log was not at the end")
    wrong += [f"{name.decode()} is there {count} times" for name, count in sorted(found.ids.items()) if count > 1]
    wrong += [f"{name.decode()} is missing" for name in sorted((expected.ids - found.ids).keys())]
    wrong += [f"{name.decode()} should not be" for name in sorted(found.ids.keys() - expected.ids.keys())]
    wrong += [f"{count} times, a letter {letter}" for letter, count in (found.letters - expected.letters).items()]
    wrong += [f"no letter {letter}" for letter in expected.letters - found.letters]
    for number in range(story.partitions):
        if found.output[number] != expected.output[number]:
            wrong.append(f"partition {number}: other bytes than the undisturbed run's")
        if found.memory[number] != expected.memory[number]:
            wrong.append(f"partition {number}: another state than the undisturbed run's")
        try:
            if digest(replay(wanted, log, number)) != found.output[number]:
                wrong.append(f"partition {number}: a replay gives other events")
        except ProcessorError as error:
            wrong.append(str(error))
    return wrong
