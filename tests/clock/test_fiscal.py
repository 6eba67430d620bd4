"""Fiscal years against calendars that are published: India's, and the retailers' of 52 and 53 weeks."""

from datetime import date, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.errors import ScheduleError
from passage_clock.rules.fiscal import FISCAL_PERIODS, MONTHS, WEEKS, YEAR_ENDS, Fiscal
from passage_schemas.instant import datetime_of

NRF = "nearest saturday to january 31"
"""The National Retail Federation's 4-5-4 calendar: https://nrf.com/resources/4-5-4-calendar"""

# The NRF's own name of the year, its first Sunday and its last Saturday, as its calendars print them.
NRF_YEARS = [
    (2006, "2006-01-29", "2007-02-03"),
    (2007, "2007-02-04", "2008-02-02"),
    (2010, "2010-01-31", "2011-01-29"),
    (2011, "2011-01-30", "2012-01-28"),
    (2012, "2012-01-29", "2013-02-02"),
    (2013, "2013-02-03", "2014-02-01"),
    (2014, "2014-02-02", "2015-01-31"),
    (2015, "2015-02-01", "2016-01-30"),
    (2016, "2016-01-31", "2017-01-28"),
    (2017, "2017-01-29", "2018-02-03"),
    (2018, "2018-02-04", "2019-02-02"),
    (2019, "2019-02-03", "2020-02-01"),
    (2020, "2020-02-02", "2021-01-30"),
    (2021, "2021-01-31", "2022-01-29"),
    (2022, "2022-01-30", "2023-01-28"),
    (2023, "2023-01-29", "2024-02-03"),
    (2024, "2024-02-04", "2025-02-01"),
    (2025, "2025-02-02", "2026-01-31"),
]


def spans(rule: Fiscal, day: str, count: int) -> list[tuple[str, str, str]]:
    """(label, first day, last day) from the period that holds this day."""
    since = civil.instant_of_civil(date.fromisoformat(day), "UTC")
    found = (one for one in rule.occurrences(since) if one.ends_at > since)
    shown = [
        (one.period, datetime_of(one.starts_at).date(), datetime_of(one.ends_at).date() - timedelta(days=1))
        for one in islice(found, count)
    ]
    return [(label, first.isoformat(), last.isoformat()) for label, first, last in shown]


@pytest.mark.parametrize(("year", "first", "last"), NRF_YEARS)
def test_a_retail_year_is_the_one_the_retailers_print(year: int, first: str, last: str) -> None:
    rule = Fiscal("fiscal-year", "UTC", weeks="4-5-4", year_ends=NRF)

    assert spans(rule, first, 1) == [(f"FY{year + 1}", first, last)]


def test_the_retail_years_of_53_weeks_are_known() -> None:
    rule = Fiscal("fiscal-year", "UTC", weeks="4-5-4", year_ends=NRF)

    lengths = {
        label: (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
        for label, first, last in spans(rule, "2007-02-04", 18)
    }

    assert [label for label, days in lengths.items() if days == 53 * 7] == ["FY2013", "FY2018", "FY2024"]
    assert set(lengths.values()) == {52 * 7, 53 * 7}


def test_the_periods_of_retail_2023_are_those_printed_and_its_53rd_week_is_in_the_last() -> None:
    rule = Fiscal("fiscal-period", "UTC", weeks="4-5-4", year_ends=NRF)

    assert spans(rule, "2023-01-29", 13) == [
        ("FY2024-P01", "2023-01-29", "2023-02-25"),
        ("FY2024-P02", "2023-02-26", "2023-04-01"),
        ("FY2024-P03", "2023-04-02", "2023-04-29"),
        ("FY2024-P04", "2023-04-30", "2023-05-27"),
        ("FY2024-P05", "2023-05-28", "2023-07-01"),
        ("FY2024-P06", "2023-07-02", "2023-07-29"),
        ("FY2024-P07", "2023-07-30", "2023-08-26"),
        ("FY2024-P08", "2023-08-27", "2023-09-30"),
        ("FY2024-P09", "2023-10-01", "2023-10-28"),
        ("FY2024-P10", "2023-10-29", "2023-11-25"),
        ("FY2024-P11", "2023-11-26", "2023-12-30"),
        ("FY2024-P12", "2023-12-31", "2024-02-03"),
        ("FY2025-P01", "2024-02-04", "2024-03-02"),
    ]


def test_the_quarters_of_weeks_are_thirteen_and_the_last_may_be_fourteen() -> None:
    rule = Fiscal("fiscal-quarter", "UTC", weeks="4-4-5", year_ends="last saturday of january")

    assert spans(rule, "2026-02-01", 5) == [
        ("FY2027-Q1", "2026-02-01", "2026-05-02"),
        ("FY2027-Q2", "2026-05-03", "2026-08-01"),
        ("FY2027-Q3", "2026-08-02", "2026-10-31"),
        ("FY2027-Q4", "2026-11-01", "2027-01-30"),
        ("FY2028-Q1", "2027-01-31", "2027-05-01"),
    ]
    # 2032-01-31 is a Saturday, five years and a leap day later: 53 weeks.
    assert spans(rule, "2032-01-31", 1) == [("FY2032-Q4", "2031-10-26", "2032-01-31")]


def test_a_year_of_weeks_that_runs_into_the_next_is_named_by_the_month_it_belongs_to() -> None:
    rule = Fiscal("fiscal-year", "UTC", weeks="4-4-5", year_ends="nearest saturday to december 31")

    assert spans(rule, "2020-06-01", 3) == [
        ("FY2020", "2019-12-29", "2021-01-02"),
        ("FY2021", "2021-01-03", "2022-01-01"),
        ("FY2022", "2022-01-02", "2022-12-31"),
    ]


def test_a_year_of_months_is_named_by_the_one_in_which_it_ends() -> None:
    quarters = Fiscal("fiscal-quarter", "UTC", year_starts="april")
    years = Fiscal("fiscal-year", "UTC", year_starts="october")

    assert spans(quarters, "2026-03-31", 5) == [
        ("FY2026-Q4", "2026-01-01", "2026-03-31"),
        ("FY2027-Q1", "2026-04-01", "2026-06-30"),
        ("FY2027-Q2", "2026-07-01", "2026-09-30"),
        ("FY2027-Q3", "2026-10-01", "2026-12-31"),
        ("FY2027-Q4", "2027-01-01", "2027-03-31"),
    ]
    assert spans(years, "2026-09-30", 2) == [
        ("FY2026", "2025-10-01", "2026-09-30"),
        ("FY2027", "2026-10-01", "2027-09-30"),
    ]


def test_a_fiscal_year_from_january_is_the_calendars_own() -> None:
    assert spans(Fiscal("fiscal-year", "UTC", year_starts="january"), "2026-07-01", 1) == [
        ("FY2026", "2026-01-01", "2026-12-31")
    ]
    assert spans(Fiscal("fiscal-quarter", "UTC", year_starts="january"), "2026-11-20", 1) == [
        ("FY2026-Q4", "2026-10-01", "2026-12-31")
    ]


fiscal_rules = st.builds(
    Fiscal,
    period=st.sampled_from(FISCAL_PERIODS),
    zone=st.just("UTC"),
    weeks=st.sampled_from(WEEKS),
    year_ends=st.sampled_from(sorted(YEAR_ENDS)),
) | st.builds(
    Fiscal,
    period=st.sampled_from(["fiscal-quarter", "fiscal-year"]),
    zone=st.just("UTC"),
    year_starts=st.sampled_from(MONTHS),
)  # fmt: skip


@given(rule=fiscal_rules, year=st.integers(1972, 2150))
@settings(max_examples=100)
def test_fiscal_periods_fill_their_years_and_quarters(rule: Fiscal, year: int) -> None:
    since = civil.instant_of_civil(date(year, 7, 1), "UTC")
    found = list(islice(rule.occurrences(since), 60))
    whole = Fiscal("fiscal-year", "UTC", rule.year_starts, rule.weeks, rule.year_ends)
    last_years = {one.ends_at: one.period for one in islice(whole.occurrences(since), 70)}

    pieces = {"fiscal-period": 12, "fiscal-quarter": 4, "fiscal-year": 1}[rule.period]
    ends = [number for number, one in enumerate(found) if one.ends_at in last_years]
    assert ends == list(range(ends[0], len(found), pieces))
    assert all(found[number].period[:6] == last_years[found[number].ends_at] for number in ends)
    assert len({one.period for one in found}) == len(found)


@given(rule=fiscal_rules)
@settings(max_examples=50)
def test_a_fiscal_definition_says_what_was_written_and_no_more(rule: Fiscal) -> None:
    written = dict(rule.definition)

    assert "" not in written.values()
    assert Fiscal(written.pop("every"), **written) == rule


@pytest.mark.parametrize(("period", "event"), [
    ("fiscal-period", "FiscalPeriodHasPassed"),
    ("fiscal-quarter", "FiscalQuarterHasPassed"),
    ("fiscal-year", "FiscalYearHasPassed"),
])  # fmt: skip
def test_a_fiscal_event_has_a_name_by_its_period(period: str, event: str) -> None:
    assert Fiscal(period, "UTC", weeks="4-4-5", year_ends=NRF).event == event


@pytest.mark.parametrize(
    ("period", "written", "refusal"),
    [
        ("fiscal-quater", {"year_starts": "april"}, "every: 'fiscal-quater' won't do; did you mean 'fiscal-quarter'?"),
        ("fiscal-year", {}, "year_starts: is missing; write e.g. january"),
        ("fiscal-year", {"year_starts": "Arpil"}, "year_starts: 'Arpil' won't do; did you mean 'april'?"),
        ("fiscal-period", {"year_starts": "april"}, "weeks: is missing; write 4-4-5, 4-5-4 or 5-4-4, or every: month"),
        ("fiscal-period", {"weeks": "4-4-6", "year_ends": NRF}, "weeks: '4-4-6' won't do; did you mean '4-4-5'?"),
        ("fiscal-period", {"weeks": "4-4-5"}, "year_ends: is missing; write e.g. last monday of january"),
        ("fiscal-year", {"year_ends": NRF}, "weeks: is missing; write e.g. 4-4-5"),
        ("fiscal-year", {"year_starts": "april", "weeks": "4-4-5"}, "year_starts: is for years of months"),
        (
            "fiscal-year",
            {"weeks": "4-4-5", "year_ends": "last saturday in january"},
            "year_ends: 'last saturday in january' won't do; did you mean 'last saturday of january'?",
        ),
        (
            "fiscal-year",
            {"weeks": "4-4-5", "year_ends": "nearest saturday to january 30"},
            "year_ends: 'nearest saturday to january 30' won't do; did you mean 'nearest saturday to january 31'?",
        ),
    ],
)
def test_a_fiscal_year_that_is_none_is_answered_with_the_nearest(
    period: str, written: dict[str, str], refusal: str
) -> None:
    with pytest.raises(ScheduleError) as refused:
        Fiscal(period, "UTC", **written)

    assert str(refused.value).startswith(refusal)
