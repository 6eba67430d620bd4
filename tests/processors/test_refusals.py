"""What can't be handled goes to the dead letters, with its reason; the stream goes on."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from structlog.testing import capture_logs

from passage_log.errors import Refused
from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_log.sizes import DEFAULT_MAX_MESSAGE_BYTES
from passage_processors.errors import Stopped
from passage_processors.model.policy import Case
from passage_processors.model.process import Effects, Emit, Moment, Process, Wake, starts_on, wakes
from passage_processors.model.report import Report
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition, Record
from passage_schemas.partitioner import partition_of
from passage_schemas.records import CUT, WAKE_UP_RESUMED
from passage_schemas.wake_up_resumed import WakeUpResumed
from tests.processors.world import DAY, InvoiceBecameOverdue, InvoicePaid, InvoiceSent, World, day, invoices, overdue


def reason_of(letter: Record) -> str:
    return dict(letter.headers() or [])["passage_reason"].decode()


def test_garbage_is_a_dead_letter_unchanged_and_the_facts_around_it_count() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.raw(b"inv-2", b"garbage", day(0.6))
    world.fact(InvoiceSent("inv-3", terms=1), day(0.7))
    world.days(1, 1)
    world.settle(world.worker())
    assert [record.key() for record in world.output()] == [b"inv-1", b"inv-3"]
    [letter] = world.letters()
    assert (letter.key(), letter.value()) == (b"inv-2", b"garbage")
    assert reason_of(letter).startswith("billing[0]@1: the value begins with 6761")


def test_a_truncated_fact_without_a_key_and_a_handler_that_raises_are_each_one_letter() -> None:
    def after(fact: InvoiceSent) -> int:
        return 10 // fact.terms

    world = World(invoices(overdue(after=after)))
    world.name(next_at=day(1))
    codec = next(one.codec for one in world.app.program.handlers.values() if one.codec.cls is InvoiceSent)
    world.raw(b"cut", codec.encode(InvoiceSent("cut"))[:-1], day(0.5))
    world.raw(None, codec.encode(InvoiceSent("nokey")), day(0.5))
    world.fact(InvoiceSent("raises", terms=0), day(0.5))
    world.settle(world.worker())
    reasons = [reason_of(letter) for letter in world.letters()]
    assert "breaks off" in reasons[0]
    assert "has no key" in reasons[1]
    assert re.search(r"ZeroDivisionError: .* \(.*after, test_refusals\.py:\d+\)$", reasons[2])


def test_an_exit_in_a_users_own_code_is_a_letter_and_a_parked_wake_up_like_any_error() -> None:
    def leaves(_: object) -> InvoiceBecameOverdue:
        raise SystemExit("bye")

    world = World(invoices(overdue(after=lambda fact: fact.terms or leaves(fact), event=leaves)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=0), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=1), day(0.6))
    world.days(1, 1)
    world.settle(world.worker())
    assert [re.search(r"SystemExit: bye", reason_of(letter)) is not None for letter in world.letters()] == [True, True]


def test_a_fact_on_an_input_that_is_not_said_to_carry_it_is_a_letter() -> None:
    inputs = {"billing": [InvoiceSent], "payments": [InvoicePaid]}
    world = World(invoices(overdue(), inputs=inputs))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5), topic="payments")
    world.days(1, 1)
    world.settle(world.worker())
    assert world.output() == []
    [letter] = world.letters()
    assert reason_of(letter).startswith("payments[0]@0: written with schema")
    assert "known: " in reason_of(letter)


def test_a_refused_fact_has_no_other_effect_and_stands_in_the_cut() -> None:
    second = overdue(name="second", after=lambda fact: fact.terms // 0)
    world = World(invoices(overdue(), second))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 3)
    world.settle(world.worker())
    assert world.derived() == []
    cuts = [CUT.decode(record.value() or b"") for record in world.records("invoices.timeline")]
    assert [(one.topic, one.offset) for cut in cuts for one in cut.refused] == [("billing", 0)]


def test_a_wake_up_whose_policy_raises_is_parked_with_a_letter_and_the_others_fire() -> None:
    def emit(case: Case) -> InvoiceBecameOverdue:
        if case.key == "bad":
            raise RuntimeError("no such customer")
        return InvoiceBecameOverdue(case.key, case.started_at)

    world = World(invoices(overdue(event=emit)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("bad", terms=1), day(0.5))
    world.fact(InvoiceSent("good", terms=1), day(0.5))
    world.days(1, 20)
    worker = world.worker()
    world.settle(worker)
    assert [record.key() for record in world.output()] == [b"good"]
    [letter] = world.letters()
    told = "policy 'overdue' failed for b'bad' at day.utc#1: RuntimeError: no such customer"
    assert re.fullmatch(rf"{told} \(.*\.emit, test_refusals\.py:\d+\)", reason_of(letter))
    assert worker.tasks[0].fold.books[0].get(b"bad") is not None
    world.fact(InvoicePaid("bad"), day(20.5))
    world.days(21, 40)
    world.settle(worker)
    assert worker.tasks[0].fold.books[0].get(b"bad") is None


def test_on_error_skip_ends_the_case_and_stop_stops_the_worker() -> None:
    def emit(case: Case) -> InvoiceBecameOverdue:
        raise RuntimeError("no such customer")

    for on_error in ("skip", "stop"):
        world = World(invoices(overdue(event=emit), on_error=on_error))
        world.name(next_at=day(1))
        world.fact(InvoiceSent("bad", terms=1), day(0.5))
        world.days(1, 20)
        worker = world.worker()
        if on_error == "stop":
            with pytest.raises(Stopped, match="no such customer"):
                world.settle(worker)
            assert world.letters() == []
        else:
            world.settle(worker)
            assert len(worker.tasks[0].fold.books[0]) == 0


def test_a_whole_topic_of_garbage_stops_the_worker_before_anything_of_it_is_committed() -> None:
    world = World(invoices(overdue(), stop_after_refusals=50))
    world.name(next_at=day(1))
    for number in range(50):
        world.raw(b"k", b"garbage", day(number / 100))
    with pytest.raises(Stopped, match="50 facts in a row were refused"):
        world.settle(world.worker())
    assert world.letters() == []


@pytest.mark.parametrize("on_error", ["park", "stop"])
def test_no_garbage_among_the_requests_stops_the_worker(on_error: str) -> None:
    world = World(invoices(overdue(), stop_after_refusals=5, on_error=on_error))
    world.name(next_at=day(1))
    asked = WAKE_UP_RESUMED.encode(WakeUpResumed("overdeu", "inv-1", "due"))
    for number in range(20):
        world.raw(b"inv-1", [asked, b"garbage"][number % 2], day(number / 100), world.app.requests)
    world.fact(InvoiceSent("inv-1", terms=1), day(0.1))
    world.days(1, 1)
    world.settle(world.worker())
    assert len(world.letters()) == 20
    assert len(world.derived()) == 1
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


def test_a_value_too_large_for_the_dead_letters_leaves_its_place_and_digest() -> None:
    log = MemoryLog()
    log.create([Topic("invoices.dead-letters", 1, {"max.message.bytes": "1000"})])
    world = World(invoices(overdue()), log)
    world.name(next_at=day(1))
    world.raw(b"big", b"x" * 2000, day(0.5))
    world.settle(world.worker())
    [letter] = world.letters()
    assert (letter.key(), letter.value()) == (b"big", None)
    assert set(dict(letter.headers() or [])) >= {"passage_topic", "passage_offset", "passage_sha256"}


def test_a_policy_that_fails_at_length_is_quoted_in_short() -> None:
    def after(fact: InvoiceSent) -> int:
        raise RuntimeError("x" * 5_000_000)

    world = World(invoices(overdue(after=after)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(0.5))
    world.settle(world.worker())
    [letter] = world.letters()
    assert len(reason_of(letter)) == 2_000


def test_a_derived_event_too_large_for_its_topic_stops_the_worker_with_nothing_written() -> None:
    def emit(case: Case) -> InvoiceBecameOverdue:
        return InvoiceBecameOverdue("x" * 2_000, case.started_at)

    log = MemoryLog()
    log.create([Topic("billing.derived", 1, {"max.message.bytes": "1000"})])
    world = World(invoices(overdue(event=emit)), log)
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 1)
    with pytest.raises(Refused, match=r"billing\.derived.*max\.message\.bytes"):
        world.settle(worker := world.worker())
    worker.close()
    assert world.derived() == []


@pytest.mark.parametrize(("partitions", "told"), [(1, 0), (4, 1)])
def test_a_fact_in_a_partition_that_is_not_its_keys_is_folded_and_told_once(partitions: int, told: int) -> None:
    world = World(invoices(overdue()), partitions=partitions)
    world.name(next_at=day(1))
    worker = world.worker()
    with capture_logs() as logs:
        for number in range(3):
            key = next(b"inv-%d" % n for n in count(10 * number) if partition_of(b"inv-%d" % n, partitions) == 0)
            value = event_codec(InvoiceSent).encode(InvoiceSent(key.decode()))
            world.log.appender().append(Partition("billing", partitions - 1), key, value, milliseconds_of(day(0.5)))
            world.settle(worker)
    assert [one["murmur2"] for one in logs if one["event"] == "fact_elsewhere"] == [0] * told
    assert sum(len(task.fold.books[0]) for task in worker.tasks.values()) == 3


def test_a_tombstone_is_not_a_fact() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.raw(b"inv-1", None, day(0.5))
    world.settle(world.worker())
    assert world.letters() == []


LARGE = 1_048_000
"""Bytes of a value that an input takes and the changelog, with a case's head before it, would not."""


def test_a_fact_too_large_to_keep_is_a_dead_letter_and_not_the_end() -> None:
    world = World(invoices(overdue(after=1)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("x" * LARGE), day(0.5), key="large")
    world.fact(InvoiceSent("inv-1"), day(0.6))
    world.days(1, 1)
    world.settle(world.worker())
    [letter] = world.letters()
    assert "more than 900000 can't be kept" in reason_of(letter)
    assert [record.key() for record in world.output()] == [b"inv-1"]


def test_an_event_too_large_to_write_parks_its_case_and_the_others_fire() -> None:
    def emit(case: Case) -> InvoiceBecameOverdue:
        return InvoiceBecameOverdue("x" * LARGE if case.key == "large" else case.key, case.started_at)

    world = World(invoices(overdue(after=1, event=emit)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("large"), day(0.5))
    world.fact(InvoiceSent("inv-1"), day(0.6))
    world.days(1, 1)
    world.settle(world.worker())
    [letter] = world.letters()
    assert "the event, with its key and id, is 1048" in reason_of(letter)
    assert [record.key() for record in world.output()] == [b"inv-1"]


def test_garbage_with_a_key_too_large_for_the_dead_letters_leaves_its_digests() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.raw(b"k" * (DEFAULT_MAX_MESSAGE_BYTES - 200), b"garbage", day(0.5))
    world.settle(world.worker())
    [letter] = world.letters()
    assert (letter.key(), letter.value()) == (None, None)
    assert "passage_key_sha256" in dict(letter.headers() or [])


def test_a_reason_that_is_not_text_is_written_all_the_same() -> None:
    def after(fact: InvoiceSent) -> int:
        raise ValueError("bad name \ud800")

    world = World(invoices(overdue(after=after)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(0.5))
    world.settle(world.worker())
    [letter] = world.letters()
    assert r"bad name \ud800 (" in reason_of(letter)


def test_refusals_in_a_row_stop_the_worker_wherever_the_steps_are_cut_and_a_good_fact_breaks_the_row() -> None:
    world = World(invoices(overdue(), stop_after_refusals=50))
    world.name(next_at=day(1))
    for number in range(98):
        world.raw(b"k", b"garbage", day(0.5))
        if number == 48:
            world.fact(InvoiceSent("good"), day(0.5))
    worker = world.worker(max_facts=7)
    world.settle(worker)
    assert len(world.letters()) == 98
    world.raw(b"k", b"garbage", day(0.5))
    world.fact(InvoiceSent("good"), day(0.6))
    with pytest.raises(Stopped, match="50 facts in a row"):
        world.settle(worker)


def test_a_step_full_of_refusals_is_cut_so_that_its_cut_fits_a_record() -> None:
    world = World(invoices(overdue(), stop_after_refusals=10_000))
    world.name(next_at=day(1))
    for _ in range(2_500):
        world.raw(b"k", b"garbage", day(0.5))
    world.settle(world.worker())
    cuts = [CUT.decode(record.value() or b"") for record in world.records("invoices.timeline")]
    assert [len(cut.refused) for cut in cuts] == [1000, 1000, 500]


def test_a_fact_dated_past_the_year_9999_is_refused_and_one_of_a_wrong_clock_is_named() -> None:
    world = World(invoices(overdue(after=1)))
    world.name(next_at=day(1))
    in_microseconds_as_milliseconds = Instant(day(0.5) * 1000)
    world.fact(InvoiceSent("far"), in_microseconds_as_milliseconds)
    world.fact(InvoiceSent("inv-1"), day(0.5))
    world.days(1, 1)
    worker = world.worker()
    world.settle(worker)
    [letter] = world.letters()
    assert "names no instant; write milliseconds since 1970" in reason_of(letter)
    assert len(world.output()) == 1


def test_a_dead_letter_keeps_the_headers_of_the_record() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    appender = world.log.appender()
    appender.append(Partition("billing", 0), b"k", b"garbage", day(0.5) // 1000, [("trace", b"abc")])
    appender.flush()
    world.settle(world.worker())
    [letter] = world.letters()
    assert dict(letter.headers() or [])["trace"] == b"abc"


@pytest.mark.parametrize(("key_bytes", "kinds"), [(950_000, ["fact", "fact"]), (450_000, ["fact", "wake-up"])])
def test_a_key_too_large_is_refused_whether_or_not_its_fact_is_looked_into(key_bytes: int, kinds: list[str]) -> None:
    """The first: on the changelog there would be no room for it. The second is opened, but its event has the key twice.
    Facts of the same type go before it, so that nothing is decoded when its turn comes."""
    world = World(
        invoices(overdue(after=1, keep_fact=False, event=lambda case: InvoiceBecameOverdue("", case.started_at)))
    )
    world.name(next_at=day(1))
    for number in range(5):
        world.fact(InvoiceSent(f"inv-{number}"), day(0.1 + number / 100))
    world.fact(InvoiceSent("large"), day(0.3), key="x" * key_bytes)
    world.fact(InvoicePaid("large"), day(0.31), key="x" * 950_000)
    world.fact(InvoiceSent("inv-5"), day(0.4))
    world.days(1, 2)
    world.settle(world.worker())
    reasons = [reason_of(letter) for letter in world.letters()]
    assert [dict(letter.headers() or [])["passage_kind"].decode() for letter in world.letters()] == kinds
    assert [reason[-200:] for reason in reasons if "more than 900000 can't be kept" not in reason] == []
    assert [record.key() for record in world.output()] == [b"inv-%d" % number for number in range(6)]
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


@dataclass(frozen=True)
class Followed:
    pass


class Wordless(Exception):
    def __str__(self) -> str:
        return str(self.args[5])  # as of an error half made


class WordsOfAKind(str):
    def split(self, *_how: object) -> list[str]:
        raise MemoryError


class Lying(Exception):
    """Says of itself what nobody should ask."""

    def __str__(self) -> str:
        return WordsOfAKind("lies")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("no class")

    @property
    def __traceback__(self) -> None:  # type: ignore[override]
        raise RuntimeError("no traceback")


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name")


class OfNoName(Exception, metaclass=Nameless):
    __repr__ = None  # type: ignore[assignment]


class Another(BaseException):
    def __str__(self) -> str:
        raise Another


HOSTILE: dict[str, Callable[[], BaseException]] = {
    "without words": Wordless,
    "lying": lambda: Lying("lies"),
    "without a name": OfNoName,
    "raises itself": Another,
    "half a character": lambda: Exception("\ud800"),
    "endless": lambda: Exception("x" * 3_000_000),
    "cancelled": asyncio.CancelledError,
    "generator's exit": GeneratorExit,
    "exit": lambda: SystemExit(3),
    "too deep": RecursionError,
    "no memory": MemoryError,
    "stop of an iteration": lambda: StopIteration(1),
    "several": lambda: ExceptionGroup("several", [ValueError(1), Wordless()]),
    "several worse": lambda: BaseExceptionGroup("worse", [GeneratorExit()]),
    "of a codec": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    "bare": KeyError,
}
"""What a user's own code may raise. All but KeyboardInterrupt, by which whoever runs the worker ends it."""


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_a_users_own_code_raises_costs_one_fact_or_one_wake_up(kind: str) -> None:
    def raises(_: object) -> Any:
        raise HOSTILE[kind]()  # made here: what looks for impure code would ask the error itself

    class Follows(Process[Followed]):
        name, state, schedules, emits = "follows", Followed, (DAY,), (InvoiceBecameOverdue,)

        @starts_on(InvoiceSent)
        def sent(self, now: Moment[Followed], fact: InvoiceSent) -> Effects:
            yield Wake("due", after=1, of=DAY)
            if fact.terms == 2:
                raise HOSTILE[kind]()

        @wakes("due")
        def due(self, now: Moment[Followed]) -> Effects:
            raise HOSTILE[kind]()

    late = overdue(name="late", after=1, event=raises)
    first = overdue(after=lambda fact: fact.terms or raises(fact))
    report = Report(name="daily", of=DAY, emits=InvoiceBecameOverdue, event=raises)
    app = invoices(first, late, processes=[Follows()], reports=[report], stop_after_refusals=5)
    world = World(app)
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-0", terms=0), day(0.3))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.4))
    world.fact(InvoiceSent("inv-2", terms=2), day(0.5))
    world.days(1, 3)
    world.settle(world.worker())
    letters = [(dict(one.headers() or [])["passage_kind"], reason_of(one)) for one in world.letters()]
    assert [kind for kind, _ in letters].count(b"fact") == 2
    assert [kind for kind, _ in letters].count(b"wake-up") >= 3
    assert all(0 < len(reason) <= 2_100 for _, reason in letters)
    assert b"inv-1" in {one.key() for one in world.output()}
    assert digest(replay(app, world.log, 0)) == digest_of_output(app, world.log, 0)


def test_an_interruption_by_whoever_runs_the_worker_is_no_letter() -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    world = World(invoices(overdue(after=interrupted)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(0.5))
    with pytest.raises(KeyboardInterrupt):
        world.settle(world.worker())
    assert world.letters() == []


KEYS = {
    b"inv-1": True, "inv-ж".encode(): True, b"": True, b"\0": True,
    None: False, b"\xff": False, b"inv-\xc3": False, b"\xed\xa0\x80": False, b"inv-1" * 20 + b"\x80": False,
}  # fmt: skip
"""And whether an aggregate can go by it."""


@pytest.mark.parametrize("unit", ["a policy that looks", "a policy that does not", "a process"])
def test_a_key_that_is_no_text_is_refused_at_once_whatever_hears_the_fact(unit: str) -> None:
    class Follows(Process[Followed]):
        name, state, schedules, emits = "follows", Followed, (DAY,), (InvoiceBecameOverdue,)

        @starts_on(InvoiceSent)
        def sent(self, now: Moment[Followed], fact: InvoiceSent) -> Effects:
            return [Wake("due", after=1, of=DAY)]

        @wakes("due")
        def due(self, now: Moment[Followed]) -> Effects:
            return [Emit(InvoiceBecameOverdue(now.key, now.started_at))]

    policies = {"a policy that looks": (overdue(),), "a policy that does not": (overdue(after=1, keep_fact=False),)}
    app = invoices(policies=(), processes=[Follows()]) if unit == "a process" else invoices(*policies[unit])
    world = World(app)
    world.name(next_at=day(1))
    codec = event_codec(InvoiceSent)
    world.raw(b"first", codec.encode(InvoiceSent("first", 1)), day(0.4))
    for key in KEYS:
        world.raw(key, codec.encode(InvoiceSent("inv", 1)), day(0.5))
    world.settle(worker := world.worker())
    assert [one.key() for one in world.letters()] == [key for key, fits in KEYS.items() if not fits]
    reasons = [reason_of(one) for one in world.letters()]
    assert all("has no key" in reason or "is not UTF-8, so no event could name it" in reason for reason in reasons)
    world.days(1, 3)
    world.settle(worker)
    assert len(world.letters()) == len(reasons)
    assert {one.key() for one in world.output()} == {b"first", *(key for key, fits in KEYS.items() if fits)}
