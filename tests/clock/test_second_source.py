"""Business days and sessions against a second source, each day of 2000 to 2026.

Three sources made apart: `holidays` (our countries), `exchange_calendars` (our markets), and QuantLib. Where two differ
there is a row below that says why; a difference without a row fails, and so does a row that no longer explains one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest
import QuantLib
from dateutil.easter import easter

from passage_clock.calendars import national
from passage_clock.calendars.market import Market

YEARS = range(2000, 2027)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


class Difference(NamedTuple):
    """On these days `other` rests or works, and `ours` does not.

    `days`: 12-24 (of every year, or of `years`), easter-2, `friday 06-19..06-25`, or dates, with commas between.
    """

    ours: str
    other: str
    other_one: str
    days: str
    why: str
    years: range = YEARS


BANKS = "a holiday of the banks by custom, none by law"
NEW_YEARS_EVE = "the exchange has no session on New Year's Eve, the second source has no such closure"

DIFFERENCES = [
    # Countries, and QuantLib's settlement calendars.
    Difference("US", "QuantLib", "works", "2021-06-18", "Juneteenth became law the day before; settlement went on"),
    Difference("DE/HE", "QuantLib", "rests", "12-24", BANKS),
    Difference("DE/HE", "QuantLib", "works", "2017-10-31", "500 years of Reformation, once"),
    Difference("NO", "QuantLib", "rests", "12-24", BANKS, range(2002, 2027)),
    Difference("SE", "QuantLib", "rests", "12-24, 12-31, friday 06-19..06-25", BANKS + "; Midsummer Eve is a Friday"),
    Difference("DK", "QuantLib", "rests", "12-24, 12-31, 06-05", BANKS + "; 5 June is Constitution Day"),
    Difference("DK", "QuantLib", "rests", "easter+40", "the banks' day after Ascension", range(2009, 2027)),
    Difference("JP", "QuantLib", "rests", "12-31, 01-02, 01-03", "the banks' New Year, by the Banking Act"),
    Difference("JP", "QuantLib", "rests", "2003-05-06", "QuantLib applies the substitutes of 2007 to 2003"),
    Difference("CH/ZH", "QuantLib", "rests", "01-02", "Berchtold's Day, which binds no employer in Zurich"),
    Difference("IT", "QuantLib", "rests", "2000-06-02", "Republic Day came back by a law of November 2000"),
    Difference("IT", "QuantLib", "works", "2011-03-17", "150 years of unity, once"),
    Difference("PL", "QuantLib", "works", "12-24", "a holiday since 2025; not yet in QuantLib", range(2025, 2027)),
    Difference("PL", "QuantLib", "works", "2018-11-12", "100 years of independence, once"),
    Difference("CZ", "QuantLib", "rests", "2004-01-02, 2004-12-31", "QuantLib's is Prague's exchange, shut those days"),
    Difference("SK", "QuantLib", "works", "2018-10-30", "100 years since the Martin declaration, once"),
    Difference("SK", "QuantLib", "rests", "2000-11-17", "a holiday since 2001"),
    Difference("SK", "QuantLib", "rests", "09-01, 11-17", "worked since the budget laws of 2024", range(2025, 2027)),
    Difference("SK", "QuantLib", "rests", "2026-05-08, 2026-09-15", "worked in 2026, by the budget law"),
    Difference(
        "SK", "QuantLib", "rests", "12-27, 12-28, 12-29, 12-30", "Bratislava's exchange shut early", range(2004, 2006)
    ),
    Difference("SK", "QuantLib", "rests", "2004-12-31", "Bratislava's exchange shut early"),
    Difference("ZA", "QuantLib", "works", "2000-01-03", "declared for the change of the computers' century"),
    Difference("ZA", "QuantLib", "works", "2006-03-01, 2011-05-18", "municipal elections, declared once"),
    Difference("ZA", "QuantLib", "works", "2014-05-07, 2019-05-08", "national elections, declared once"),
    Difference("ZA", "QuantLib", "works", "2008-05-02", "declared, as Ascension and Workers' Day fell together"),
    Difference("ZA", "QuantLib", "works", "2011-12-27, 2016-12-27", "declared, as Christmas fell on a Sunday"),
    Difference("NZ", "QuantLib", "rests", "monday 01-19..01-25", "Wellington's anniversary: QuantLib's is Wellington"),
    # Countries, and their exchanges.
    Difference("FI", "XHEL", "rests", "12-31", "a closure of the exchange alone"),
    Difference("IS", "XICE", "rests", "12-24, 12-31", "a closure of the exchange; a half holiday by law"),
    Difference("NO", "XOSL", "rests", "12-24, 12-31", "a closure of the exchange alone"),
    Difference("SE", "XSTO", "rests", "12-24, 12-31, friday 06-19..06-25", BANKS),
    Difference("JP", "XTKS", "rests", "12-31, 01-02, 01-03", "the exchange's New Year"),
    Difference("JP", "XTKS", "rests", "2020-10-01", "a failure of the exchange's machines, all day"),
    Difference("US", "XNYS", "rests", "easter-2", "Good Friday is no federal holiday"),
    Difference("US", "XNYS", "works", "monday 10-08..10-14, 11-11", "the exchange trades on Columbus and Veterans Day"),
    Difference("US", "XNYS", "works", "2000-11-10, 2006-11-10, 2017-11-10, 2023-11-10", "Veterans Day was a Saturday"),
    Difference("US", "XNYS", "works", "2001-11-12, 2007-11-12, 2012-11-12, 2018-11-12", "Veterans Day was a Sunday"),
    Difference(
        "US", "XNYS", "works", "2004-12-31, 2010-12-31, 2021-12-31", "it takes no Friday for a Saturday's New Year"
    ),
    Difference("US", "XNYS", "works", "2021-06-18", "Juneteenth became law the day before"),
    Difference(
        "US", "XNYS", "rests", "2001-09-11, 2001-09-12, 2001-09-13, 2001-09-14", "attack on the World Trade Center"
    ),
    Difference("US", "XNYS", "rests", "2004-06-11, 2007-01-02, 2018-12-05, 2025-01-09", "mourning for a president"),
    Difference("US", "XNYS", "rests", "2012-10-29, 2012-10-30", "Hurricane Sandy"),
    # Exchanges, and QuantLib's.
    Difference("XETR", "QuantLib", "works", "12-31", NEW_YEARS_EVE),
    Difference("XETR", "QuantLib", "works", "easter+50", "it rested on Whit Monday in these years", range(2015, 2022)),
    Difference(
        "XETR", "QuantLib", "works", "2007-05-28, 2017-10-31", "Whit Monday, and 500 years of Reformation, once"
    ),
    Difference("XETR", "QuantLib", "works", "10-03", "it rested on Unity Day in these years", range(2014, 2022)),
    Difference("XTKS", "QuantLib", "works", "2020-10-01", "a failure of the exchange's machines, all day"),
    Difference("XTKS", "QuantLib", "rests", "2003-05-06", "QuantLib applies the substitutes of 2007 to 2003"),
    Difference("XTSE", "QuantLib", "works", "2001-09-11, 2001-09-12", "attack on the World Trade Center"),
    Difference("XSWX", "QuantLib", "works", "12-24, 12-31", "QuantLib's is Swiss banks', open on the eves"),
    Difference("XHEL", "QuantLib", "works", "12-31", NEW_YEARS_EVE),
    Difference("XICE", "QuantLib", "works", "12-24, 12-31", "QuantLib's has no eves, the exchange no session on them"),
    Difference("XOSL", "QuantLib", "works", "12-31, 2001-12-24", NEW_YEARS_EVE + "; nor Christmas Eve before 2002"),
    Difference("BVMF", "QuantLib", "rests", "2020-07-09, 2020-11-20", "moved to May by the city, in the pandemic"),
    Difference("BVMF", "QuantLib", "works", "2006-11-20", "Black Awareness Day; in QuantLib from 2007"),
    Difference("BVMF", "QuantLib", "works", "2014-06-12", "the world cup began in Sao Paulo"),
    Difference(
        "XAMS", "QuantLib", "works", "2000-06-12, 2001-06-04, 2000-06-01, 2001-04-30", "Dutch holidays until 2002"
    ),
    Difference("XASX", "QuantLib", "works", "2010-04-26, 2011-04-26", "Anzac Day on a Sunday, and on Easter Monday"),
]

ALIKE = (
    *(("GB/ENG", "QuantLib"), ("FI", "QuantLib"), ("AT", "QuantLib"), ("IS", "QuantLib"), ("GB/ENG", "XLON")),
    *((code, "QuantLib") for code in ("XNYS", "XLON", "XMIL", "XCSE", "XSTO")),
)
"""Pairs that agree on every day of 27 years."""

_UK, _US, _DE = QuantLib.UnitedKingdom, QuantLib.UnitedStates, QuantLib.Germany

QUANTLIB: dict[str, Callable[[], Any]] = {
    "GB/ENG": lambda: _UK(_UK.Settlement),
    "US": lambda: _US(_US.Settlement),
    "DE/HE": lambda: _DE(_DE.Settlement),
    "PL": lambda: QuantLib.Poland(QuantLib.Poland.Settlement),
    "NO": QuantLib.Norway,
    "SE": QuantLib.Sweden,
    "DK": QuantLib.Denmark,
    "FI": QuantLib.Finland,
    "IS": QuantLib.Iceland,
    "JP": QuantLib.Japan,
    "CH/ZH": QuantLib.Switzerland,
    "AT": QuantLib.Austria,
    "IT": QuantLib.Italy,
    "CZ": QuantLib.CzechRepublic,
    "SK": QuantLib.Slovakia,
    "ZA": QuantLib.SouthAfrica,
    "NZ": QuantLib.NewZealand,
    "XNYS": lambda: _US(_US.NYSE),
    "XLON": lambda: _UK(_UK.Exchange),
    "XETR": lambda: _DE(_DE.Xetra),
    "XTSE": lambda: QuantLib.Canada(QuantLib.Canada.TSX),
    "XMIL": lambda: QuantLib.Italy(QuantLib.Italy.Exchange),
    "XASX": lambda: QuantLib.Australia(QuantLib.Australia.ASX),
    "BVMF": lambda: QuantLib.Brazil(QuantLib.Brazil.Exchange),
    "XAMS": QuantLib.TARGET,
    "XTKS": QuantLib.Japan,
    "XSWX": QuantLib.Switzerland,
    "XCSE": QuantLib.Denmark,
    "XHEL": QuantLib.Finland,
    "XSTO": QuantLib.Sweden,
    "XOSL": QuantLib.Norway,
    "XICE": QuantLib.Iceland,
}

PAIRS = sorted({*ALIKE, *((row.ours, row.other) for row in DIFFERENCES)})

DAYS = [
    date(YEARS.start, 1, 1) + timedelta(days=day) for day in range((date(YEARS.stop, 1, 1) - date(2000, 1, 1)).days)
]


@pytest.mark.parametrize(("ours", "other"), PAIRS)
def test_two_sources_differ_only_where_it_is_explained(ours: str, other: str) -> None:
    mine, theirs = working_days(ours), working_days(ours if other == "QuantLib" else other, other == "QuantLib")
    explained: set[date] = set()
    for row in (row for row in DIFFERENCES if (row.ours, row.other) == (ours, other)):
        differ = mine - theirs if row.other_one == "rests" else theirs - mine
        days = set(days_of(row))
        assert days & differ, f"{row} explains nothing any more"
        assert not days - differ & mine & theirs, f"{row} says too much"
        explained |= days & differ
    unexplained = sorted((mine ^ theirs) - explained)
    assert not unexplained, f"{ours} and {other}: on {unexplained[:9]} only one of them works"


def test_every_year_is_compared_on_both_sides() -> None:
    """A source that knew nothing would agree with another that knows nothing."""
    for ours, other in PAIRS:
        for days in (working_days(ours), working_days(ours if other == "QuantLib" else other, other == "QuantLib")):
            by_year = Counter(day.year for day in days)
            assert all(240 <= by_year[year] <= 262 for year in YEARS), (ours, other)


@cache
def working_days(code: str, by_quantlib: bool = False) -> frozenset[date]:
    """The days this country works or exchange trades, by us or by QuantLib."""
    if not by_quantlib:
        calendar = Market(code) if code.isalpha() and len(code) == 4 else national(code)
        return frozenset(day for day in DAYS if calendar.counts(day))
    source = QUANTLIB[code]()
    first, last = (QuantLib.Date(day.day, day.month, day.year) for day in (DAYS[0], DAYS[-1]))
    return frozenset(day.to_date() for day in source.businessDayList(first, last))


def days_of(row: Difference) -> Iterator[date]:
    for days in row.days.split(", "):
        if len(days) == 10:
            yield date.fromisoformat(days)
        for year in row.years if len(days) != 10 else ():
            yield from _days_in(days, year)


def _days_in(days: str, year: int) -> Iterator[date]:
    weekday, _, stretch = days.partition(" ")
    if stretch:
        first, last = (date.fromisoformat(f"{year}-{edge}") for edge in stretch.split(".."))
        run = (first + timedelta(days=more) for more in range((last - first).days + 1))
        yield from (day for day in run if day.weekday() == WEEKDAYS.index(weekday))
    elif days.startswith("easter"):
        yield easter(year) + timedelta(days=int(days.removeprefix("easter")))
    else:
        yield date.fromisoformat(f"{year}-{days}")
