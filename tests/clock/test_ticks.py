"""The tick on the wire: made by hand for speed, and byte for byte what the schema's own codec writes."""

from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_clock.calendars import Calendar, national
from passage_clock.civil import instant_of_civil, tzdata_version
from passage_clock.planning.plan import Plan, Planned
from passage_clock.records.ticks import EncodedTick, TickWriter, avro_long
from passage_clock.schedules import Occurrence, Schedule, periodic
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.records import TICK
from passage_schemas.tick import Tick

ZONE = "Europe/Amsterdam"
START = instant_of_civil(date(2026, 10, 24), ZONE)

longs = st.integers(-(2**63), 2**63 - 1)
instants = st.integers(-(2**50), 2**57).map(Instant)  # 1934 to 6536
labels = st.text(max_size=30)
calendars = st.sampled_from([None, national("NL"), national("DE/BY")])


def published(*schedules: Schedule, days: int = 40) -> list[tuple[Planned, EncodedTick]]:
    writer = TickWriter("passage/clock", tzdata_version(), {})
    due = Plan(schedules, {}, {}).due(Instant(START + days * 86_400_000_000), 10_000)
    return [(planned, writer.encode(planned, number, Instant(START + 7))) for number, planned in enumerate(due, 1)]


@given(
    name=st.from_regex(r"[a-z0-9._-]+", fullmatch=True),
    event=st.text(min_size=1),
    calendar=calendars,
    occurrences=st.lists(
        st.builds(Occurrence, period=labels, starts_at=instants, ends_at=instants), min_size=1, max_size=4
    ),
    ordinal=longs,
    sequence=longs,
    next_at=st.none() | instants,
    published_at=instants,
    previous=st.none() | st.binary(min_size=32, max_size=32),
)
def test_a_tick_has_the_bytes_its_schema_gives_it(
    name: str,
    event: str,
    calendar: Calendar | None,
    occurrences: list[Occurrence],
    ordinal: int,
    sequence: int,
    next_at: Instant | None,
    published_at: Instant,
    previous: bytes | None,
) -> None:
    schedule = periodic(name, "workday" if calendar else "day", ZONE, event=event, calendar=calendar)
    writer = TickWriter("passage/clock", "2026c", {name: previous} if previous else {})

    for occurrence in occurrences:
        made = writer.encode(Planned(schedule, occurrence, ordinal, next_at), sequence, published_at)
        tick = Tick(
            event=event,
            schedule=name,
            ordinal=ordinal,
            sequence=sequence,
            period=occurrence.period,
            starts_at=occurrence.starts_at,
            ends_at=occurrence.ends_at,
            next_at=next_at,
            zone=ZONE,
            calendar=calendar.label if calendar else None,
            tzdata="2026c",
            published_at=published_at,
            definition=schedule.definition,
            previous=previous,
        )
        assert made.value == TICK.encode(tick)
        assert made.key == tick.key
        previous = made.digest


@pytest.mark.parametrize("number", [0, -1, 1, 63, 64, 8191, 8192, 2**13, 2**27 - 1, 2**27, 2**62, 2**63 - 1, -(2**63)])
def test_a_long_reads_back_as_avro_reads_it(number: int) -> None:
    rest, shift = 0, 0
    for byte in avro_long(number):
        rest |= (byte & 0x7F) << shift
        shift += 7

    assert (rest >> 1) ^ -(rest & 1) == number
    assert all(byte & 0x80 for byte in avro_long(number)[:-1])
    assert not avro_long(number)[-1] & 0x80


def test_the_ticks_of_a_schedule_are_a_chain_over_the_hour_that_came_twice() -> None:
    days = periodic("day.amsterdam", "day", ZONE, starts_at=START)
    hours = periodic("hour.amsterdam", "hour", ZONE, starts_at=START)
    found = published(days, hours)

    for schedule in (days, hours):
        values = [tick.value for planned, tick in found if planned.schedule is schedule]
        ticks = [TICK.decode(value) for value in values]
        assert [tick.previous for tick in ticks] == [None, *(sha256(value).digest() for value in values[:-1])]
        assert [tick.next_at for tick in ticks[:-1]] == [tick.ends_at for tick in ticks[1:]]
    assert [TICK.decode(tick.value).sequence for _, tick in found] == list(range(1, len(found) + 1))
    assert len({tick.key for _, tick in found}) == len(found)


def test_a_successor_goes_on_with_the_chain() -> None:
    days = periodic("day.amsterdam", "day", ZONE, starts_at=START)
    found = published(days)
    successor = TickWriter("passage/clock", tzdata_version(), {"day.amsterdam": found[3][1].digest})

    assert successor.encode(found[4][0], 5, Instant(START + 7)) == found[4][1]


@given(st.integers(0, 253_402_300_799_999_999).map(Instant))
def test_the_time_in_the_headers_is_the_ticks_end_to_the_microsecond(ends_at: Instant) -> None:
    schedule = periodic("day", "day", "UTC")
    planned = Planned(schedule, Occurrence("", Instant(0), ends_at), 1, None, stands_for=7)
    made = TickWriter("passage/clock", "2026c", {}).encode(planned, 1, Instant(0))

    said = dict(made.headers)["ce_time"].decode()
    assert said == datetime_of(ends_at).isoformat().replace("+00:00", "Z")
    assert TICK.decode(made.value).stands_for == 7


def test_a_subscriber_can_filter_by_headers_alone() -> None:
    ((_, tick),) = published(periodic("workday.nl", "workday", ZONE, calendar=national("NL"), starts_at=START), days=4)

    assert tick.headers == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"workday.nl/2026-10-26"),
        ("ce_type", b"WorkdayHasEnded"),
        ("ce_source", b"passage/clock"),
        ("ce_time", b"2026-10-26T23:00:00Z"),
        ("content-type", b"application/avro"),
    ]
    assert tick.timestamp_ms == 1793055600000
