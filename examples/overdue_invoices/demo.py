"""The whole way through once: `make demo`, or `python -m examples.overdue_invoices.demo`.

    1 the processor starts, and waits for a clock
    2 the facts are written: two years of them
    3 the clock starts and catches up, from the day before the first invoice to now; then it goes on
    4 when the processor has folded what the clock had to catch up with, the outcome is checked against the answer key

Ends with 0 when every invoice and date is as it should be, 1 with the differences, 2 with one line for what an
operator must mend. Whatever was started is stopped, also by Ctrl-C and SIGTERM.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from types import FrameType

import structlog
from rich.console import Console
from rich.text import Text

from examples.overdue_invoices import app as the_app
from examples.overdue_invoices.answer_key import KNOWN, OVERDUE, SUSPENDED, Outcome, check, counts_of
from examples.overdue_invoices.bars import Bars
from examples.overdue_invoices.chart import chart_of
from examples.overdue_invoices.facts import PARTITIONS, ZONE, Fact, days_ended, end_of, facts_of
from examples.overdue_invoices.invoices import Invoice, WrongInvoices, read_invoices
from examples.overdue_invoices.story import story_of, worth_telling
from examples.overdue_invoices.threads import Running, running
from examples.overdue_invoices.topics import make_topics
from examples.overdue_invoices.watch import Watch
from examples.stage import Clock, ClockConfig, Published, load, tell_logs, topics_of
from passage import (
    App,
    Log,
    LogError,
    MachineWall,
    Partition,
    PassageError,
    ProcessorError,
    Worker,
    datetime_of,
    milliseconds_of,
)
from passage_trial import Trial, choose

CLOCK = Path(__file__).with_name("clock.yaml")
LOOK_SECONDS = 0.1
FACTS_AT_ONCE = 500

STALLED_SECONDS = 60.0
"""Longer than a group needs to settle or a broker to come back; if nothing has moved for so long, nothing will."""

EQUAL, DIFFERENT, MEND = 0, 1, 2
"""Exit codes."""


class Stalled(LogError):
    """Nothing moves any more. The message says what was waited for."""


class Demo:
    """One run on one log, that nobody else has used these topics of."""

    def __init__(self, app: App, clock: ClockConfig, log: Log, console: Console) -> None:
        self.app = app
        self.clock = clock
        self.log = log
        self._console = console
        self._wall = MachineWall()
        self._published = Published()
        self._at_work = Event()

    def run(self, invoices: Sequence[Invoice]) -> list[Outcome]:
        """The derived events, once every tick up to now has been folded by every partition."""
        facts = facts_of(invoices)
        due = self._ticks_due()
        totals = {
            "facts written": len(facts),
            "ticks published": due,
            "ticks folded": due,
            **_named(counts_of(invoices)),
        }
        make_topics(self.log, self.app, self.clock)
        with (
            closing(Watch(self.app, self.log)) as watch,
            Bars(self._console, totals) as bars,
            running("processor", self._work) as processor,
        ):
            self._wait(self._at_work.is_set, "the processor to be given its partitions", watch, bars, [processor])
            self._write(facts, bars)
            with running("clock", self._tick) as clock:
                both = [processor, clock]
                self._wait(lambda: self._published.ticks >= due, "the clock to catch up", watch, bars, both)
                folded = self._published.ticks
                self._wait(lambda: watch.folded >= folded, "the processor to fold the ticks", watch, bars, both)
                ends = watch.ends()
                self._wait(lambda: watch.reached(ends), "what it wrote to be readable", watch, bars, both)
            if watch.letters:
                raise ProcessorError(f"{len(watch.letters)} dead letters, the first: {watch.letters[0]}")
            return watch.outcomes

    def _ticks_due(self) -> int:
        starts_at = self.clock.schedules[0].starts_at
        assert starts_at is not None, f"{CLOCK.name} says when the days begin"
        return len(days_ended(starts_at, self._wall.now()))

    def _work(self, stop: Event) -> None:
        worker = Worker(self.app, self.log, "demo")

        def stopped() -> bool:
            if len(worker.tasks) == PARTITIONS:
                self._at_work.set()
            return stop.is_set()

        worker.run(stopped)

    def _tick(self, stop: Event) -> None:
        Clock(self.clock, self.log, self._wall, "demo", observer=self._published).run(stop)

    def _write(self, facts: Sequence[Fact], bars: Bars) -> None:
        [topic] = self.app.inputs
        with closing(self.log.appender()) as appender:
            for written, fact in enumerate(facts, start=1):
                partition = Partition(topic, fact.partition)
                appender.append(partition, fact.key, fact.value, milliseconds_of(fact.instant))
                if written % FACTS_AT_ONCE == 0 or written == len(facts):
                    appender.flush()
                    bars.show("facts written", written)

    def _wait(self, done: Callable[[], bool], what: str, watch: Watch, bars: Bars, threads: Sequence[Running]) -> None:
        """Raises what a thread died of, and Stalled when nothing moves."""
        seen, since = (-1, -1), monotonic()
        while not done():
            watch.look(LOOK_SECONDS)
            for thread in threads:
                thread.check()
            bars.show("ticks published", self._published.ticks)
            bars.show("ticks folded", watch.folded)
            for event, name in NAMES.items():
                bars.show(name, watch.count(event))
            if seen != (self._published.ticks, watch.folded):
                seen, since = (self._published.ticks, watch.folded), monotonic()
            elif monotonic() - since > STALLED_SECONDS:
                raise Stalled(f"waited {STALLED_SECONDS:g} s for {what}, and nothing moved; is the log overloaded?")


NAMES = {OVERDUE: "overdue found", SUSPENDED: "suspended found"}


def _named(counts: dict[str, int]) -> dict[str, int]:
    return {NAMES[event]: count for event, count in counts.items()}


def demonstrate(trial: Trial, invoices: Sequence[Invoice], console: Console) -> int:
    """The demo on this log. Gives the exit code."""
    clock = begun_before(invoices, load(CLOCK, {}))
    app = the_app
    if trial.bootstrap is not None and trial.bootstrap == os.environ.get("PASSAGE_BOOTSTRAP"):
        app, clock = apart(app, clock)
    topics = ", ".join(topics_of(app, clock))
    console.print(f"topics  {topics}", soft_wrap=True)
    log = trial.open_log()
    try:
        outcomes = Demo(app, clock, log, console).run(invoices)
    finally:
        log.close()
    return tell(invoices, outcomes, console)


def begun_before(invoices: Sequence[Invoice], clock: ClockConfig) -> ClockConfig:
    """A clock that begins before the first of these invoices, whatever its file says: what ended before it began
    can't be counted."""
    [days] = clock.schedules
    day_before = end_of(min(invoice.invoiced_on for invoice in invoices) - timedelta(days=2))
    if days.starts_at is not None and days.starts_at <= day_before:
        return clock
    return replace(clock, schedules=(replace(days, starts_at=day_before),))


def apart(app: App, clock: ClockConfig) -> tuple[App, ClockConfig]:
    """The same under names of this run's own, for a Kafka where others, or an earlier run, may be."""
    begun_at = datetime_of(MachineWall().now())
    prefix = f"demo-{begun_at:%Y%m%d-%H%M%S}-{os.getpid()}."
    topics = replace(
        clock.topics,
        ticks=prefix + clock.topics.ticks,
        schedules=prefix + clock.topics.schedules,
        control=prefix + clock.topics.control,
    )
    renamed = replace(
        app,
        name=prefix + app.name,
        inputs={prefix + topic: facts for topic, facts in app.inputs.items()},
        output=prefix + app.output,
        ticks_topic=topics.ticks,
        schedules_topic=topics.schedules,
    )
    return renamed, replace(clock, topics=topics, group=prefix + clock.group)


def tell(invoices: Sequence[Invoice], outcomes: Sequence[Outcome], console: Console) -> int:
    """The story, the chart and the check. Gives the exit code."""
    invoice = worth_telling(invoices, outcomes)
    if invoice is not None:
        console.print(story_of(invoice, outcomes), soft_wrap=True)
    console.print(chart_of(outcomes), soft_wrap=True)
    said = counts_of(invoices)
    if said != KNOWN:
        console.print(f"note    invoices.csv is another: as it came it says {_spoken(KNOWN)}", soft_wrap=True)
    wrong = check(invoices, outcomes)
    for line in wrong:
        console.print(line, soft_wrap=True)
    if wrong:
        console.print(Text(f"check   {len(wrong)} differences from the data set's own days_late", "red"))
        return DIFFERENT
    verdict = f"check   {_spoken(said)}: the invoices days_late names, every date equal"
    console.print(Text(verdict, "green"), soft_wrap=True)
    return EQUAL


def _spoken(counts: Mapping[str, int]) -> str:
    return f"{counts[OVERDUE]} overdue, {counts[SUSPENDED]} suspended"


class Interrupted(SystemExit):
    """Somebody wants us to stop; the code is the shell's for the signal."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Turns the first Ctrl-C or SIGTERM into Interrupted. While we stop, more of them change nothing."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(128 + number)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def not_as_planned(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drops what belongs to the story: the processor is started before its clock, to show that facts wait for it."""
    if event["event"] == "schedule_unknown":
        raise structlog.DropEvent
    return event


def main() -> int:
    tell_logs(not_as_planned, is_brief=True)
    console = Console(highlight=False)

    def tell_log(why: str) -> None:
        console.print(f"log     {why}", soft_wrap=True)

    try:
        with interruptible():
            invoices = read_invoices(today=datetime_of(MachineWall().now()).astimezone(ZONE).date())
            console.print(f"demo    {len(invoices):,} invoices, and the days since; looking for a log", soft_wrap=True)
            with choose(told=tell_log) as trial:
                return demonstrate(trial, invoices, console)
    except Interrupted as interrupted:
        return int(interrupted.code or 0)
    except (PassageError, WrongInvoices) as error:
        print(error, file=sys.stderr)
        return MEND


if __name__ == "__main__":
    sys.exit(main())
