"""Calendars: which days count, by the holidays and the weekend of a country."""

from datetime import date

import pytest

from passage_clock.calendars import holidays_version, national
from passage_clock.errors import CalendarError


@pytest.mark.parametrize(
    ("code", "day", "counts"),
    [
        ("NL", "2026-04-27", False),  # King's Day, a Monday
        ("NL", "2026-04-28", True),
        ("NL", "2026-04-25", False),  # a Saturday
        ("DE", "2026-01-06", True),
        ("DE/BY", "2026-01-06", False),  # Epiphany, in Bavaria only
        ("IL", "2026-06-05", False),  # a Friday: the weekend is Friday and Saturday
        ("IL", "2026-06-07", True),  # a Sunday
        ("SA", "2012-06-07", False),  # a Thursday, when the Saudi weekend began with it
        ("SA", "2026-06-04", True),  # a Thursday, now that it is Friday and Saturday
        ("CN", "2025-01-26", True),  # a Sunday that was worked to make the spring festival longer
        ("US", "2021-12-31", False),  # New Year's Day 2022 was a Saturday, observed the Friday before
    ],
)
def test_a_country_decides_which_days_count(code: str, day: str, counts: bool) -> None:
    assert national(code).counts(date.fromisoformat(day)) is counts


def test_a_holiday_may_lie_in_the_weekend_and_so_may_a_workday() -> None:
    second_christmas_day, saturday, spring_sunday = date(2026, 12, 26), date(2026, 12, 19), date(2025, 1, 26)

    assert national("NL").is_weekend(second_christmas_day)
    assert national("NL").is_holiday(second_christmas_day)
    assert not national("NL").is_holiday(saturday)
    assert national("CN").is_weekend(spring_sunday)
    assert national("CN").counts(spring_sunday)
    assert national("NL").closures == ()


@pytest.mark.parametrize(
    ("code", "day", "why"),
    [
        ("NL", "2026-12-25", "Christmas Day"),
        ("NL", "2026-12-26", "Second Day of Christmas"),  # a Saturday
        ("NL", "2026-12-27", "weekend"),
        ("NL", "2026-12-28", None),
        ("DE/BY", "2026-01-06", "Epiphany"),
        ("DE", "2026-01-06", None),
        ("CN", "2025-01-26", None),
    ],
)
def test_a_closed_day_says_why(code: str, day: str, why: str | None) -> None:
    assert national(code).why_closed(date.fromisoformat(day)) == why


def test_why_does_not_hang_on_the_machines_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    assert national("BE").why_closed(date(2026, 12, 25)) == "Christmas Day"


def test_a_calendar_says_by_which_list_it_decided() -> None:
    assert national("NL").label == f"NL, holidays {holidays_version()}"
    assert national("DE/BY").label == f"DE/BY, holidays {holidays_version()}"


def test_it_refuses_to_guess_beyond_the_years_it_knows() -> None:
    calendar = national("NL")

    with pytest.raises(CalendarError, match=f"from {calendar.first_year} to {calendar.last_year}, not 2101"):
        calendar.counts(date(2101, 3, 1))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nl", "did you mean 'NL'"),
        ("Netherlands", "did you mean 'NL'"),
        ("NLD", "did you mean 'NL'"),
        ("DE/Bayern", "did you mean 'BY'"),
        ("DE/by", "did you mean 'BY'"),
        ("DE/", "it knows Augsburg, BB"),
        ("VA/Rome", "write the country alone"),
        ("", "it knows AD, AE"),
        ("%%", "it knows AD, AE"),
    ],
)
def test_an_unknown_calendar_is_answered_with_the_nearest(code: str, said: str) -> None:
    with pytest.raises(CalendarError, match=said):
        national(code)
