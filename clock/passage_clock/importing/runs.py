"""What the old scheduler did, read from its own log: which job, at what instant.

    crontab      syslog lines: `Nov 20 09:00:01 host CRON[123]: (root) CMD (/usr/bin/report)`, or with ISO timestamps
    kubernetes   `kubectl get jobs -o json`: the instant each was scheduled for, else when it started
    celery       beat's lines: `[2026-11-20 09:00:00,012: INFO/MainProcess] Scheduler: Sending due task report (...)`
    csv          `instant,job` lines: for Quartz and anything else

A line that tells of no run is passed over, but for its time: logs say much. Times without an offset are read in the
log's zone; `stamps` finds the year, and the pass of an hour that comes twice.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from passage_clock.errors import ClockError
from passage_clock.importing.crontab import name_of
from passage_clock.importing.kubernetes import fields_of
from passage_clock.importing.stamps import Line, instants
from passage_schemas.instant import Instant

_STAMPED = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?(?P<at>[A-Z][a-z]{2}\s+\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\S+) (?P<said>.*)"
)
"""A line of syslog's or journald's: with RFC 3164's stamp, RFC 5424's or ISO's."""

_CRON = re.compile(r"\bcrond?(?:\[\d+\]:|:| \S+ \S+ \S+) \([^)]*\) CMD \((?P<command>.*)\)", re.IGNORECASE)
_BUSYBOX = re.compile(r"\bcrond(?:\[\d+\])?: USER \S+ pid +\d+ cmd (?P<command>.*)")
_CELERY = re.compile(r"\[(?P<at>[\d-]+ [\d:]+),(?P<ms>\d+): .*?Sending due task (?P<name>.+?) \(\S+\)")

_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_BY_HAND = "cronjob.kubernetes.io/instantiate"


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """The old scheduler started this job then."""

    known_as: str
    at: Instant


def read_runs(kind: str, text: str, zone: str, read_at: Instant) -> list[LoggedRun]:
    """The log's runs in its order. `read_at`: when it was read, or written last; a stamp without a year (syslog's) is
    none that had not come by then. Raises ClockError for an unreadable log."""
    lines = list(RUNS[kind](text))
    ats = instants([Line(at, ran) for at, ran in lines], zone, read_at)
    return [LoggedRun(ran, at) for (_, ran), at in zip(lines, ats, strict=True) if ran is not None]


Stamped = tuple[str, str | None]
"""A line's stamp, and what it says was run; None where it only tells what time it was."""


def _crontab(text: str) -> Iterator[Stamped]:
    for line in text.splitlines():
        seen = _STAMPED.match(line)
        if seen:
            ran = _CRON.search(seen["said"]) or _BUSYBOX.search(seen["said"])
            yield seen["at"], name_of(ran["command"]) if ran else None


def _celery(text: str) -> Iterator[Stamped]:
    for line in text.splitlines():
        seen = _CELERY.search(line)
        if seen:
            yield f"{seen['at']}.{seen['ms']}", seen["name"]


def _kubernetes(text: str) -> Iterator[Stamped]:
    try:
        items = json.loads(text)["items"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ClockError("the log is no list of jobs; write it with `kubectl get jobs -o json`") from error
    for job in items if isinstance(items, list) else []:
        metadata, status = fields_of(fields_of(job).get("metadata")), fields_of(fields_of(job).get("status"))
        owners = metadata.get("ownerReferences")
        named = [fields_of(one) for one in owners] if isinstance(owners, list) else []
        owner = next((one for one in named if one.get("kind") == "CronJob"), None)
        marks = fields_of(metadata.get("annotations"))
        at = marks.get(_SCHEDULED) or status.get("startTime")
        if owner and at and marks.get(_BY_HAND) != "manual":
            yield str(at), str(owner.get("name"))


def _csv(text: str) -> Iterator[Stamped]:
    for number, line in enumerate(text.splitlines(), start=1):
        at, comma, name = line.partition(",")
        if not line.strip() or line.startswith("#") or (number == 1 and not at[:1].isdigit()):
            continue
        if not comma:
            raise ClockError(f"line {number} of the log: {line!r} is no `instant,job`")
        yield at.strip(), name.strip()


RUNS: Mapping[str, Callable[[str], Iterator[Stamped]]] = {
    "crontab": _crontab,
    "system-crontab": _crontab,
    "kubernetes": _kubernetes,
    "celery": _celery,
    "csv": _csv,
}
