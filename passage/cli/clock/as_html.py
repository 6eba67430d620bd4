"""A year of ticks on one page: a colour and a number for each schedule, and on each day its times, or why it is closed.

The page is one file and asks the network for nothing. The last twelve months and the next are on it too, unless it was
said how much is asked for. A mark says its schedule by number as well as by colour, so that it can be told by who sees
no colours, on a print, and by a screen reader; what is pointed at says more, and nothing that isn't in the page.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from itertools import islice

from passage.cli.clock.year_style import COLOURS, SCRIPT, style
from passage.cli.moments import FIRST_YEAR
from passage_clock import civil
from passage_clock.calendars import Calendar
from passage_clock.monitoring.late import calendars_of
from passage_clock.planning.forecast import Coming, Skipped, coming
from passage_clock.rules.days import time_text
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant, datetime_of

FINEST_A_DAY = 96
"""A schedule with more ticks than this in its first day, one every quarter of an hour, would mark every day alike."""

MOST_TIMES = 4
"""Of one schedule on one day; of more, the first and the last."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ZoneBounds = Mapping[str, Instant]
"""By zone."""


@dataclass(frozen=True, slots=True)
class _Year:
    """What is on the page, by day."""

    drawn: Sequence[Schedule]
    calendars: Sequence[Calendar]
    ticks: Mapping[date, Mapping[str, list[Coming]]]
    skipped: Mapping[date, list[str]]
    today: date


def html_page(
    schedules: Sequence[Schedule], after: ZoneBounds, until: ZoneBounds | None, count: int | None, now: Instant
) -> str:
    """The twelve months from the one that holds the first day asked for, in characters of ASCII, so that no terminal's
    or file's encoding alters them. Raises nothing: an empty year is a page."""
    first = min((_day(zone, instant + 1) for zone, instant in after.items()), default=date(FIRST_YEAR, 1, 1))
    first = first.replace(day=1)
    fine = [schedule for schedule in schedules if _is_fine(schedule, after[schedule.zone])]
    drawn = [schedule for schedule in schedules if schedule not in fine]
    firsts = {"year": first}
    if until is None and count is None:
        firsts["next"] = _years_on(first, 1)
        if first.year > FIRST_YEAR:
            firsts["last"] = _years_on(first, -1)
    year = _read(drawn, firsts, after, until, count, _day(schedules[0].zone, now))
    name = _name(first)
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Ticks of {name}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{style()}</style></head>\n'
        f"<body><header><h1>Ticks of {name}</h1>{_legend(year, fine)}</header>\n{_links(firsts, year.today)}<main>\n"
        f"{''.join(_section(key, begin, year) for key, begin in firsts.items())}"
        f"</main><script>{SCRIPT}</script></body></html>"
    )
    return page.encode("ascii", "xmlcharrefreplace").decode()


def _read(
    drawn: Sequence[Schedule],
    firsts: Mapping[str, date],
    after: ZoneBounds,
    until: ZoneBounds | None,
    count: int | None,
    today: date,
) -> _Year:
    begin, end = min(firsts.values()), _years_on(max(firsts.values()), 1)
    zones = {schedule.zone for schedule in drawn}
    ends = {zone: civil.instant_of_civil(end, zone) for zone in zones}
    if len(firsts) > 1:  # nothing bounds them, so whole months are shown
        after = {zone: Instant(civil.instant_of_civil(begin, zone) - 1) for zone in zones}
    if until is not None:
        ends = {zone: min(at, until[zone]) for zone, at in ends.items()}
    ticks: dict[date, dict[str, list[Coming]]] = defaultdict(lambda: defaultdict(list))
    skipped: dict[date, list[str]] = defaultdict(list)
    for row in islice(coming(drawn, {zone: after[zone] for zone in zones}, ends), count):
        if isinstance(row, Skipped):
            skipped[row.day].append(row.zone)
        else:
            ticks[row.day][row.schedule.name].append(row)
    calendars = dict.fromkeys(calendar for schedule in drawn for calendar in calendars_of(schedule.rule))
    return _Year(drawn, list(calendars), ticks, skipped, today)


def _is_fine(schedule: Schedule, after: Instant) -> bool:
    several = list(islice(schedule.occurrences(after), FINEST_A_DAY + 1))
    return len(several) > FINEST_A_DAY and several[-1].ends_at - several[0].ends_at < civil.DAY


# Around the months.


def _legend(year: _Year, fine: Sequence[Schedule]) -> str:
    lines = [
        f"{_mark(number, '')} <b>{escape(one.name)}</b> {escape(one.event)}, {escape(one.zone)}{_horizon(one)}"
        for number, one in enumerate(year.drawn)
    ]
    lines += [f"<b>{escape(one.name)}</b> {escape(one.event)}: on every day, too fine to draw" for one in fine]
    keys = ['<span class="key skipped"><time>31</time></span> a day the zone never had'] if year.skipped else []
    if year.calendars:
        keys.append('<span class="key closed">closed</span> and why')
    if len(year.calendars) > 1:
        keys.append('<span class="key partly">partly</span> by some of the calendars')
    keys.append("Times are by each schedule&#x27;s zone; 24:00 is the end of the day.")
    return "".join(
        f'<ul class="legend" aria-label="{name}">{"".join(f"<li>{line}</li>" for line in of)}</ul>'
        for name, of in (("Schedules", lines), ("Signs", keys))
    )


def _horizon(schedule: Schedule) -> str:
    known = schedule.rule.known_until
    return "" if known is None else f"; known until {datetime_of(known):%Y-%m-%d}"


def _links(firsts: Mapping[str, date], today: date) -> str:
    said = {"last": "The last year", "year": "The year", "next": "The next year"}
    links = [f'<a href="#{key}">{said[key]}: {_name(firsts[key])}</a>' for key in said if key in firsts]
    is_there = any(begin <= today < _years_on(begin, 1) for begin in firsts.values())
    links.append(f'<a id="today" href="#{today}"{"" if is_there else " hidden"}>Today</a>')
    return f'<nav aria-label="Years">{"".join(links)}</nav>\n'


def _section(key: str, first: date, year: _Year) -> str:
    beside = "" if key == "year" else ' class="beside"'
    months = "".join(_month(first, offset, year) for offset in range(12))
    return f'<section id="{key}"{beside}><h2>{_name(first)}</h2><div class="months">\n{months}</div></section>\n'


# The months.


def _month(first: date, offset: int, year: _Year) -> str:
    begin = _months_on(first, offset)
    following = _months_on(begin, 1)
    nothing = '<td class="none"></td>'
    cells = [nothing] * begin.weekday()
    cells += [_cell(begin + timedelta(days=number), year) for number in range((following - begin).days)]
    cells += [nothing] * (-len(cells) % 7)
    weeks = (f"<tr>{''.join(cells[at : at + 7])}</tr>" for at in range(0, len(cells), 7))
    names = "".join(f'<th scope="col" abbr="{name}">{name[:2]}</th>' for name in WEEKDAYS)
    head = f"<caption>{begin:%B} {begin.year}</caption><thead><tr>{names}</tr></thead>"
    return f"<table>{head}<tbody>{''.join(weeks)}</tbody></table>\n"


def _cell(day: date, year: _Year) -> str:
    kind, reasons = _closed(day, year.calendars)
    if zones := year.skipped.get(day):
        kind, reasons = "skipped", [f"skipped in {', '.join(zones)}"]
    why = f'<span class="why">{escape("; ".join(reasons))}</span>' if reasons else ""
    ticks = year.ticks.get(day, {})
    told = "".join(
        f"<li>{_mark(number, _told(ticks[one.name]))} {escape(_times(day, ticks[one.name]))}</li>"
        for number, one in enumerate(year.drawn)
        if one.name in ticks
    )
    marked = (f' class="{kind}"' if kind else "") + (' aria-current="date"' if day == year.today else "")
    listed = f"<ul>{told}</ul>" if told else ""
    return f'<td id="{day}"{marked}><time datetime="{day}">{day.day}</time>{why}{listed}</td>'


def _closed(day: date, calendars: Sequence[Calendar]) -> tuple[str, list[str]]:
    """Whether all calendars, some or none are closed, and why: by calendar where they don't say the same."""
    known = [one for one in calendars if one.first_year <= day.year <= one.last_year]
    found = {one.code: why for one in known if (why := one.why_closed(day)) is not None}
    if not found:
        return "", []
    kind = "closed" if len(found) == len({one.code for one in known}) else "partly"
    if len(set(found.values())) == 1 and kind == "closed":
        return kind, list(found.values())[:1]
    return kind, [f"{code}: {why}" for code, why in found.items()]


def _mark(number: int, title: str) -> str:
    told = f' title="{escape(title)}"' if title else ""
    return f'<abbr class="mark c{number % len(COLOURS)}"{told}>{number + 1}</abbr>'


def _times(day: date, ticks: Sequence[Coming]) -> str:
    if len(ticks) > MOST_TIMES:
        first, last = (_clock(day, one) for one in (ticks[0], ticks[-1]))
        return f"{first} to {last}, {len(ticks)} ticks"
    shown = [_clock(day, one) for one in ticks]
    if len(set(shown)) < len(shown):  # an hour that comes twice is told apart by its offset
        shown = [civil.moment_label(one.schedule.zone, one.at).partition("T")[2] for one in ticks]
    return " ".join(shown)


def _clock(day: date, tick: Coming) -> str:
    """What the zone's clock says, and 24:00 of what is over with the day."""
    here = civil.zone(tick.schedule.zone)
    return "24:00" if here.day_of(tick.at) > day.toordinal() else time_text(here.local(tick.at) % civil.DAY)


def _told(ticks: Sequence[Coming]) -> str:
    """What a mark says when it is pointed at: the tick, or the first and last of several."""
    schedule = ticks[0].schedule
    periods = ticks[0].occurrence.period
    if len(ticks) > 1:
        periods = f"{len(ticks)} ticks, {periods} to {ticks[-1].occurrence.period}"
    at = civil.moment_label(schedule.zone, ticks[-1].at)
    return f"{schedule.name}: {schedule.event} {periods}, at {at}"


# Dates.


def _name(first: date) -> str:
    """The twelve months from there: a calendar's year by its number."""
    if first.month == 1:
        return str(first.year)
    last = _months_on(first, 11)
    return f"{first:%B} {first.year} to {last:%B} {last.year}"


def _months_on(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _years_on(first: date, years: int) -> date:
    return _months_on(first, 12 * years)


def _day(zone: str, instant: int) -> date:
    return date.fromordinal(civil.zone(zone).day_of(instant))
