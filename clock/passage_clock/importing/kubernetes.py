"""Kubernetes CronJobs: manifests, a list of them, or what `kubectl get cronjobs -o yaml` prints (JSON is YAML)."""

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from passage_clock.errors import ClockError
from passage_clock.importing.expressions import of_macro
from passage_clock.importing.found import Found


def read_kubernetes(text: str, file: str, zone: str) -> Found:
    """`zone` is the controller manager's, for jobs without a timeZone. Raises ClockError for what is no YAML."""
    found = Found(zone)
    try:
        documents = list(YAML(typ="safe").load_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join((error.problem or error.context or "can't be parsed").split())
        raise ClockError(f"{file}:{mark.line + 1 if mark else 1}: not YAML: {said}; mend the line") from error
    except YAMLError as error:
        raise ClockError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    for job in _jobs(documents):
        _job(found, job, file)
    return found


def _jobs(documents: list[Any]) -> Iterator[dict[str, Any]]:
    for document in documents:
        if not isinstance(document, dict):
            continue
        if document.get("kind") == "CronJob":
            yield document
        elif isinstance(document.get("items"), list):
            yield from _jobs(document["items"])


def _job(found: Found, job: dict[str, Any], file: str) -> None:
    name = str((job.get("metadata") or {}).get("name", "job"))
    spec = job.get("spec") or {}
    place = f"{file}: CronJob {name}"
    when, zone = str(spec.get("schedule", "")).strip(), str(spec.get("timeZone") or "")
    for prefix in ("CRON_TZ=", "TZ="):
        if when.startswith(prefix):
            stated, _, when = when.removeprefix(prefix).partition(" ")
            zone = zone or stated
    try:
        rule: dict[str, Any] = of_macro(when) if when.startswith("@") else {"cron": when.strip()}
    except ValueError as error:
        found.leave_out(place, name, str(error))
        return
    if not when:
        found.leave_out(place, name, "it has no spec.schedule")
        return
    deadline = spec.get("startingDeadlineSeconds")
    if deadline is not None:
        rule |= {"misfire": "skip", "misfire_grace_seconds": int(deadline)}
    remarks = ["suspended there: pause it here"] if spec.get("suspend") else []
    if not zone:
        remarks.append(f"it names no timeZone; read in {found.zone}")
    found.add(place, name, rule, "; ".join(remarks), zone)
