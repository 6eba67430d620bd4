"""Quartz: the cron and simple triggers of the XML its scheduling-data plugin reads (`<job-scheduling-data>`).

A cron trigger is read in its own zone, else in the machine's. A simple one counts elapsed time from its start and knows
no zone: it is written in UTC. Either may have a start and an end. It refuses a trigger that counts from when Quartz
loads the file, where nothing but that moment says when, and Quartz's triggers by calendar intervals.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from passage_clock import civil
from passage_clock.errors import ClockError
from passage_clock.importing.expressions import of_seconds
from passage_clock.importing.found import JobsFound, shown
from passage_clock.importing.quartz_cron import read_cron
from passage_schemas.instant import Instant, datetime_of, instant_of

MISFIRES: Mapping[str, Mapping[str, str]] = {
    "cron": {
        "MISFIRE_INSTRUCTION_DO_NOTHING": "skip",
        "MISFIRE_INSTRUCTION_FIRE_ONCE_NOW": "coalesce",
        "MISFIRE_INSTRUCTION_IGNORE_MISFIRE_POLICY": "publish_all",
        # What Quartz takes it for on a cron trigger.
        "MISFIRE_INSTRUCTION_SMART_POLICY": "coalesce",
    },
    # The others begin to count anew from when the misfire is seen, which nothing here does.
    "simple": {
        "MISFIRE_INSTRUCTION_IGNORE_MISFIRE_POLICY": "publish_all",
        "MISFIRE_INSTRUCTION_RESCHEDULE_NEXT_WITH_REMAINING_COUNT": "skip",
        "MISFIRE_INSTRUCTION_SMART_POLICY": "publish_all",
    },
}

USUAL_PRIORITY = "5"

_SECOND = 1_000_000
_UNITS = (("DAILY", 86400), ("HOURLY", 3600), ("MINUTELY", 60), ("SECONDLY", 1))

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")

_YEARS = range(1971, 9000)
"""When a schedule may begin. What ends later has no end."""

_LAST = instant_of(datetime(_YEARS.stop, 1, 1, tzinfo=UTC))

_PAST = "from its start-time on, also what has gone by: take starts_at out if that is not wanted"


def read_quartz(given: bytes, file: str, zone: str) -> JobsFound:
    """`zone` is the machine's, for triggers without one. XML says its own encoding. Raises ClockError for what is no
    XML."""
    found = JobsFound(zone)
    try:
        root = ElementTree.fromstring(given)
    except ElementTree.ParseError as error:
        raise ClockError(f"{file}:{error.position[0]}: not XML: {shown(str(error))}") from error
    except (ValueError, LookupError) as error:  # an encoding that nobody knows, half a character
        raise ClockError(f"{file}: not XML: {shown(str(error))}") from error
    for trigger in (node for node in root.iter() if _tag(node) == "trigger"):
        for kind in trigger:
            _trigger(found, kind, file)
    return found


def _trigger(found: JobsFound, trigger: ElementTree.Element, file: str) -> None:
    stated = {_tag(node): (node.text or "").strip() for node in trigger}
    stated = {name: value for name, value in stated.items() if value}
    name = stated.get("job-name") or stated.get("name") or "job"
    place = f"{file}: trigger {stated.get('name', name)}"
    kind = _tag(trigger)
    try:
        if kind == "cron":
            rule, zone, remarks = _cron(stated, found.zone)
        elif kind == "simple":
            rule, zone, remarks = _simple(stated, found.zone)
        else:
            raise ValueError(f"a <{kind}> trigger has no match here; use cron:, rrule: or every:")
    except (ValueError, ClockError) as error:
        found.leave_out(place, name, str(error))
        return
    misfire = MISFIRES[kind].get(stated.get("misfire-instruction", ""))
    if misfire:
        rule["misfire"] = misfire
    found.add(place, name, rule, "; ".join((*remarks, *_not_kept(kind, stated))), zone)


def _not_kept(kind: str, stated: Mapping[str, str]) -> Iterator[str]:
    if calendar := stated.get("calendar-name"):
        yield f"it leaves out Quartz's calendar {calendar!r}: add except:"
    instruction = stated.get("misfire-instruction")
    if instruction and instruction not in MISFIRES[kind]:
        yield f"{instruction} has no match here: every late tick is published, at its own time; see misfire:"
    if stated.get("priority", USUAL_PRIORITY) != USUAL_PRIORITY:
        yield f"its priority of {stated['priority']} is not kept: ticks of one instant have no rank"


_Read = tuple[dict[str, Any], str, tuple[str, ...]]
"""A rule, its zone, and remarks."""


def _cron(stated: Mapping[str, str], machine: str) -> _Read:
    zone = stated.get("time-zone") or machine
    cron = read_cron(stated.get("cron-expression", ""))
    start, end = _start(stated, machine), _time(stated, "end-time", machine)
    remarks = cron.remarks
    if "start-time-seconds-in-future" in stated:
        remarks += ("it starts some seconds after Quartz loads the file; here it starts at once",)
    first = None if start is None else _civil(start, zone)
    past = () if first is None and cron.years is None else (_PAST,)
    if end is None and cron.years is None:
        starts = {} if first is None else {"starts_at": first.isoformat()}
        return {**cron.rule(), **starts}, zone, (*remarks, *past)
    until = "" if end is None else f"{datetime_of(end):%Y%m%dT%H%M%SZ}"
    if cron.years is not None:
        begins, ends = (datetime(year, 1, 1) for year in (cron.years[0], cron.years[1] + 1))  # noqa: DTZ001 - civil
        first = begins if first is None else max(first, begins)
        if end is None or _civil(end, zone) >= ends:
            until = f"{ends - timedelta(seconds=1):%Y%m%dT%H%M%S}"
    return cron.bounded(first, until), zone, (*remarks, *past)


def _simple(stated: Mapping[str, str], machine: str) -> _Read:
    """Fired at its start and `repeat-count` times more, an interval apart; before its end, if it has one."""
    repeats, interval = _whole(stated, "repeat-count"), _whole(stated, "repeat-interval")
    if repeats < -1 or (repeats and interval < 1):
        raise ValueError(f"Quartz takes no {repeats} repeats every {interval} ms")
    start, end = _start(stated, machine), _time(stated, "end-time", machine)
    if start is None:
        if repeats == -1 and end is None:
            counted = "it runs by elapsed time from when Quartz loads the file; here by the clock, in UTC"
            return of_seconds(interval / 1000), "UTC", (counted,)
        times = "without end" if repeats == -1 else "once" if not repeats else f"{repeats + 1} times"
        raise ValueError(
            f"it fires {times} from when Quartz loads the file, which is no point in time; give it a start-time"
        )
    if start % _SECOND or (repeats and interval % 1000):
        raise ValueError("it fires between two seconds, and nothing here does; move its start-time, or the interval")
    if end is not None and end <= start:
        raise ValueError("it ends before it starts")
    last = start + repeats * interval * 1000 if repeats >= 0 else None
    if end is not None and repeats:
        fit = start + (end - 1 - start) // (interval * 1000) * interval * 1000
        last = fit if last is None else min(last, fit)
    unit, seconds = next(one for one in _UNITS if interval // 1000 % one[1] == 0) if repeats else _UNITS[0]
    every = f"FREQ={unit};INTERVAL={max(1, interval // 1000 // seconds)}"
    ends = "" if last is None or last > _LAST else f";UNTIL={datetime_of(Instant(last)):%Y%m%dT%H%M%SZ}"
    rule = {"rrule": every + ends, "starts_at": datetime_of(start).replace(tzinfo=None).isoformat()}
    return rule, "UTC", ("it runs by elapsed time, and is written in UTC", _PAST)


def _start(stated: Mapping[str, str], machine: str) -> Instant | None:
    """Quartz looks at a start-time only without start-time-seconds-in-future."""
    return None if "start-time-seconds-in-future" in stated else _time(stated, "start-time", machine)


def _time(stated: Mapping[str, str], name: str, machine: str) -> Instant | None:
    """An xsd:dateTime; one without an offset is read on the machine's clock."""
    text = stated.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or moment.year < _YEARS.start:
        raise ValueError(f"its {name} {text!r} is no time from 1971 on, such as 2027-01-01T09:00:00+01:00")
    if moment.year >= _YEARS.stop:
        if name == "end-time":
            return None
        raise ValueError(f"its {name} {text!r} is too far ahead")
    return instant_of(moment) if moment.tzinfo is not None else civil.instant_of_civil(moment, machine)


def _whole(stated: Mapping[str, str], name: str) -> int:
    text = stated.get(name, "0")
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"its {name} {text!r} is no whole number")
    return int(text)


def _civil(instant: Instant, zone: str) -> datetime:
    """What the zone's clock says then, in whole seconds: Quartz drops what is left."""
    return civil.civil_of_instant(instant, zone).replace(microsecond=0)


def _tag(node: ElementTree.Element) -> str:
    """Without the namespace."""
    return node.tag.rsplit("}", 1)[-1]
