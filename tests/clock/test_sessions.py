"""A market's sessions: when Nasdaq opens and closes, on short days, holidays, and days that were called off."""

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.calendars import Company
from passage_clock.calendars.market import Market
from passage_clock.errors import CalendarError, ScheduleError
from passage_clock.rules.composed import AnyOf
from passage_clock.rules.days import OnDays
from passage_clock.rules.dayset import DaySet, DaysOf
from passage_clock.rules.sessions import EDGES, SessionEdge, Sessions
from passage_schemas.instant import Instant
from tests.clock.rules_alike import after, assert_alike_from_anywhere, at, clock, labels

NASDAQ = Market("NASDAQ")
NYSE = Market("XNYS")

DAY_OF_NASDAQ = AnyOf(tuple(Sessions(edge, NASDAQ) for edge in ("pre-market", "open", "close", "after-hours")))


def times_on(day: str) -> list[str]:
    """When Nasdaq does anything on this day in New York: 04:00, 09:30 ..."""
    found = clock(DAY_OF_NASDAQ, f"{day}T00:00-05:00", 5)
    return [time[11:16] for time in found if time.startswith(day)]


def test_nasdaq_at_four_half_past_nine_four_and_eight() -> None:
    assert times_on("2026-11-24") == ["04:00", "09:30", "16:00", "20:00"]
    assert times_on("2026-07-02") == ["04:00", "09:30", "16:00", "20:00"]


@pytest.mark.parametrize("day", ["2026-11-26", "2026-12-25", "2026-07-03", "2026-11-21", "2026-11-22", "2026-06-19"])
def test_it_is_silent_on_holidays_and_weekends(day: str) -> None:
    assert times_on(day) == []


@pytest.mark.parametrize("day", ["2026-11-27", "2026-12-24", "2024-07-03"])
def test_on_a_short_day_it_closes_at_one_and_the_after_hours_end_at_five(day: str) -> None:
    assert times_on(day) == ["04:00", "09:30", "13:00", "17:00"]


def test_what_each_edge_is_called() -> None:
    assert [Sessions(edge, Market("XTKS")).event for edge in ("open", "break-start", "break-end", "close")] == [
        *("MarketHasOpened", "MarketBreakHasBegun", "MarketBreakHasEnded", "MarketHasClosed"),
    ]
    assert [Sessions(edge, NASDAQ).event for edge in ("pre-market", "after-hours")] == [
        *("PreMarketHasOpened", "AfterHoursHaveEnded"),
    ]


def test_tokyo_breaks_for_lunch_and_closes_later_since_november_2024() -> None:
    tokyo = Market("XTKS")
    found = [clock(Sessions(edge, tokyo), "2026-11-24T00:00+09:00", 1)[0][11:16] for edge in EDGES[1:5]]
    assert found == ["09:00", "11:30", "12:30", "15:30"]
    assert clock(Sessions("close", tokyo), "2024-11-01T00:00+09:00", 2)[-1] == "2024-11-05 15:30 +0900"
    assert clock(Sessions("close", tokyo), "2024-11-01T00:00+09:00", 1) == ["2024-11-01 15:00 +0900"]


def test_a_session_is_labelled_by_the_exchanges_own_date() -> None:
    chicago = Sessions("open", Market("CMES"))
    sunday = after(chicago, at("2026-11-22T12:00Z"), 1)[0]
    assert sunday.period == "2026-11-23"
    assert sunday.ends_at == at("2026-11-22T17:00-06:00")


def test_a_tick_says_which_exchange_and_which_release_decided() -> None:
    assert Sessions("open", NASDAQ).data.startswith("XNAS, exchange_calendars 4.")
    assert "; pandas_market_calendars 5." in Sessions("pre-market", NASDAQ).data
    assert Market("NYSE").label.startswith("XNYS, exchange_calendars")


def test_it_is_read_in_the_markets_zone_unless_told_otherwise() -> None:
    assert Sessions("open", NASDAQ).definition == {"session": "open", "market": "NASDAQ"}
    assert Sessions("open", NASDAQ, "America/New_York") == Sessions("open", NASDAQ)
    amsterdam = Sessions("open", NASDAQ, "Europe/Amsterdam")
    assert amsterdam.definition == {"session": "open", "market": "NASDAQ", "zone": "Europe/Amsterdam"}
    assert clock(amsterdam, "2026-11-24", 1) == ["2026-11-24 15:30 +0100"]


def test_hurricane_sandy_closed_new_york_and_the_evening_before_nobody_knew() -> None:
    opens = Sessions("open", NYSE)
    assert labels(opens, "2012-10-26T00:00-04:00", 2) == ["2012-10-26", "2012-10-31"]
    as_planned = opens.as_of(at("2012-10-28T12:00Z"))
    assert labels(as_planned, "2012-10-26T00:00-04:00", 4) == ["2012-10-26", "2012-10-29", "2012-10-30", "2012-10-31"]
    on_monday_noon = opens.as_of(at("2012-10-29T12:00Z"))  # Tuesday was called off that afternoon
    assert labels(on_monday_noon, "2012-10-26T00:00-04:00", 3) == ["2012-10-26", "2012-10-30", "2012-10-31"]


def test_a_closure_told_of_after_the_pre_market_began_does_not_take_that_back() -> None:
    september = "2001-09-11T00:00-04:00"
    assert labels(Sessions("pre-market", NYSE), september, 2) == ["2001-09-11", "2001-09-17"]
    assert labels(Sessions("open", NYSE), september, 1) == ["2001-09-17"]


@pytest.mark.parametrize(
    ("day", "before", "behind"),
    [
        ("2004-06-11", "2004-06-06", "2004-06-08"),
        ("2007-01-02", "2006-12-27", "2006-12-29"),
        ("2018-12-05", "2018-12-01", "2018-12-02"),
        ("2025-01-09", "2024-12-30", "2024-12-31"),
    ],
)
def test_days_of_mourning_were_planned_until_they_were_announced(day: str, before: str, behind: str) -> None:
    mourning = date.fromisoformat(day)
    assert not NYSE.counts(mourning)
    assert NYSE.counts(mourning, known_at=at(before))
    assert NYSE.as_of(at(before)).counts(mourning)
    assert not NYSE.as_of(at(behind)).counts(mourning)
    assert NYSE.as_of(at(before)).as_of(at(behind)) == NYSE.as_of(at(before))  # what was forgotten stays so


def test_a_market_is_a_calendar_to_build_on() -> None:
    acme = Company("acme", base=NYSE)
    ends = OnDays(DaySet(DaysOf("workdays", acme)), "America/New_York")
    assert labels(ends, "2012-10-26T00:00-04:00", 2) == ["2012-10-26", "2012-10-31"]
    as_planned = ends.as_of(at("2012-10-28T12:00Z"))
    assert labels(as_planned, "2012-10-26T00:00-04:00", 2) == ["2012-10-26", "2012-10-29"]


def test_it_never_guesses() -> None:
    opens = Sessions("open", NASDAQ)
    last = list(opens.occurrences(Instant(opens.known_until - 30 * civil.DAY)))[-1]
    assert last.period == f"{NASDAQ.last_year}-12-31"
    with pytest.raises(CalendarError, match=f"XNAS.* knows 1990 to {NASDAQ.last_year}, not {NASDAQ.last_year + 1}"):
        NASDAQ.counts(date(NASDAQ.last_year + 1, 1, 4))
    assert Market("XSHG").last_year < NASDAQ.last_year  # the State Council decrees each year's holidays late
    assert Market("XIDX").last_year == 2025


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("NYES", "'NYES' is not a market that exchange_calendars .* knows; did you mean 'XNYS'"),
        ("nasdaq", "did you mean 'NASDAQ'"),
        ("Amsterdam", "is not a market"),
    ],
)
def test_an_unknown_market_is_refused_with_the_nearest(code: str, complaint: str) -> None:
    with pytest.raises(CalendarError, match=complaint):
        Market(code)


def test_edges_a_market_has_not_are_refused() -> None:
    with pytest.raises(ScheduleError, match="session: NASDAQ has no break-start; take open or close"):
        Sessions("break-start", NASDAQ)
    with pytest.raises(CalendarError, match="nothing is known of a pre-market or after-hours at XLON, only at XNYS"):
        Sessions("pre-market", Market("LSE"))
    with pytest.raises(ScheduleError, match="session: 'lunch' is none; write one of pre-market, open"):
        Sessions("lunch", NASDAQ)  # type: ignore[arg-type]


def test_a_clock_without_markets_imports_no_pandas() -> None:
    script = "import sys, passage_clock.rules.sessions; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0


@settings(max_examples=40)
@given(
    st.sampled_from(["NASDAQ", "XTKS", "CMES", "XLON", "24/7"]),
    st.sampled_from(["open", "close"]),
    st.integers(2000, 2026),
    st.data(),
)
def test_order_is_strict_and_the_same_from_anywhere(
    code: str, edge: SessionEdge, year: int, data: st.DataObject
) -> None:
    since, end = at(f"{year}-02-15"), at(f"{year}-12-01")
    looks = data.draw(st.lists(st.integers(since, end).map(Instant), min_size=2, max_size=5))
    assert len(assert_alike_from_anywhere(Sessions(edge, Market(code)), since, end, looks)) > 150
