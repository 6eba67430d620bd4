"""What the old scheduler did, read from its own log: which job, at what instant.

    crontab      syslog lines: `Nov 20 09:00:01 host CRON[123]: (root) CMD (/usr/bin/report)`, or with ISO timestamps
    kubernetes   `kubectl get jobs -o json`: the instant each was scheduled for, else when it started
    celery       beat's lines: `[2026-11-20 09:00:00,012: INFO/MainProcess] Scheduler: Sending due task report (...)`
    csv          `instant,job` lines: for Quartz and anything else

A line that tells of no run is passed over: logs say much. Times without an offset are read in the log's zone.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from passage_clock.civil import instant_of_civil
from passage_clock.errors import ClockError
from passage_clock.importing.crontab import name_of
from passage_schemas.instant import Instant, instant_of

_CRON = re.compile(r"(?P<at>\w{3}\s+\d+ [\d:]{8}|\d{4}-\S+)\s.*?CRON\w*\[\d+\]: \([^)]*\) CMD \((?P<command>.*)\)")
_CELERY = re.compile(r"\[(?P<at>[\d-]+ [\d:]+),(?P<ms>\d+): .*?Sending due task (?P<name>.+?) \(\S+\)")

_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


@dataclass(frozen=True, slots=True)
class Run:
    """The old scheduler started this job then."""

    known_as: str
    at: Instant


def read_runs(kind: str, text: str, zone: str, year: int) -> list[Run]:
    """The log's runs in its order. `year` is for stamps without one (syslog's). Raises ClockError for an unreadable
    log."""
    return list(RUNS[kind](text, zone, year))


def _crontab(text: str, zone: str, year: int) -> Iterator[Run]:
    for line in text.splitlines():
        seen = _CRON.search(line)
        if seen:
            yield Run(name_of(seen["command"]), _stamp(seen["at"], zone, year))


def _stamp(text: str, zone: str, year: int) -> Instant:
    if text[0].isdigit():
        return _instant(text, zone)
    return instant_of_civil(datetime.strptime(f"{year} {text}", "%Y %b %d %H:%M:%S"), zone)  # noqa: DTZ007


def _celery(text: str, zone: str, year: int) -> Iterator[Run]:
    del year
    for line in text.splitlines():
        seen = _CELERY.search(line)
        if seen:
            yield Run(seen["name"], _instant(f"{seen['at']}.{seen['ms']}", zone))


def _kubernetes(text: str, zone: str, year: int) -> Iterator[Run]:
    del year
    try:
        items = json.loads(text)["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise ClockError("the log is no list of jobs; write it with `kubectl get jobs -o json`") from error
    for job in items:
        run = _kubernetes_job(job, zone)
        if run is not None:
            yield run


def _kubernetes_job(job: Mapping[str, Any], zone: str) -> Run | None:
    metadata = job.get("metadata") or {}
    owner = next((one for one in metadata.get("ownerReferences") or () if one.get("kind") == "CronJob"), None)
    at = (metadata.get("annotations") or {}).get(_SCHEDULED) or (job.get("status") or {}).get("startTime")
    return Run(str(owner["name"]), _instant(str(at), zone)) if owner and at else None


def _csv(text: str, zone: str, year: int) -> Iterator[Run]:
    del year
    for number, line in enumerate(text.splitlines(), start=1):
        at, comma, name = line.partition(",")
        if not line.strip() or line.startswith("#") or (number == 1 and not at[:1].isdigit()):
            continue
        if not comma:
            raise ClockError(f"line {number} of the log: {line!r} is no `instant,job`")
        yield Run(name.strip(), _instant(at.strip(), zone))


def _instant(text: str, zone: str) -> Instant:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ClockError(f"{text!r} in the log is no time; write 2026-11-20T09:00:00+01:00") from error
    return instant_of(moment) if moment.tzinfo is not None else instant_of_civil(moment, zone)


RUNS: Mapping[str, Callable[[str, str, int], Iterator[Run]]] = {
    "crontab": _crontab,
    "kubernetes": _kubernetes,
    "celery": _celery,
    "csv": _csv,
}
