"""Whether `verify` finds the first tick that isn't as it must be, and only that."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest

from passage_clock.calendars.announced import Notice
from passage_clock.calendars.company import Company
from passage_clock.monitoring.verify import MOST_NOTES, Fault, Verifier
from passage_clock.schedules import Schedule, periodic
from passage_log.memory.store import MemoryRecord
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Record
from passage_schemas.records import TICK, TRIGGERED
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from passage_schemas.triggered import Triggered
from tests.clock.world import DAY, MIDNIGHT, MINUTE, SECOND, TICKS, World, every_minute
from tests.clock.world import ENTRY as RECORDED


def published(*schedules: Schedule, seconds: float = 600) -> World:
    """A world whose clock has led for a while."""
    world = World(*(schedules or (every_minute(), periodic("second.utc", "second", "UTC"))))
    world.run(world.candidate(), seconds=seconds, stride=30)
    return world


def walk(
    records: Sequence[Record], entries: Sequence[ScheduleEntry] = (), schedules: Sequence[Schedule] = ()
) -> tuple[Verifier, Fault | None]:
    verifier = Verifier(entries, max_skew_seconds=2.0, schedules=schedules)
    for record in records:
        if (fault := verifier.take(record)) is not None:
            return verifier, fault
    return verifier, verifier.end(max((entry.sequence for entry in entries), default=0))


def fault_of(world: World) -> Fault:
    _, fault = walk(world.records(TICKS), world.entries())
    assert fault is not None
    return fault


def rogue(world: World, key: bytes, value: bytes | None, timestamp_ms: int = 1) -> None:
    """Somebody who may write, and shouldn't."""
    appender = world.log.appender()
    appender.append(TICKS, key, value, timestamp_ms)
    appender.flush()


def tick_records(world: World) -> list[MemoryRecord]:
    records = [record for record in world.records(TICKS) if isinstance(record, MemoryRecord)]
    return [record for record in records if record.value() is not None]


def saying(record: MemoryRecord, **changes: object) -> MemoryRecord:
    """The record as a forger would leave it: another value, and a key and timestamp to match."""
    tick = replace(decoded(record), **changes)  # type: ignore[arg-type]
    topic, number, offset, _, _, kind, _, headers, writer = record
    at = milliseconds_of(tick.ends_at)
    return MemoryRecord((topic, number, offset, tick.key, TICK.encode(tick), kind, at, headers, writer))


def decoded(record: Record) -> Tick:
    return TICK.decode(record.value() or b"")


def test_what_a_clock_publishes_is_whole() -> None:
    world = published()

    verifier, fault = walk(world.records(TICKS), world.entries())

    assert fault is None
    assert (verifier.schedules, verifier.ticks, verifier.last_sequence) == (2, 610, 610)
    assert verifier.notes == []


def test_it_is_whole_over_terms_pauses_and_a_changed_definition() -> None:
    world = published()
    other = world.candidate("b", every_minute(), periodic("second.utc", "second", "UTC", event="SecondIsOver"))
    world.run(other, seconds=30)

    verifier, fault = walk(world.records(TICKS), world.entries())

    assert fault is None
    assert verifier.notes == []


def test_a_tick_published_twice_is_found_where_it_stands_again() -> None:
    world = published()
    first = world.records(TICKS)[1]
    rogue(world, first.key() or b"", first.value(), first.timestamp()[1])

    fault = fault_of(world)

    assert fault.where == f"passage.ticks[0]@{world.records(TICKS)[-1].offset()}"
    assert fault.key == (first.key() or b"").decode()
    assert "sequence 611" in fault.expected


def test_a_forged_next_tick_is_found_when_the_clocks_own_comes() -> None:
    world = World(every_minute())
    candidate = world.candidate()
    world.run(candidate, seconds=300, stride=30)
    last = tick_records(world)[-1]
    ends_at = Instant(decoded(last).ends_at + MINUTE)
    forged = saying(last, ordinal=6, sequence=6, ends_at=ends_at, period="forged")
    rogue(world, forged.key() or b"", forged.value(), milliseconds_of(ends_at))
    world.run(candidate, seconds=120, stride=30)

    fault = fault_of(world)
    assert fault.key == "minute.utc/forged"
    assert fault.where.endswith(f"@{forged.offset() + 2}")  # the tick, its marker, the forgery


def test_a_null_value_under_a_ticks_key_is_found() -> None:
    world = published()
    rogue(world, b"minute.utc/2026-09-01T00:03+00:00", None)

    assert "no floor" in fault_of(world).seen


def test_bytes_that_are_no_tick_under_a_ticks_key_are_found() -> None:
    world = published()
    rogue(world, b"minute.utc/2026-09-01T00:03+00:00", b"so what")

    assert "compaction keeps the last one alone" in fault_of(world).expected


def test_bytes_under_a_key_without_a_label_erase_nothing_and_are_noted() -> None:
    world = published()
    rogue(world, b"minute.utc", b"oops")

    verifier, fault = walk(world.records(TICKS), world.entries())
    assert fault is None
    assert "foreign record, key minute.utc" in verifier.notes[0].said


Tamper = Callable[[list[MemoryRecord]], list[MemoryRecord]]

TAMPERINGS: dict[str, tuple[Tamper, int, str]] = {
    "a tick is missing": (lambda it: it[:4] + it[5:], 5, "sequence 5"),
    "the first is missing": (lambda it: it[1:], 1, "sequence 1"),
    "two have changed places": (lambda it: [*it[:3], it[4], it[3], *it[5:]], 4, "sequence 4"),
    "a value was altered": (
        lambda it: [*it[:4], saying(it[4], event="DayIsOver"), *it[5:]],
        4,
        "as its successor",
    ),
    "a value was cut short": (lambda it: [*it[:4], cut(it[4]), *it[5:]], 4, "a tick"),
    "an ordinal was altered": (lambda it: [*it[:4], saying(it[4], ordinal=7), *it[5:]], 4, "ordinal 5"),
    "an end was altered": (lambda it: [*it[:4], saying(it[4], ends_at=MIDNIGHT), *it[5:]], 4, "an end after"),
    "a label comes twice": (lambda it: [*it[:4], saying(it[4], period=decoded(it[3]).period)], 4, "a label of its own"),
    "a key was altered": (lambda it: [*it[:4], keyed(it[4], b"minute.utc/x"), *it[5:]], 4, "the key minute.utc/2026"),
    "a timestamp was altered": (lambda it: [*it[:4], dated(it[4], 7), *it[5:]], 4, "the timestamp"),
    "published too early": (lambda it: [*it[:4], saying(it[4], published_at=MIDNIGHT)], 4, "published at"),
    "it starts behind its end": (
        lambda it: [*it[:4], saying(it[4], starts_at=2 * MIDNIGHT)],
        4,
        "a period that starts",
    ),
    "a digest was altered": (
        lambda it: [*it[:4], saying(it[4], previous=bytes(32)), *it[5:]],
        4,
        "the digest of",
    ),
    "the first names one before": (lambda it: [saying(it[0], previous=bytes(32)), *it[1:]], 0, "no previous"),
}


def cut(record: MemoryRecord) -> MemoryRecord:
    return MemoryRecord((*record[:4], (record[4] or b"")[:-3], *record[5:]))


def keyed(record: MemoryRecord, key: bytes) -> MemoryRecord:
    return MemoryRecord((*record[:3], key, *record[4:]))


def dated(record: MemoryRecord, timestamp_ms: int) -> MemoryRecord:
    return MemoryRecord((*record[:6], timestamp_ms, *record[7:]))


@pytest.mark.parametrize("what", TAMPERINGS)
def test_it_names_the_first_tick_that_is_not_as_it_was(what: str) -> None:
    tamper, index, expected = TAMPERINGS[what]
    records = tick_records(published(every_minute()))
    untouched = [record.offset() for record in records]

    _, fault = walk(tamper(records))

    assert fault is not None
    shown = untouched[index] if what != "two have changed places" else untouched[4]
    assert fault.where == f"passage.ticks[0]@{shown}", fault
    assert expected in fault.expected
    assert "\n" not in str(fault)


def promising(
    at: Instant | None, place: int = 4, records: Sequence[MemoryRecord] = (), **later: object
) -> list[MemoryRecord]:
    """Ten ticks, the fifth of which promised `at`; every digest after it is right again. `later`: what else the ticks
    behind it say otherwise."""
    found: list[MemoryRecord] = []
    for number, record in enumerate(records or tick_records(published(every_minute()))):
        previous = sha256_of(found[-1]) if found else None
        next_at = decoded(record).next_at if number != place else at
        found.append(saying(record, previous=previous, next_at=next_at, **(later if number > place else {})))
    return found


def sha256_of(record: MemoryRecord) -> bytes:
    return sha256(record.value() or b"").digest()


ENTRY = replace(RECORDED, definition_text="{}")

MINUTES = every_minute()
OWN = replace(RECORDED, definition=MINUTES.definition, definition_text=MINUTES.definition_text)
"""What the clock recorded of the schedule."""

SKIPS = replace(OWN, definition_text=replace(MINUTES, misfire="skip").definition_text)
SIXTH = Instant(MIDNIGHT + 6 * MINUTE)
LATEST = replace(OWN, sequence=9, next_at=Instant(MIDNIGHT + 10 * MINUTE))
SOONER, AFTER = Instant(SIXTH - SECOND), Instant(SIXTH + SECOND)

PROMISES: dict[str, tuple[list[MemoryRecord], list[ScheduleEntry], str | None]] = {
    # What is wrong with the sixth tick, in the words of the fault; "": a note.
    "kept": (promising(SIXTH), [OWN], None),
    "kept, and told again": (promising(SIXTH), [OWN, replace(OWN, sequence=5, next_at=SIXTH)], None),
    "before it": (promising(AFTER), [OWN], "no tick before the promised instant"),
    "before it, though it skips": (promising(AFTER), [SKIPS], "no tick before"),
    "before it, though it stands for two": (promising(AFTER, stands_for=2), [OWN], "no tick before"),
    "before it, as a fail-over said": (
        promising(AFTER),
        [OWN, replace(OWN, sequence=5, next_at=SIXTH)],
        "no tick before",
    ),
    "before it, and entries are gone": (promising(AFTER), [replace(ENTRY, sequence=9)], "no tick before"),
    "after it": (promising(SOONER), [OWN], "the promised instant"),
    "after it, as a fail-over said": (
        promising(SOONER),
        [OWN, replace(OWN, sequence=5, next_at=SIXTH)],
        "the promised instant",
    ),
    "after it, by a skip": (promising(SOONER), [SKIPS], None),
    "after it, by a skip that was told": (
        promising(SOONER),
        [SKIPS, replace(SKIPS, sequence=5, next_at=SIXTH)],
        None,
    ),
    "after it, for it stands for two": (promising(SOONER, stands_for=2), [OWN], None),
    "after it, by a definition that compaction took": (promising(SOONER), [replace(ENTRY, sequence=9)], ""),
    "after it, and nobody wrote since": (promising(SOONER), [], "the promised instant"),
    "before what a skip moved it to": (
        promising(SIXTH),
        [SKIPS, replace(SKIPS, sequence=5, next_at=AFTER)],
        "no tick before",
    ),
    "kept by another definition": (
        promising(AFTER, definition="changed"),
        [OWN, replace(OWN, definition="changed", sequence=5, next_at=SIXTH)],
        None,
    ),
    "before what another definition promised": (
        promising(SIXTH, definition="changed"),
        [OWN, replace(OWN, definition="changed", sequence=5, next_at=AFTER)],
        "no tick before",
    ),
    "after what another definition promised": (
        promising(SIXTH, definition="changed"),
        [OWN, replace(OWN, definition="changed", sequence=5, next_at=SOONER)],
        "the promised instant",
    ),
    "by newer zones": (
        promising(AFTER, tzdata="2026c"),
        [OWN, replace(OWN, tzdata="2026c", sequence=5, next_at=SIXTH)],
        None,
    ),
    "by newer holidays, whose entry compaction took": (
        promising(AFTER, calendar="NL, holidays 0.109"),
        [replace(LATEST, calendar="NL, holidays 0.109")],
        None,
    ),
    "paused and resumed": (
        promising(SIXTH),
        [
            OWN,
            replace(OWN, status="paused", sequence=5, next_at=SIXTH),
            replace(OWN, sequence=5, next_at=SIXTH),
        ],
        None,
    ),
    "removed and back": (
        promising(SIXTH),
        [
            OWN,
            replace(OWN, status="removed", sequence=5, next_at=None),
            replace(OWN, sequence=5, next_at=SIXTH),
        ],
        None,
    ),
    "none, and then more was known": (promising(None), [OWN, replace(OWN, sequence=5, next_at=SIXTH)], None),
    "none": (promising(None), [OWN], "the promised instant, or an entry"),
    "none, and entries are gone": (promising(None), [LATEST], ""),
}


@pytest.mark.parametrize(("records", "entries", "expected"), PROMISES.values(), ids=PROMISES)
def test_a_tick_is_held_against_what_was_promised_before_it(
    records: list[MemoryRecord], entries: list[ScheduleEntry], expected: str | None
) -> None:
    verifier, fault = walk(records, entries)

    if not expected:
        assert (fault, len(verifier.notes)) == (None, expected == "")
        return
    assert fault is not None
    assert fault.where.endswith(f"@{records[5].offset()}")
    assert fault.expected.startswith(expected)
    assert "2026-09-01T00:06:00Z; " in fault.seen
    assert "had promised" in fault.seen


def test_one_tick_that_stands_for_several_keeps_the_promise_of_the_first() -> None:
    late = replace(every_minute(starts_at=Instant(MIDNIGHT - DAY)), misfire="coalesce")
    world = published(late, seconds=120)

    assert world.ticks()[0].stands_for == 1440
    assert walk(world.records(TICKS), world.entries())[1] is None


def test_what_is_cut_off_at_the_end_is_known_from_the_schedules_topic() -> None:
    records = tick_records(published(every_minute()))

    _, fault = walk(records[:-3], [replace(ENTRY, sequence=9)])

    assert fault is not None
    assert (fault.expected, fault.seen) == ("sequence 9 at least, by the schedules topic", "7")


def floored(records: Sequence[MemoryRecord], ordinal: int) -> ScheduleEntry:
    """The floor before which all of a schedule's ticks may be gone."""
    before = records[ordinal - 2]
    tick = decoded(before)
    return replace(
        ENTRY,
        schedule=tick.schedule,
        floor_ordinal=ordinal,
        floor_sequence=tick.sequence,
        floor_at=tick.ends_at,
        floor_digest=sha256_of(before),
    )


def of(records: Sequence[MemoryRecord], schedule: str) -> list[MemoryRecord]:
    return [record for record in records if decoded(record).schedule == schedule]


@pytest.mark.parametrize("gone", [slice(0, 0), slice(0, 99), slice(0, 40), slice(20, 60), slice(0, 99, 2)])
def test_before_a_floor_any_may_be_gone(gone: slice) -> None:
    records = tick_records(published())
    seconds = of(records, "second.utc")
    forgotten = {record.offset() for record in seconds[gone]}
    kept = [record for record in records if record.offset() not in forgotten]

    _, fault = walk(kept, [ENTRY, floored(seconds, 100)])

    assert fault is None


def test_a_schedule_may_be_gone_but_for_its_floor() -> None:
    records = of(tick_records(published()), "second.utc")
    minutes = tick_records(published(every_minute()))
    kept = [saying(record, sequence=600 + place) for place, record in enumerate(minutes[:1], start=1)]

    _, fault = walk(kept, [ENTRY, replace(floored(records, 601), floor_sequence=600)])

    assert fault is None


def test_a_tick_of_another_schedule_must_not_be_gone_with_them() -> None:
    records = tick_records(published())
    seconds = of(records, "second.utc")
    minute = of(records, "minute.utc")[0]
    kept = [record for record in records if record not in seconds[:99] and record != minute]

    _, fault = walk(kept, [ENTRY, floored(seconds, 100)])

    assert fault is not None
    assert fault.key.startswith("minute.utc/")
    assert fault.expected == "ordinal 1"


def test_the_last_of_another_schedule_must_not_be_gone_with_them_either() -> None:
    records = tick_records(published(seconds=60))
    seconds = of(records, "second.utc")
    (minute,) = of(records, "minute.utc")
    kept = [record for record in records if record not in seconds[:59] and record != minute]
    floor = replace(floored(seconds, 60), floor_sequence=decoded(minute).sequence)

    _, fault = walk(kept, [ENTRY, floor])

    assert fault is not None


@pytest.mark.parametrize("missing", [99, 100])
def test_at_the_floor_and_after_it_none_may_be_gone(missing: int) -> None:
    records = tick_records(published())
    seconds = of(records, "second.utc")
    kept = [record for record in records if record not in seconds[:99] and record != seconds[missing]]

    _, fault = walk(kept, [ENTRY, floored(seconds, 100)])

    assert fault is not None
    assert "sequence" in fault.expected


def test_the_floor_must_follow_the_digest_that_was_kept() -> None:
    records = of(tick_records(published(periodic("second.utc", "second", "UTC"))), "second.utc")
    floor = replace(floored(records, 100), floor_digest=bytes(32))

    _, fault = walk(records[99:], [floor])

    assert fault is not None
    assert "the floor's digest" in fault.expected


def test_a_topic_whose_clock_lets_old_ticks_go_is_whole_before_and_after_compaction() -> None:
    kept = replace(every_minute(starts_at=Instant(MIDNIGHT - 3 * DAY)), keep_days=1)
    world = published(kept, every_minute("other.utc"), seconds=7_200)

    before, fault = walk(world.records(TICKS), world.entries())
    assert fault is None
    assert before.erased >= 2 * 1440 - 1

    world.log.compact(TICKS.topic, forget_deleted=True)
    after, fault = walk(world.records(TICKS), world.entries())
    assert fault is None
    assert (after.erased, before.ticks - after.ticks) == (0, before.erased)


@pytest.mark.parametrize("ordinal", [100, 101, 200])
def test_a_null_value_at_a_floor_or_behind_it_is_no_retention(ordinal: int) -> None:
    world = published(periodic("second.utc", "second", "UTC"))
    seconds = tick_records(world)
    rogue(world, seconds[ordinal - 1].key() or b"", None)

    _, fault = walk(world.records(TICKS), [floored(seconds, 100)])

    assert fault is not None
    assert (fault.seen, fault.expected) == ("a null value", "a tick: it is not before its schedule's floor")


def test_null_values_below_a_floor_are_how_retention_works() -> None:
    world = published(periodic("second.utc", "second", "UTC"))
    seconds = tick_records(world)
    for record in seconds[:50]:
        rogue(world, record.key() or b"", None)

    verifier, fault = walk(world.records(TICKS), [floored(seconds, 100)])

    assert fault is None
    assert verifier.erased == 50


def test_other_peoples_records_are_noted_and_no_more_than_can_be_kept() -> None:
    world = published()
    for _ in range(MOST_NOTES + 7):
        rogue(world, b"metrics", b"{}")
    rogue(world, b"other/thing", None)

    verifier, fault = walk(world.records(TICKS), world.entries())

    assert fault is None
    assert "foreign record, key metrics" in verifier.notes[0].said
    assert (len(verifier.notes), verifier.unkept_notes) == (MOST_NOTES, 8)


def test_an_event_out_of_turn_is_no_tick() -> None:
    world = published()
    event = Triggered("MinuteHasPassed", "minute.utc", "1", "kim", "a test", MIDNIGHT, MIDNIGHT)
    rogue(world, b"minute.utc/triggered/1", TRIGGERED.encode(event))

    verifier, fault = walk(world.records(TICKS), world.entries())

    assert fault is None
    assert (verifier.triggered, verifier.ticks) == (1, 610)


def test_a_closure_announced_after_its_tick_is_a_note_and_one_announced_before_is_not_news() -> None:
    storm = Notice(date(2026, 9, 3), date(2026, 9, 3), Instant(MIDNIGHT + 5 * DAY), "storm")
    picnic = Notice(date(2026, 9, 4), date(2026, 9, 4), Instant(MIDNIGHT), "picnic")
    acme = Company("acme", closed=(storm, picnic))
    workdays = periodic("workday.acme", "workday", "UTC", calendar=acme)
    world = World(workdays)
    world.run(world.candidate(), seconds=6 * 86_400, stride=3_600)

    verifier, fault = walk(world.records(TICKS), world.entries(), [workdays])

    assert fault is None
    (note,) = verifier.notes
    assert "workday.acme/2026-09-03 went out before this closure was announced" in note.said
    assert "storm" in note.said


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_hours_through_the_changes_of_a_zone_are_whole_and_need_no_note(zone: str) -> None:
    world = published(periodic("hour", "hour", zone, starts_at=Instant(MIDNIGHT - 340 * DAY)), seconds=0)

    verifier, fault = walk(world.records(TICKS), world.entries())

    assert fault is None
    assert verifier.notes == []
    assert verifier.ticks > 339 * 24
