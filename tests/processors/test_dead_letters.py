"""What was refused can be sent back, as it was and dated as it was, once what refused it is mended."""

from collections.abc import Callable
from typing import Any

import pytest

from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_processors.app import App
from passage_processors.model.policy import Case
from passage_processors.runtime.offline.dead_letters import NotSent, Requeue, StoredLetter, is_mark, letter_at, letters
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_schemas.events import event_codec
from passage_schemas.instant import datetime_of, milliseconds_of
from passage_schemas.log_record import Partition
from tests.processors.world import (
    AccountWasSuspended,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
    suspended,
)


def no_terms(fact: InvoiceSent) -> int:
    raise ValueError(f"no terms for {fact.invoice}")


def no_debtor(case: Case) -> InvoiceBecameOverdue:
    raise ValueError(f"no debtor for {case.key}")


def worked(world: World, name: str = "a") -> None:
    """A worker does what there is to do, and leaves."""
    worker = world.worker(name)
    world.settle(worker)
    worker.close()


def redeployed(world: World, app: App) -> World:
    """The same log, another version of the app; its clock goes on."""
    again = World(app, world.log, world.partitions)
    again.sequence, again.ordinals = world.sequence, world.ordinals
    return again


def all_letters(world: World) -> list[StoredLetter]:
    return list(letters(world.log, world.app, range(world.partitions)))


def requeued(world: World, *chosen: StoredLetter, warn: Callable[[str], None] = pytest.fail) -> list[str]:
    requeue = Requeue(world.log, world.app, warn)
    said = [requeue.send(one) for one in chosen]
    requeue.flush()
    requeue.close()
    return said


def refused() -> World:
    """Two facts of three refused, one of them with headers of its own."""
    world = World(invoices(overdue(after=no_terms)), partitions=2)
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.25))
    world.fact(InvoicePaid("inv-9"), day(0.3))
    hand, value = world.log.appender(), event_codec(InvoiceSent).encode(InvoiceSent("inv-2", terms=1))
    own = [("trace", b"\x00\xff"), ("passage_reason", b"why it was sent"), ("trace", b"2")]
    hand.append(Partition("billing", 1), b"inv-2", value, milliseconds_of(day(0.5)), own)
    hand.flush()
    world.days(1, 1)
    worked(world)
    return world


def test_a_refused_fact_goes_back_as_it_was_and_counts_from_when_it_happened() -> None:
    world = refused()
    before = world.records("billing")
    mended = redeployed(world, invoices(overdue()))
    assert len(all_letters(world)) == 2
    requeued(mended, *all_letters(world))
    mended.days(2, 3)
    worked(mended)

    again = [one for one in mended.records("billing") if one not in before]
    sent = [one for one in before if one.key() != b"inv-9"]
    told = [[(r.partition(), r.key(), r.value(), r.timestamp(), r.headers()) for r in rows] for rows in (sent, again)]
    assert told[0] == told[1]
    # inv-2 was due on the day it was refused, so it comes with the next tick; inv-1 just in time.
    assert sorted(map(repr, mended.derived())) == [
        repr(InvoiceBecameOverdue("inv-1", datetime_of(day(0.25)))),
        repr(InvoiceBecameOverdue("inv-2", datetime_of(day(0.5)))),
    ]
    assert len(all_letters(mended)) == 2


def test_a_refused_fact_whose_header_has_no_value_is_a_letter_like_any() -> None:
    """Kafka has such headers, whatever the port's types say: they must not stop the worker that refuses their fact."""
    world = World(invoices(overdue()))
    bare: Any = [("trace", None)]
    hand = world.log.appender()
    hand.append(Partition("billing", 0), b"inv-1", b"no fact", milliseconds_of(day(0.5)), bare)
    hand.flush()
    world.name(next_at=day(1))
    worked(world)

    (letter,) = all_letters(world)
    assert letter.headers == bare
    requeued(world, letter)
    assert [one.headers() for one in world.records("billing")] == [bare, bare]


def test_a_fact_sent_back_twice_is_as_one_that_was_delivered_twice() -> None:
    world = refused()
    mended = redeployed(world, invoices(overdue()))
    requeued(mended, *all_letters(world))
    requeued(mended, *all_letters(world))
    mended.days(2, 3)
    worked(mended)
    assert len(mended.derived()) == 2


def parked() -> World:
    world = World(invoices(overdue(event=no_debtor), suspended()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 2)
    worked(world)
    return world


def test_a_parked_wake_up_fires_on_the_tick_after_it_was_asked_for() -> None:
    world = parked()
    (letter,) = all_letters(world)
    assert (letter.kind, letter.unit, letter.key, letter.origin) == ("wake-up", "overdue", b"inv-1", "day.utc#1")
    mended = redeployed(world, invoices(overdue(), suspended(after=2)))
    worker = mended.worker("b")
    assert requeued(mended, letter) == [
        f"invoices.dead-letters[0]@0: the wake-up {letter.wake_up!r} of overdue for 'inv-1' fires on the next tick"
    ]
    mended.settle(worker)
    assert mended.derived() == []
    mended.days(3, 5)
    mended.settle(worker)
    assert mended.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(0.5))), AccountWasSuspended("inv-1")]
    assert [one.timestamp()[1] for one in mended.output()] == [milliseconds_of(day(3)), milliseconds_of(day(5))]


def test_asking_twice_for_a_wake_up_is_asking_once() -> None:
    world = parked()
    mended = redeployed(world, invoices(overdue()))
    requeued(mended, *all_letters(world), *all_letters(world))
    mended.days(3, 5)
    worked(mended)
    requeued(mended, *all_letters(world))
    mended.days(6, 7)
    worked(mended)
    assert len(mended.derived()) == 1
    assert len(all_letters(mended)) == 1


def test_what_was_asked_for_is_part_of_the_cut_and_a_replay_obeys_it() -> None:
    """Asked in the midst of things: the emit that failed then fails in the replay, and goes well after the request."""
    broken = {"inv-1", "inv-2"}

    def emit(case: Case) -> InvoiceBecameOverdue:
        if case.key in broken and case.due < day(4):
            raise ValueError("not yet")
        return InvoiceBecameOverdue(case.key, case.started_at)

    world = World(invoices(overdue(event=emit)))
    world.name(next_at=day(1))
    worker = world.worker(max_facts=2)
    for number in range(1, 4):
        world.fact(InvoiceSent(f"inv-{number}", terms=number), day(number - 0.5))
        world.days(number, number)
    world.settle(worker)
    assert len(all_letters(world)) == 2
    world.fact(InvoiceSent("inv-4", terms=2), day(3.1))
    requeued(world, *all_letters(world))
    for number in range(4, 9):
        world.fact(InvoicePaid(f"inv-{number}"), day(number - 0.5))
        world.days(number, number)
        worker.turn(0.0)
    world.settle(worker)
    assert {one.key() for one in world.output()} == {b"inv-1", b"inv-2", b"inv-3"}
    assert worker.tasks[0].requests.count == 2
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


def _without(world: World, names: set[str]) -> StoredLetter:
    """The last letter once more, as one would be that lacks these headers."""
    (*_, last) = world.letters()
    hand = world.log.appender()
    kept = [(name, text) for name, text in last.headers() or [] if name not in names]
    hand.append(Partition("invoices.dead-letters", last.partition()), last.key(), last.value(), 1, kept)
    hand.flush()
    return all_letters(world)[-1]


def test_a_letter_from_before_dates_were_kept_is_dated_by_the_fact_itself_while_that_is_there() -> None:
    world = refused()
    letter = _without(world, {"passage_timestamp"})
    requeued(redeployed(world, invoices(overdue())), letter)
    assert world.records("billing")[-1].timestamp()[1] == milliseconds_of(day(0.5))
    world.log.truncate(Partition("billing", 1), letter.place + 1)
    with pytest.raises(NotSent, match=r"does not say when the fact happened, and billing\[1\]@\d is gone"):
        requeued(world, letter)


def test_what_was_too_large_for_the_dead_letters_is_not_here_to_be_sent() -> None:
    log = MemoryLog()
    log.create([Topic("invoices.dead-letters", 1, {"max.message.bytes": "1000"})])
    world = World(invoices(overdue()), log)
    world.name(next_at=day(1))
    world.raw(b"big", b"x" * 2000, day(0.5))
    worked(world)
    (letter,) = all_letters(world)
    assert not letter.is_whole
    with pytest.raises(NotSent, match=r"dead-letters\[0\]@\d+: billing\[0\]@0 was too large for the dead letters"):
        requeued(world, letter)


def test_a_fact_without_a_date_is_not_sent_back_only_to_be_refused_again() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.raw(b"inv-1", b"x", day(0.5))
    worked(world)
    letter = all_letters(world)[0]
    undated = StoredLetter(**{name: getattr(letter, name) for name in letter.__slots__} | {"timestamp_ms": 0})
    with pytest.raises(NotSent, match="names no instant, so it would be refused again"):
        requeued(world, undated)


def test_what_the_app_no_longer_has_is_named() -> None:
    world = refused()
    elsewhere = invoices(overdue(), inputs={"invoicing": [InvoiceSent, InvoicePaid]})
    with pytest.raises(NotSent, match="it came from billing, which the app reads no more; it reads invoicing"):
        requeued(redeployed(world, elsewhere), all_letters(world)[0])
    with pytest.raises(NotSent, match="no policy, process or report 'overdue' any more; it has late"):
        requeued(redeployed(world, invoices(overdue(name="late"))), all_letters(parked())[0])
    with pytest.raises(NotSent, match="does not say whose wake-up it was"):
        requeued(world, _without(parked(), {"passage_unit"}))
    with pytest.raises(NotSent, match="it is no letter of this app"):
        requeued(world, _without(world, {name for name, _ in world.letters()[-1].headers() or []}))


FOREIGN: dict[str, tuple[list[tuple[str, bytes | None]], str]] = {
    "no headers": ([], "nothing here says where it came from"),
    "none with a value": ([("passage_reason", None), ("passage_topic", None)], "nothing here says where it came from"),
    "an offset that is none": (
        [("passage_reason", b"x"), ("passage_topic", b"billing"), ("passage_offset", b"twelve")],
        "its header passage_offset is 'twelve'",
    ),
    "an offset without an end": (
        [("passage_reason", b"x"), ("passage_topic", b"billing"), ("passage_offset", b"9" * 5000)],
        f"its header passage_offset is '{'9' * 37}...'",
    ),
    "a date in microseconds": (
        [("passage_reason", b"x"), ("passage_topic", b"billing"), ("passage_timestamp", b"1767225600000000")],
        "its header passage_timestamp is '1767225600000000'",
    ),
    "no text": (
        [("passage_reason", b"\xff"), ("passage_topic", b"\xff"), ("passage_offset", b"\xff")],
        "its header passage_offset is '\\\\xff'",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_somebody_else_wrote_is_told_as_foreign_and_stays_where_it_is(case: str) -> None:
    headers, lacks = FOREIGN[case]
    world = refused()
    hand = world.log.appender()
    hand.append(Partition("invoices.dead-letters", 0), b"\xff", b"not ours", 1, headers)
    hand.flush()
    theirs, *_ = (one for one in all_letters(world) if one.value == b"not ours")
    assert (theirs.kind, theirs.origin, theirs.reason, theirs.key) == ("foreign", "-", lacks, b"\xff")
    assert theirs.headers == headers
    with pytest.raises(NotSent) as told:
        requeued(world, theirs)
    assert str(told.value) == f"{theirs.where}: {lacks}; it is no letter of this app"
    assert {one.kind for one in all_letters(world) if one != theirs} == {"fact"}


def test_a_letter_is_found_by_its_place() -> None:
    world = refused()
    for letter in all_letters(world):
        assert letter_at(world.log, world.app, letter.partition.number, letter.offset) == letter
    with pytest.raises(NotSent, match=r"invoices\.dead-letters\[0\]@77: there is no letter"):
        letter_at(world.log, world.app, 0, 77)


def test_settings_by_which_so_old_a_fact_would_not_last_are_warned_of() -> None:
    log = MemoryLog(now_ms=lambda: milliseconds_of(day(400)))
    log.create([Topic("billing", 1, {"retention.ms": "86400000"})])
    log.create([Topic("invoices.dead-letters", 1, {"message.timestamp.type": "LogAppendTime"})])
    world = World(invoices(overdue(after=no_terms)), log)
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(0.5))
    worked(world)
    warned: list[str] = []
    requeued(world, *all_letters(world), warn=warned.append)
    (said,) = warned
    assert "may be deleted at once by billing's retention.ms=86400000; raise it" in said


def test_nothing_is_written_in_a_dry_run() -> None:
    world = refused()
    before = len(world.records("billing"))
    requeue = Requeue(world.log, world.app, pytest.fail, dry_run=True)
    assert [requeue.send(one) for one in all_letters(world)][-1].endswith("back to billing[1]")
    requeue.flush()
    assert len(world.records("billing")) == before


def test_what_was_sent_back_is_marked_and_the_mark_is_no_letter() -> None:
    world = refused()
    first, second = all_letters(world)
    requeued(world, first)
    again = all_letters(world)
    assert [one.offset for one in again] == [one.offset for one in (first, second)]
    assert [one.requeued_at is not None for one in again] == [True, False]
    assert letter_at(world.log, world.app, first.partition.number, first.offset).requeued_at == again[0].requeued_at
    (mark,) = [record for record in world.letters() if is_mark(record)]
    with pytest.raises(NotSent, match="there is no letter"):
        letter_at(world.log, world.app, mark.partition(), mark.offset())


def test_nothing_is_marked_before_it_is_stored() -> None:
    """Somebody who dies between sending and marking leaves a letter that may have been sent, never a mark in vain."""
    world = refused()
    requeue = Requeue(world.log, world.app, pytest.fail)
    requeue.send(all_letters(world)[0])
    requeue.close()
    assert [one.requeued_at for one in all_letters(world)] == [None, None]


def test_a_dry_run_marks_nothing() -> None:
    world = refused()
    requeue = Requeue(world.log, world.app, pytest.fail, dry_run=True)
    requeue.send(all_letters(world)[0])
    requeue.flush()
    requeue.close()
    assert [one.requeued_at for one in all_letters(world)] == [None, None]


@pytest.mark.parametrize("headers", [[("passage_requeued", b"x")], [("passage_requeued", b"-5")], [("else", b"0")], []])
def test_what_only_looks_like_a_mark_marks_nothing(headers: list[tuple[str, bytes]]) -> None:
    world = refused()
    hand = world.log.appender()
    hand.append(Partition(world.app.dead_letters, 0), None, None, 1, headers)
    hand.flush()
    assert not any(one.requeued_at for one in all_letters(world))
