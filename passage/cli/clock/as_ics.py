"""The ticks to come as an iCalendar file (RFC 5545), for a calendar application.

One event for each tick, at the instant it is due, with no length and nobody busy. Its UID is the tick's key: a file
imported again replaces what the first one brought.
"""

from collections.abc import Iterable
from datetime import timedelta

from icalendar import Calendar, Event

from passage.cli.clock.coming import Coming, Skipped
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.tick import tick_key


def ics_file(rows: Iterable[Coming | Skipped], made_at: Instant) -> str:
    """The file's text, lines ending as the standard wants them."""
    calendar = Calendar()
    calendar.add("prodid", "-//Passage//passage clock plan//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Passage")
    for row in rows:
        event = _skipped(row) if isinstance(row, Skipped) else _tick(row)
        event.add("dtstamp", datetime_of(Instant(made_at // 1_000_000 * 1_000_000)))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text.decode()


def _tick(row: Coming) -> Event:
    schedule, period = row.schedule, row.occurrence.period
    event = Event()
    event.add("uid", f"{tick_key(schedule.name, period).decode()}@passage")
    event.add("summary", f"{schedule.event} {period}")
    event.add("dtstart", datetime_of(row.at))
    event.add("categories", [schedule.name])
    event.add("description", f"{schedule.name} in {schedule.zone}")
    return event


def _skipped(row: Skipped) -> Event:
    event = Event()
    event.add("uid", f"{row.zone}/{row.day}/skipped@passage")
    event.add("summary", f"{row.day} is skipped in {row.zone}")
    event.add("dtstart", row.day)
    event.add("dtend", row.day + timedelta(days=1))
    return event
