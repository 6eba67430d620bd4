"""The ticks to come as an iCalendar file (RFC 5545), for a calendar application.

One event for each tick, at the instant it is due, of no length, nobody busy. Its schedule's name is first, for a day
at a glance cuts off what comes last. Its UID is the tick's key: a file imported again replaces what the first brought.
The same configuration gives the same bytes whenever it is asked: an event is stamped with the instant it is due, as the
tick itself will be, and which of two files is the newer says `SEQUENCE`, the configuration's generation.
"""

from collections.abc import Iterable
from datetime import timedelta

from icalendar import Calendar, Event

from passage_clock.planning.forecast import Coming, Skipped
from passage_schemas.instant import datetime_of
from passage_schemas.tick import tick_key

MOST_SEQUENCE = 2**31 - 1
"""RFC 5545's INTEGER has 31 bits and a sign, a generation 63."""


def ics_file(rows: Iterable[Coming | Skipped], generation: int) -> str:
    """The file's text, lines ending as the standard wants them."""
    calendar = Calendar()
    calendar.add("prodid", "-//Passage//passage clock plan//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Passage")
    for row in rows:
        event = _skipped(row) if isinstance(row, Skipped) else _tick(row)
        # In whole seconds, as the format has them: it drops a fraction by itself.
        event.add("dtstamp", datetime_of(row.at))
        event.add("sequence", min(generation, MOST_SEQUENCE))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text.decode()


def _tick(row: Coming) -> Event:
    schedule, period = row.schedule, row.occurrence.period
    event = Event()
    event.add("uid", f"{tick_key(schedule.name, period).decode()}@passage")
    event.add("summary", f"{schedule.name}: {schedule.event} {period}")
    event.add("dtstart", datetime_of(row.at))
    event.add("categories", [schedule.name])
    event.add("description", f"{schedule.name} in {schedule.zone}")
    return event


def _skipped(row: Skipped) -> Event:
    event = Event()
    event.add("uid", f"{row.zone}/{row.day}/skipped@passage")
    event.add("summary", f"{row.zone}: {row.day} is skipped")
    event.add("dtstart", row.day)
    event.add("dtend", row.day + timedelta(days=1))
    return event
