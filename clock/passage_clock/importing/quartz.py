"""Quartz: the cron and simple triggers of the XML its scheduling-data plugin reads (`<job-scheduling-data>`)."""

from collections.abc import Mapping
from xml.etree import ElementTree

from passage_clock.errors import ClockError
from passage_clock.importing.expressions import of_quartz, of_seconds
from passage_clock.importing.found import Found, shown

MISFIRES: Mapping[str, str] = {
    "MISFIRE_INSTRUCTION_DO_NOTHING": "skip",
    "MISFIRE_INSTRUCTION_FIRE_ONCE_NOW": "coalesce",
    "MISFIRE_INSTRUCTION_IGNORE_MISFIRE_POLICY": "publish_all",
    # What Quartz takes it for on a cron trigger.
    "MISFIRE_INSTRUCTION_SMART_POLICY": "coalesce",
}


def read_quartz(given: bytes, file: str, zone: str) -> Found:
    """`zone` is the machine's, for triggers without one. Raises ClockError for what is no XML."""
    found = Found(zone)
    try:
        root = ElementTree.fromstring(given)  # as bytes: XML says its encoding
    except ElementTree.ParseError as error:
        raise ClockError(f"{file}:{error.position[0]}: not XML: {shown(str(error))}") from error
    except (LookupError, ValueError) as error:  # an encoding nobody knows, or that takes several bytes
        raise ClockError(f"{file}:1: not XML: {shown(str(error))}; save the file as UTF-8") from error
    for trigger in (node for node in root.iter() if _tag(node) == "trigger"):
        for kind in trigger:
            _trigger(found, kind, file)
    return found


def _trigger(found: Found, trigger: ElementTree.Element, file: str) -> None:
    stated = {_tag(node): (node.text or "").strip() for node in trigger}
    name = stated.get("job-name") or stated.get("name") or "job"
    place = f"{file}: trigger {stated.get('name', name)}"
    try:
        if _tag(trigger) == "cron":
            rule = of_quartz(stated.get("cron-expression", ""))
        elif _tag(trigger) == "simple":
            if stated.get("repeat-count", "-1") != "-1":
                raise ValueError(f"it ends after {stated['repeat-count']} repeats; nothing here ends by counting")
            rule = of_seconds(int(stated.get("repeat-interval") or 0) / 1000)
        else:
            raise ValueError(f"a <{_tag(trigger)}> trigger has no match here; use cron:, rrule: or every:")
    except ValueError as error:
        found.leave_out(place, name, str(error))
        return
    misfire = MISFIRES.get(stated.get("misfire-instruction", ""))
    if misfire:
        rule |= {"misfire": misfire}
    calendar = stated.get("calendar-name")
    remark = f"it leaves out Quartz's calendar {calendar!r}: add except:" if calendar else ""
    found.add(place, name, rule, remark, stated.get("time-zone", ""))


def _tag(node: ElementTree.Element) -> str:
    """Without the namespace."""
    return node.tag.rsplit("}", 1)[-1]
