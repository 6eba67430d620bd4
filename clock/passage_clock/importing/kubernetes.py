"""Kubernetes CronJobs: manifests, a list of them, or what `kubectl get cronjobs -o yaml` or `-o json` prints.

A schedule is read as Kubernetes' own library reads it (`robfig`). A template of Helm's has to be rendered first.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from passage_clock.errors import ClockError
from passage_clock.importing.expressions import of_seconds
from passage_clock.importing.found import JobsFound
from passage_clock.importing.robfig import counted_from, oddity, of_robfig, seconds_of
from passage_schemas.errors import ConfigError
from passage_schemas.given.document import read_documents
from passage_schemas.given.file import text_of_bytes
from passage_schemas.instant import Instant, instant_of

_TEMPLATE = re.compile(r"\{\{-?\s*[\w.$\"(]")

_YES = ("true", "yes", "on", "y")
"""Of YAML 1.1, which Kubernetes reads."""

_EVERY = "@every "


def read_kubernetes(given: bytes, file: str, zone: str) -> JobsFound:
    """`zone` is the controller manager's, for jobs without a timeZone. Raises ConfigError for what is no YAML."""
    found = JobsFound(zone)
    for job in _jobs(_documents(text_of_bytes(given, file), file)):
        _job(found, job, file)
    return found


def _documents(text: str, file: str) -> list[Any]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return [json.loads(text)]  # a cluster's thousand jobs take a minute as YAML
        except ValueError:
            pass
    try:
        return read_documents(text, file)
    except ConfigError as error:
        template = _TEMPLATE.search(text)
        if template is None:
            raise
        line = text.count("\n", 0, template.start()) + 1
        raise ClockError(f"{file}:{line}: is a template; render it first, with `helm template`, say") from error


def _jobs(documents: list[Any], kind: str = "") -> Iterator[Mapping[str, Any]]:
    """What has a schedule, at least. `kind` is theirs where they don't say it: items of a list don't."""
    for document in documents:
        own = fields_of(document)
        named = str(own.get("kind") or kind)
        if isinstance(own.get("items"), list):
            yield from _jobs(own["items"], named.removesuffix("List"))
        elif named == "CronJob" or "schedule" in fields_of(own.get("spec")):
            yield {**own, "kind": named}


def _job(found: JobsFound, job: Mapping[str, Any], file: str) -> None:
    metadata, spec = fields_of(job.get("metadata")), fields_of(job.get("spec"))
    name = str(metadata.get("name") or "job")
    within = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    place = f"{file}: {job['kind'] or 'an item'} {within}{name}"
    try:
        if job["kind"] != "CronJob":
            raise ValueError("it has a schedule, but is no CronJob")
        when, zone = _schedule(spec)
        rule, remarks = _rule(when, zone or found.zone, job)
        rule |= _deadline(spec.get("startingDeadlineSeconds"))
    except ValueError as error:
        found.leave_out(place, name, str(error))
        return
    if not zone and "zone" not in rule:
        remarks.append(f"it names no timeZone; read in {found.zone}")
    found.add(place, name, rule, "; ".join((*_not_kept(spec), *remarks)), rule.pop("zone", zone))


def _schedule(spec: Mapping[str, Any]) -> tuple[str, str]:
    """The expression and its zone, which is empty where none is named."""
    when, zone = spec.get("schedule"), spec.get("timeZone")
    if not isinstance(when, str) or not when:
        raise ValueError("it has no spec.schedule")
    if _TEMPLATE.search(when) or _TEMPLATE.search(str(zone)):
        raise ValueError("its schedule is filled in by a template; render it first, with `helm template`, say")
    if not isinstance(zone, str | None):
        raise ValueError(f"its timeZone {zone!r} is no text")
    prefixed = re.match(r"(?:CRON_)?TZ=", when)
    if prefixed is None:
        return when, zone or ""
    stated, blank, rest = when[prefixed.end() :].partition(" ")
    if zone:
        raise ValueError("it has both a timeZone and a TZ= in its schedule, which Kubernetes refuses")
    if not blank or stated == "Local":
        raise ValueError(f"{when!r} names no zone")
    return rest.strip(), stated or "UTC"


def _rule(when: str, zone: str, job: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The rule, with a zone if it has one of its own, and what is to be said of it."""
    if when.startswith(_EVERY):
        return _every(when.removeprefix(_EVERY), job)
    cron = of_robfig(when)
    if zone == "UTC" or zone.startswith("Etc/"):  # their clocks are never moved
        return {"cron": cron}, []
    return {"cron": cron, "gap": "skip", "fold": "both"}, [odd] if (odd := oddity(cron, zone)) else []


def _every(span: str, job: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Kubernetes counts from the last run, at first from when the job was made, whatever clocks on walls do."""
    seconds = seconds_of(span)
    rule = of_seconds(seconds)
    metadata, status = fields_of(job.get("metadata")), fields_of(job.get("status"))
    stated = status.get("lastScheduleTime") or metadata.get("creationTimestamp")
    start = _instant(stated)
    if start is None:
        remark = f"every {span} is counted from when the job was made, which isn't said; here from midnight, UTC"
        return rule | {"zone": "UTC"}, [remark]
    remark = f"every {span} is counted from {stated}, as there; a job made anew counts anew"
    return counted_from(seconds, start) | {"zone": "UTC"}, [remark]


def _instant(text: Any) -> Instant | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if moment.tzinfo is None else instant_of(moment)


def _deadline(seconds: Any) -> dict[str, Any]:
    if seconds is None:
        return {}
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds < 2**63:
        raise ValueError("its startingDeadlineSeconds are no number of seconds, which Kubernetes refuses")
    return {"misfire": "skip", "misfire_grace_seconds": max(1, seconds)}


def _not_kept(spec: Mapping[str, Any]) -> Iterator[str]:
    if str(spec.get("suspend")).lower() in _YES:
        yield "suspended there: pause it here"
    policy = spec.get("concurrencyPolicy")
    if policy not in (None, "", "Allow"):
        yield f"concurrencyPolicy: {policy} is not kept: a tick comes whether or not the last one's work is done"


def fields_of(value: Any) -> Mapping[str, Any]:
    """What should be fields; no fields where it is something else."""
    return value if isinstance(value, dict) else {}
