"""Twelve months of ticks on one page: one colour and one number for each schedule, a mark on each of its days.

The page is one file and asks the network for nothing. A mark says its schedule by number as well as by colour, so that
it can be told by who sees no colours, on a print, and by a screen reader. The colours are Okabe and Ito's eight
(jfly.uni-koeln.de/color), which keep apart for the colour-blind.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from itertools import islice

from passage.cli.clock.coming import Coming, Skipped, coming
from passage_clock import civil
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
ON_DARK = {"#0072B2", "#000000"}
"""White is legible on these and black on the others (WCAG contrast 4.5 and more)."""

FINEST_A_DAY = 96
"""A schedule with more ticks than this in its first day, one every quarter of an hour, would mark every day alike."""

Days = dict[date, dict[str, list[Coming]]]

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #111; background: #fff; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1.5rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
caption { font-weight: 600; text-align: left; padding: .25rem 0; }
th { font-weight: 400; color: #555; text-align: left; font-size: .8rem; }
td { border: 1px solid #ddd; vertical-align: top; height: 2.6rem; padding: 1px 3px; font-size: .8rem; }
td.skipped { background: repeating-linear-gradient(45deg, #fff 0 4px, #ccc 4px 8px); text-decoration: line-through; }
.mark { display: inline-block; min-width: 1rem; margin: 1px 1px 0 0; padding: 0 2px; border-radius: 3px;
  font-size: .7rem; line-height: 1rem; text-align: center; }
ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
@media print { body { margin: 0; } main { grid-template-columns: repeat(3, 1fr); } table { break-inside: avoid; } }
"""


def html_page(
    schedules: Sequence[Schedule],
    after: Mapping[str, Instant],
    until: Mapping[str, Instant] | None,
    count: int | None,
) -> str:
    """The twelve months from the one that holds the first day asked for. Raises nothing: an empty year is a page."""
    first = min((_day(zone, instant + 1) for zone, instant in after.items()), default=date(1970, 1, 1)).replace(day=1)
    last = first.replace(year=first.year + 1) - timedelta(days=1)
    ends = {zone: civil.instant_of_civil(last + timedelta(days=1), zone) for zone in after}
    if until is not None:
        ends = {zone: min(end, until[zone]) for zone, end in ends.items()}
    fine = [schedule for schedule in schedules if _is_fine(schedule, after[schedule.zone])]
    drawn = [schedule for schedule in schedules if schedule not in fine]
    days, skipped = _by_day(islice(coming(drawn, after, ends), count))
    numbers = {schedule.name: number for number, schedule in enumerate(drawn)}
    months = [_month(first, offset, days, skipped, numbers) for offset in range(12)]
    title = f"Ticks from {first:%B %Y} to {last:%B %Y}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}{_colours()}</style></head>\n'
        f"<body><h1>{title}</h1>\n{_legend(drawn, fine)}\n<main>\n{''.join(months)}</main></body></html>"
    )


def _is_fine(schedule: Schedule, after: Instant) -> bool:
    several = list(islice(schedule.occurrences(after), FINEST_A_DAY + 1))
    return len(several) > FINEST_A_DAY and several[-1].ends_at - several[0].ends_at < civil.DAY


def _by_day(rows: Iterable[Coming | Skipped]) -> tuple[Days, dict[date, list[str]]]:
    days: Days = defaultdict(lambda: defaultdict(list))
    skipped: dict[date, list[str]] = defaultdict(list)
    for row in rows:
        if isinstance(row, Skipped):
            skipped[row.day].append(row.zone)
        else:
            days[row.day][row.schedule.name].append(row)
    return days, skipped


def _legend(drawn: Sequence[Schedule], fine: Sequence[Schedule]) -> str:
    lines = [
        f"<li>{_mark(number, '')} <b>{escape(one.name)}</b> {escape(one.event)}, {escape(one.zone)}</li>"
        for number, one in enumerate(drawn)
    ]
    lines += [f"<li><b>{escape(one.name)}</b> {escape(one.event)}: on every day, too fine to draw</li>" for one in fine]
    return f'<ul aria-label="Schedules">{"".join(lines)}</ul>'


def _month(first: date, offset: int, days: Days, skipped: Mapping[date, list[str]], numbers: Mapping[str, int]) -> str:
    year, month = divmod(first.year * 12 + first.month - 1 + offset, 12)
    begin = date(year, month + 1, 1)
    following = (begin + timedelta(days=31)).replace(day=1)
    cells = ["<td></td>"] * begin.weekday()
    for number in range((following - begin).days):
        day = begin + timedelta(days=number)
        cells.append(_cell(day, days.get(day, {}), skipped.get(day, []), numbers))
    weeks = (f"<tr>{''.join(cells[at : at + 7])}</tr>" for at in range(0, len(cells), 7))
    names = "".join(f'<th scope="col">{name}</th>' for name in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"))
    head = f"<caption>{begin:%B %Y}</caption><thead><tr>{names}</tr></thead>"
    return f"<table>{head}<tbody>{''.join(weeks)}</tbody></table>\n"


def _cell(day: date, ticks: Mapping[str, list[Coming]], skipped: Sequence[str], numbers: Mapping[str, int]) -> str:
    marks = "".join(_mark(numbers[name], _told(ticks[name])) for name in sorted(ticks, key=lambda one: numbers[one]))
    told = f' class="skipped" title="skipped in {escape(", ".join(skipped))}"' if skipped else ""
    return f'<td{told}><time datetime="{day}">{day.day}</time><br>{marks}</td>'


def _mark(number: int, title: str) -> str:
    told = f' title="{escape(title)}"' if title else ""
    return f'<span class="mark c{number % len(COLOURS)}"{told}>{number + 1}</span>'


def _told(ticks: Sequence[Coming]) -> str:
    """What a mark says when it is pointed at: the tick, or the first and last of several."""
    schedule = ticks[0].schedule
    periods = ticks[0].occurrence.period
    if len(ticks) > 1:
        periods = f"{len(ticks)} ticks, {periods} to {ticks[-1].occurrence.period}"
    at = civil.moment_label(schedule.zone, ticks[-1].at)
    return f"{schedule.name}: {schedule.event} {periods}, at {at}"


def _colours() -> str:
    return "".join(
        f".c{number} {{ background: {colour}; color: {'#fff' if colour in ON_DARK else '#000'}; }} "
        for number, colour in enumerate(COLOURS)
    )


def _day(zone: str, instant: int) -> date:
    return date.fromordinal(civil.zone(zone).day_of(instant))
