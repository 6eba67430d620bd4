"""A country's business days, by its public holidays and its weekend.

Data comes from the `holidays` package, whose version is part of every label: a published tick says by which list it
was decided. Refuses to guess beyond the years that list knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.metadata import version
from typing import NamedTuple

import holidays

from passage_clock.calendars.announced import Notice
from passage_clock.errors import CalendarError
from passage_schemas.given.did_you_mean import nearest
from passage_schemas.instant import Instant

ENGLISH = "en_US"


@cache
def holidays_version() -> str:
    """The release of the holiday lists at hand: 0.108."""
    return version("holidays")


@cache
def country_codes() -> dict[str, list[str]]:
    """Every country there is a list for, ISO 3166-1 alpha-2, and its subdivisions."""
    return holidays.list_supported_countries(include_aliases=False)


@dataclass(frozen=True, slots=True)
class National:
    """The business days of a country, or of one of its subdivisions. Raises CalendarError for one that is unknown."""

    country: str
    subdivision: str | None = None

    def __post_init__(self) -> None:
        known = country_codes()
        if self.country not in known:
            raise CalendarError(_unknown(self.country, "country", _country_spellings()))
        if self.subdivision is not None and self.subdivision not in known[self.country]:
            raise CalendarError(
                _unknown(self.subdivision, f"subdivision of {self.country}", _subdivision_spellings(self.country))
            )

    @property
    def code(self) -> str:
        """As it is written in the configuration: NL, DE/BY."""
        return self.country if self.subdivision is None else f"{self.country}/{self.subdivision}"

    @property
    def label(self) -> str:
        """What a tick says about it: the code, and the version of the list."""
        return f"{self.code}, holidays {holidays_version()}"

    @property
    def first_year(self) -> int:
        return _years(self.country)[0]

    @property
    def last_year(self) -> int:
        """The horizon: the last year the list knows. What lies behind it must not be guessed."""
        return _years(self.country)[1]

    @property
    def definition(self) -> str:
        return self.code

    @property
    def closures(self) -> tuple[Notice, ...]:
        """None: the lists do not say when a holiday was announced."""
        return ()

    @property
    def announced_until(self) -> None:
        return None

    def as_of(self, instant: Instant) -> "National":
        del instant
        return self

    def seen_on(self, day: date, known_at: Instant) -> "National":
        del day, known_at
        return self

    def counts(self, day: date, known_at: Instant | None = None) -> bool:
        """Whether this is a business day. Raises CalendarError outside the years the list knows."""
        del known_at
        return day.toordinal() in _year(self.country, self.subdivision, day.year).workdays

    def is_weekend(self, day: date) -> bool:
        return day.toordinal() in _year(self.country, self.subdivision, day.year).weekend

    def is_holiday(self, day: date) -> bool:
        return day.toordinal() in _year(self.country, self.subdivision, day.year).holidays

    def why_closed(self, day: date) -> str | None:
        if self.counts(day):
            return None
        otherwise = "weekend" if self.is_weekend(day) else "closed"
        return _names(self.country, self.subdivision, day.year).get(day, otherwise)


class _Year(NamedTuple):
    """The days of a year by what they are, as day numbers. A holiday may lie in the weekend, and so may a workday."""

    workdays: frozenset[int]
    weekend: frozenset[int]
    holidays: frozenset[int]


@cache
def _years(country: str) -> tuple[int, int]:
    table = holidays.country_holidays(country)
    return table.start_year, table.end_year


@lru_cache(maxsize=1024)
def _year(country: str, subdivision: str | None, year: int) -> _Year:
    first_year, last_year = _years(country)
    if not first_year <= year <= last_year:
        raise CalendarError(
            f"holidays {holidays_version()} knows {country} from {first_year} to {last_year}, not {year}"
        )
    table = holidays.country_holidays(country, subdiv=subdivision, years=year)
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    days = [date.fromordinal(day) for day in range(first, last + 1)]
    return _Year(
        frozenset(day.toordinal() for day in days if table.is_working_day(day)),
        frozenset(day.toordinal() for day in days if table.is_weekend(day)),
        frozenset(day.toordinal() for day in days if day in table),
    )


@lru_cache(maxsize=64)
def _names(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    """What its holidays are called: in English where the list can say it, and never by the machine's own language, as
    the package would. Worked out apart: only who shows a calendar to people asks."""
    known = holidays.country_holidays(country)
    language = ENGLISH if ENGLISH in known.supported_languages else known.default_language
    table = holidays.country_holidays(country, subdiv=subdivision, years=year, language=language)
    return {day: table[day] for day in table}


def national(code: str) -> National:
    """`NL` or `DE/BY`. Raises CalendarError."""
    country, slash, subdivision = code.partition("/")
    return National(country, subdivision if slash else None)


def _country_spellings() -> dict[str, str]:
    """Codes and names, lower case, to the code: people write `Netherlands`, `nl` and `NLD`."""
    spellings = {code.lower(): code for code in country_codes()}
    for names in holidays.registry.COUNTRIES.values():
        class_name, code = names[0], names[1]
        if code in country_codes():
            spellings |= {name.lower(): code for name in (class_name, *names[1:])}
    return spellings


def _subdivision_spellings(country: str) -> dict[str, str]:
    spellings = {code.lower(): code for code in country_codes()[country]}
    for code, aliases in holidays.country_holidays(country).get_subdivision_aliases().items():
        spellings |= {alias.lower(): code for alias in aliases}
    return spellings


def _unknown(seen: str, kind: str, spellings: dict[str, str]) -> str:
    said = f"{seen!r} is not a {kind} that holidays {holidays_version()} knows"
    near = nearest(seen.lower(), spellings, 0.5)
    if near is not None:
        return f"{said}; did you mean {spellings[near]!r}?"
    valid = sorted(set(spellings.values()))
    if not valid:
        return f"{said}; it has none, so write the country alone"
    few = ", ".join(valid[:8]) + (" ..." if len(valid) > 8 else "")
    return f"{said}; it knows {few}"
