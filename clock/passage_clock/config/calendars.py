"""The file's `calendars:`, and the codes that stand for others: NL, DE/BY, XNYS. Wherever one chooses days, it is named
alike; a definition from the log has a company's own fields there, with its name.

Closures may stand in files beside the configuration: `date[,announced_at[,reason]]` a line, `#` begins a comment.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from passage_clock.calendars import Calendar, Company, Hours, Notice, national
from passage_clock.calendars.hours import WEEKDAYS, span_of, weekdays_of
from passage_clock.calendars.market import Market
from passage_clock.calendars.national import country_codes
from passage_clock.errors import CalendarError
from passage_schemas.errors import ConfigError
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.given.document import Node, no_date, read_text
from passage_schemas.instant import Instant, instant_of

CODE = re.compile(r"\S+")
NAME = re.compile(r"[a-z0-9._-]+")
TEXT = re.compile(r"[^\n\0]+")

EXPECTED = "a country, e.g. NL, or one of its subdivisions, e.g. DE/BY, a market, e.g. XNYS, or one of calendars:"

FIELDS = ("base", "weekend", "closed", "closed_file", "open", "open_file", "hours")

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")
DATE = "a date, e.g. 2026-12-24"
ANNOUNCED = "an instant with its offset, in quotes, e.g. '2012-10-28T22:00-04:00'"


class Calendars:
    """The calendars of this file by their names, and all others by their codes."""

    def __init__(self, section: Node | None = None, folder: Path = Path()) -> None:
        """Raises ConfigError for the first that is wrong, used or not."""
        self._sections = {one.field: one for one in section.mapping()} if section else {}
        self._folder = folder
        self._found: dict[str, Calendar] = {}
        for name, one in self._sections.items():
            if not NAME.fullmatch(name):
                raise one.wrong(f"{name!r} won't do; name it with a-z, 0-9 and . _ -, e.g. acme")
            self._company(name, ())

    def of(self, here: Node) -> Calendar:
        """The calendar this field names, or is."""
        return self._of(here, ())

    def _of(self, here: Node, inside: tuple[str, ...]) -> Calendar:
        if here.is_mapping:
            name = here.need("name", "the calendar's name").text(NAME, "a name of a-z, 0-9 and . _ -, e.g. acme")
            here.only(("name", *FIELDS))
            return self._read(name, here, inside)
        code = here.text(CODE, EXPECTED)
        if code in self._sections:
            if code in inside:
                raise here.wrong(f"{code!r} would build on itself; build it on another")
            return self._company(code, inside)
        with here.blamed():
            return self._coded(code)

    def _coded(self, code: str) -> Calendar:
        country = code.partition("/")[0]
        if country not in country_codes() and (near := did_you_mean(code, self._sections, "")):
            raise CalendarError(f"{code!r} is no calendar of this file; {near}")
        try:
            return coded(code)
        except CalendarError as error:
            if len(code) > 2 and code == code.lower():
                raise CalendarError(f"{error}; one of your own is written under calendars:") from error
            raise

    def _company(self, name: str, inside: tuple[str, ...]) -> Calendar:
        if name not in self._found:
            section = self._sections[name].mapping()
            section.only(FIELDS)
            self._found[name] = self._read(name, section, (*inside, name))
        return self._found[name]

    def _read(self, name: str, section: Node, inside: tuple[str, ...]) -> Company:
        base, hours = section.get("base"), section.get("hours")
        with section.blamed():
            return Company(
                name,
                self._of(base, inside) if base else None,
                _weekend(section),
                tuple(_notices(section, "closed", self._folder)),
                tuple(_notices(section, "open", self._folder)),
                _hours(hours) if hours else None,
            )


def coded(code: str) -> Calendar:
    """NL, DE/BY, XNYS or NASDAQ. Raises CalendarError."""
    try:
        return national(code)
    except CalendarError:
        if code != code.upper() or len(code) < 3 or code.partition("/")[0] in country_codes():
            raise
    return Market(code)


def _weekend(section: Node) -> tuple[int, ...] | None:
    here = section.get("weekend")
    if here is None:
        return None
    if here.value == []:
        return ()
    return weekdays(here)


def weekdays(here: Node) -> tuple[int, ...]:
    """A weekday or several, as `date.weekday()` counts them."""
    days = here.one_or_more("a weekday, e.g. saturday, or a list of them")
    return tuple(WEEKDAYS.index(day.choice(WEEKDAYS, "no weekday")) for day in days)


def _notices(section: Node, name: str, folder: Path) -> Iterator[Notice]:
    listed, file = section.get(name), section.get(f"{name}_file")
    for item in listed.items("a list of dates") if listed else ():
        yield _notice(item)
    if file:
        path = folder / file.text(TEXT, "the path of a file of dates")
        try:
            text = read_text(path)
        except ConfigError as error:
            raise file.wrong(str(error)) from error
        for number, line in enumerate(text.splitlines(), 1):
            if line.partition("#")[0].strip():
                yield _notice_of_line(str(path), number, line)


def _notice(item: Node) -> Notice:
    if not item.is_mapping:
        day = _date(item)
        return Notice(day, day)
    item.only(("on", "from", "to", "announced_at", "reason"))
    announced, reason = item.get("announced_at"), item.get("reason")
    return Notice(
        *_stretch(item),
        _announced_at(announced) if announced else None,
        reason.text(TEXT, "why, in one line") if reason else "",
    )


def _stretch(item: Node) -> tuple[date, date]:
    if "on" not in item:
        first, last = _date(item.need("from", f"on: with {DATE}, or from: and to:")), _date(item.need("to", DATE))
        if last < first:
            raise item.need("to", DATE).wrong(f"{last} is before {first}; swap them")
        return first, last
    for name in ("from", "to"):
        if clash := item.get(name):
            raise clash.wrong("there is on: already; write either on:, or from: and to:")
    return (day := _date(item.need("on", DATE))), day


def _notice_of_line(file: str, number: int, line: str) -> Notice:
    """As if its parts were fields: places and messages are the same. Quoted as spreadsheets do, or plain with a comment
    behind."""
    here = Node(file, number, "", line)
    try:
        parts = next(csv.reader([line], strict=True)) if '"' in line else line.partition("#")[0].split(",", 2)
    except csv.Error as error:
        raise here.wrong(f"{line.strip()!r} is not quoted as CSV is: {error}; quote whole fields, or none") from error
    named = dict(zip(("on", "announced_at", "reason"), (part.strip() for part in parts), strict=False))
    return _notice(Node(file, number, "", {name: part for name, part in named.items() if part or name == "on"}))


def _date(here: Node) -> date:
    seen = here.text(re.compile(r"\d{4}-\d\d-\d\d"), DATE)
    try:
        return date.fromisoformat(seen)
    except ValueError as error:
        raise here.wrong(f"{no_date(seen, error)}; write {DATE}") from error


def _announced_at(here: Node) -> Instant:
    seen = here.text(TEXT, ANNOUNCED)
    try:
        instant = datetime.fromisoformat(seen)
    except ValueError as error:
        raise here.wrong(f"{no_date(seen, error)}; write {ANNOUNCED}") from error
    if instant.tzinfo is None:
        raise here.wrong(f"{seen!r} has no offset; write {ANNOUNCED}")
    here.text(INSTANT, ANNOUNCED)
    try:
        return instant_of(instant.astimezone(UTC))
    except OverflowError as error:
        raise here.wrong(f"{seen!r} lies outside the years 1 to 9999 in UTC; write {ANNOUNCED}") from error


def _hours(section: Node) -> Hours:
    """Each weekday and each span is blamed by itself, an overlap where the hours begin."""
    written: dict[str, Sequence[str]] = {}
    for here in section.mapping():
        with here.blamed():
            weekdays_of(here.field)
        written[here.field] = [_span(span) for span in here.one_or_more("spans, e.g. ['09:00-12:30', '13:30-17:30']")]
    with section.blamed():
        return Hours.of({days: list(spans) for days, spans in written.items()})


def _span(here: Node) -> str:
    seen = here.text(TEXT, "09:00-12:30, or 22:00-06:00 for a night")
    with here.blamed():
        span_of(seen)
    return seen
