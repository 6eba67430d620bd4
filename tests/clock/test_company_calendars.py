"""Company calendars: a country's days with one's own weekend, extra workdays and hours; and who knew when."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock.calendars import Company, Hours, Notice, OpenSpan, national
from passage_clock.calendars.hours import span_of, weekdays_of
from passage_clock.errors import CalendarError
from passage_schemas.instant import Instant, instant_of_milliseconds

NL, US = national("NL"), national("US")
HOUR = 3_600_000_000
DAY = 24 * HOUR


def on(day: str, *, announced_at: Instant | None = None, reason: str = "") -> Notice:
    one = date.fromisoformat(day)
    return Notice(one, one, announced_at, reason)


def noon(day: str) -> Instant:
    return Instant((date.fromisoformat(day).toordinal() - date(1970, 1, 1).toordinal()) * DAY + 12 * HOUR)


def works(company: Company, *days: str) -> list[bool]:
    return [company.counts(date.fromisoformat(day)) for day in days]


def test_a_company_takes_its_holidays_from_its_country_and_its_closures_from_itself() -> None:
    holiday = Notice(date(2026, 7, 27), date(2026, 8, 7), reason="works holiday")
    acme = Company("acme", NL, closed=(on("2026-12-24"), holiday), extra=(on("2026-11-21"), on("2026-12-25")))

    assert works(acme, "2026-12-23", "2026-12-24", "2026-12-25", "2026-04-27") == [True, False, True, False]
    assert works(acme, "2026-07-24", "2026-07-27", "2026-08-07", "2026-08-10") == [True, False, False, True]
    assert works(acme, "2026-11-21", "2026-11-22") == [True, False]  # a Saturday that is worked, and its Sunday
    assert acme.label == f"acme ({NL.label})"
    assert (acme.first_year, acme.last_year) == (NL.first_year, NL.last_year)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-12-24", "closed"),
        ("2026-07-27", "works holiday"),
        ("2026-07-29", "stocktaking"),  # of two about a day the later to be announced
        ("2026-04-27", "King's Day"),
        ("2026-11-22", "weekend"),
        ("2026-11-21", None),
        ("2026-12-28", "weekend"),  # its own, a Monday
    ],
)
def test_a_company_says_why_it_is_closed(day: str, why: str | None) -> None:
    holiday = Notice(date(2026, 7, 27), date(2026, 8, 7), reason="works holiday")
    later = on("2026-07-29", announced_at=noon("2026-07-01"), reason="stocktaking")
    acme = Company("acme", NL, (6, 0), closed=(on("2026-12-24"), holiday, later), extra=(on("2026-11-21"),))

    assert acme.why_closed(date.fromisoformat(day)) == why


def test_a_company_that_builds_on_nothing_works_all_but_its_weekend_for_as_long_as_time_has_names() -> None:
    plain, shop = Company("plain"), Company("shop", weekend=(6, 0))

    assert works(plain, "1970-01-01", "2026-11-20", "2026-11-21", "2026-11-22") == [True, True, False, False]
    assert works(shop, "2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24") == [True, False, False, True]
    assert plain.label == "plain"
    assert (plain.first_year, plain.last_year) == (1970, 9000)
    with pytest.raises(CalendarError, match="plain is known from 1970 to 9000, not 9001"):
        plain.counts(date(9001, 1, 1))


def test_a_weekend_of_ones_own_keeps_the_holidays_of_the_country_whatever_their_weekday() -> None:
    shop = Company("shop", NL, weekend=(6,))

    # In 2026 December 26 is a Saturday and Second Christmas Day; the Saturday before is worked now.
    assert works(shop, "2026-12-19", "2026-12-20", "2026-12-25", "2026-12-26") == [True, False, False, False]
    assert works(Company("cn", national("CN"), weekend=(5, 6)), "2025-01-26") == [True]  # a Sunday China worked


def test_a_company_builds_on_another() -> None:
    group = Company("group", NL, closed=(on("2026-12-24"),))
    plant = Company("plant", group, extra=(on("2026-12-24"),), closed=(on("2026-12-31"),))
    office = Company("office", group, weekend=(4, 5, 6))

    assert works(group, "2026-12-24", "2026-12-31") == [False, True]
    assert works(plant, "2026-12-24", "2026-12-31") == [True, False]
    assert works(office, "2026-12-24", "2026-12-23", "2026-12-18") == [False, True, False]
    assert plant.label == f"plant (group ({NL.label}))"
    assert plant.closures == (on("2026-12-24"), on("2026-12-31"))


# Hurricane Sandy: the exchange said late on Sunday the 28th that it would stay closed on Monday, and on Monday that it
# would on Tuesday too.
SUNDAY_EVENING = instant_of_milliseconds(1351476000_000)  # 2012-10-28T22:00-04:00
MONDAY_NOON = instant_of_milliseconds(1351526400_000)  # 2012-10-29T12:00-04:00
SANDY = Company(
    "exchange",
    US,
    closed=(
        on("2012-10-29", announced_at=SUNDAY_EVENING, reason="Hurricane Sandy"),
        on("2012-10-30", announced_at=MONDAY_NOON, reason="Hurricane Sandy"),
    ),
)


def test_a_closure_counts_from_when_it_was_announced() -> None:
    monday, tuesday = date(2012, 10, 29), date(2012, 10, 30)
    as_known = [Instant(SUNDAY_EVENING), Instant(SUNDAY_EVENING + 1), MONDAY_NOON, Instant(MONDAY_NOON + 1), None]

    assert [SANDY.counts(monday, known_at) for known_at in as_known] == [True, False, False, False, False]
    assert [SANDY.counts(tuesday, known_at) for known_at in as_known] == [True, True, True, False, False]
    assert SANDY.as_of(SUNDAY_EVENING) == Company("exchange", US)
    assert SANDY.as_of(MONDAY_NOON).closed == SANDY.closed[:1]
    assert SANDY.as_of(Instant(MONDAY_NOON + 1)) is SANDY
    assert SANDY.announced_until == MONDAY_NOON
    assert [(one.first, one.announced_at, one.reason) for one in SANDY.closures] == [
        (monday, SUNDAY_EVENING, "Hurricane Sandy"),
        (tuesday, MONDAY_NOON, "Hurricane Sandy"),
    ]
    assert NL.closures == ()


def test_of_two_notices_the_last_announced_wins_and_of_equals_the_closure() -> None:
    day, monday, tuesday = "2026-11-20", noon("2026-11-16"), noon("2026-11-17")

    def told(closed: Instant | None, extra: Instant | None) -> bool:
        both = Company("acme", closed=(on(day, announced_at=closed),), extra=(on(day, announced_at=extra),))
        return both.counts(date.fromisoformat(day))

    assert [told(monday, tuesday), told(tuesday, monday), told(monday, monday)] == [True, False, False]
    assert [told(None, monday), told(monday, None), told(None, None)] == [True, False, False]


def test_of_a_day_gone_by_one_knew_what_was_told_before_its_own_hour() -> None:
    # On Wednesday at noon a whole week is said to be closed, the Monday and Tuesday that are over among its days.
    week = Notice(date(2026, 11, 16), date(2026, 11, 20), Instant(noon("2026-11-18") - 1), "flood")
    acme = Company("acme", closed=(week,))
    wednesday, friday = date(2026, 11, 18), date(2026, 11, 20)

    assert acme.seen_on(wednesday, Instant(noon("2026-11-18") - 1)) == Company("acme")
    seen = acme.seen_on(wednesday, noon("2026-11-18"))
    assert seen.closed == (Notice(wednesday, friday, week.announced_at, "flood"),)
    assert acme.seen_on(friday, noon("2026-11-20")) == seen
    assert acme.seen_on(friday, Instant(noon("2026-11-20") - 2)).closed[0].first == date(2026, 11, 19)


notices = st.builds(
    lambda first, length, announced: Notice(
        date(2026, 1, 1) + timedelta(days=first),
        date(2026, 1, 1) + timedelta(days=first + length),
        None if announced is None else Instant(noon("2026-01-01") + announced * DAY),
    ),
    st.integers(0, 364),
    st.integers(0, 20),
    st.none() | st.integers(-30, 380),
)


@given(st.lists(notices, max_size=6), st.lists(notices, max_size=6), st.integers(-40, 400), st.integers(0, 364))
@settings(max_examples=60)
def test_what_was_known_at_an_instant_is_the_calendar_as_of_it(
    closed: list[Notice], extra: list[Notice], hour: int, day: int
) -> None:
    acme = Company("acme", NL, closed=tuple(closed), extra=tuple(extra))
    known_at, asked = Instant(noon("2026-01-01") + hour * DAY), date(2026, 1, 1) + timedelta(days=day)
    then = acme.as_of(known_at)

    assert acme.counts(asked, known_at) == then.counts(asked) == then.counts(asked, known_at)
    told = [
        (one.announced_at is not None, one.announced_at or 0, worked)
        for worked, pile in ((False, extra), (True, closed))
        for one in pile
        if one.first <= asked <= one.last and (one.announced_at is None or one.announced_at < known_at)
    ]
    expected = not max(told)[2] if told else NL.counts(asked)
    assert acme.counts(asked, known_at) == expected
    same = Company("acme", NL, closed=tuple(reversed(closed)), extra=tuple(reversed(extra)))
    assert same == acme
    assert hash(same) == hash(acme)


def test_a_company_says_what_it_is_in_the_words_of_the_file() -> None:
    hours = Hours.of({"monday-friday": ["13:30-17:30", "09:00-12:30"], "saturday": ["22:00-06:00"]})
    acme = Company(
        "acme",
        NL,
        weekend=(6, 5),
        closed=(
            on("2026-12-24"),
            Notice(date(2026, 7, 27), date(2026, 8, 7), reason="works holiday"),
            on("2012-10-29", announced_at=SUNDAY_EVENING, reason="Hurricane Sandy"),
        ),
        extra=(on("2026-11-21"),),
        hours=hours,
    )

    assert acme.definition == {
        "name": "acme",
        "base": "NL",
        "weekend": ["saturday", "sunday"],
        "closed": [
            {"on": "2012-10-29", "announced_at": "2012-10-29T02:00:00+00:00", "reason": "Hurricane Sandy"},
            {"from": "2026-07-27", "to": "2026-08-07", "reason": "works holiday"},
            "2026-12-24",
        ],
        "open": ["2026-11-21"],
        "hours": {"monday-friday": ["09:00-12:30", "13:30-17:30"], "saturday": ["22:00-06:00"]},
    }
    assert Company("plain").definition == {"name": "plain"}
    with pytest.raises(CalendarError, match="ends before it begins"):
        Company("acme", closed=(Notice(date(2026, 2, 1), date(2026, 1, 1)),))


def test_hours_hold_on_their_weekday_unless_it_is_a_holiday_or_closed() -> None:
    hours = Hours.of({"friday": ["09:00-17:00"], "saturday": ["10:00-16:00"]})
    shop = Company("shop", NL, closed=(on("2026-11-20"), on("2026-11-28")), extra=(on("2026-12-25"),), hours=hours)

    def is_open(day: str) -> bool:
        return bool(shop.spans(date.fromisoformat(day)))

    assert [is_open(day) for day in ("2026-11-20", "2026-11-26", "2026-11-27")] == [False, False, True]
    assert [is_open(day) for day in ("2026-11-21", "2026-11-28")] == [True, False]  # Saturdays, in the weekend
    assert [is_open(day) for day in ("2026-12-25", "2026-12-26")] == [True, False]  # worked; a holiday on a Saturday
    assert shop.spans(date(2026, 11, 27)) == (OpenSpan(9 * HOUR, 17 * HOUR),)
    assert Company("none").spans(date(2026, 11, 27)) == ()


def test_hours_are_read_as_they_are_written() -> None:
    assert span_of("22:00-06:00") == OpenSpan(22 * HOUR, 30 * HOUR)
    assert span_of("00:00-24:00") == span_of("00:00-00:00") == OpenSpan(0, DAY)
    assert weekdays_of("friday-monday") == (4, 5, 6, 0)
    night = Hours.of({"monday-sunday": ["22:00-06:00", "06:00-14:00"]})  # shifts that touch
    assert Hours.of(night.definition) == night


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"monday": ["9:00-12:00"]}, "'9:00-12:00' is no span of hours; write 09:00-12:30"),
        ({"monday": ["09:00-25:00"]}, "no span of hours"),
        ({"mon": ["09:00-12:00"]}, "'mon' is no weekday; write monday, or monday-friday"),
        ({"monday": ["09:00-12:00", "11:00-13:00"]}, "monday 09:00-12:00 overlaps monday 11:00-13:00"),
        ({"sunday": ["22:00-06:00"], "monday": ["05:00-09:00"]}, "sunday 22:00-06:00 overlaps monday 05:00-09:00"),
        ({"monday-friday": ["09:00-12:00"], "tuesday": ["10:00-11:00"]}, "tuesday has hours already"),
    ],
)
def test_hours_that_cannot_be_kept_are_refused(written: dict[str, list[str]], said: str) -> None:
    with pytest.raises(CalendarError, match=said):
        Hours.of(written)
