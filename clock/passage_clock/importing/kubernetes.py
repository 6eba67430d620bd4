"""Kubernetes CronJobs: manifests, a list of them, or what `kubectl get cronjobs -o yaml` prints (JSON is YAML)."""

from collections.abc import Iterator, Mapping
from typing import Any

from passage_clock.config.document import read_documents
from passage_clock.importing.expressions import of_macro
from passage_clock.importing.found import Found
from passage_schemas.given_file import text_of_bytes


def read_kubernetes(given: bytes, file: str, zone: str) -> Found:
    """`zone` is the controller manager's, for jobs without a timeZone. Raises ClockError for what is no YAML."""
    found = Found(zone)
    for job in _jobs(read_documents(text_of_bytes(given, file), file)):
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


def _job(found: Found, job: Mapping[str, Any], file: str) -> None:
    name = str(_fields(job.get("metadata")).get("name", "job"))
    spec = _fields(job.get("spec"))
    place = f"{file}: CronJob {name}"
    when, zone = str(spec.get("schedule", "")).strip(), str(spec.get("timeZone") or "")
    for prefix in ("CRON_TZ=", "TZ="):
        if when.startswith(prefix):
            stated, _, when = when.removeprefix(prefix).partition(" ")
            zone = zone or stated
    try:
        if not when:
            raise ValueError("it has no spec.schedule")
        rule: dict[str, Any] = of_macro(when) if when.startswith("@") else {"cron": when.strip()}
        rule |= _deadline(spec.get("startingDeadlineSeconds"))
    except ValueError as error:
        found.leave_out(place, name, str(error))
        return
    remarks = ["suspended there: pause it here"] if spec.get("suspend") else []
    if not zone:
        remarks.append(f"it names no timeZone; read in {found.zone}")
    found.add(place, name, rule, "; ".join(remarks), zone)


def _deadline(seconds: Any) -> dict[str, Any]:
    if seconds is None:
        return {}
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds < 2**63:
        raise ValueError("its startingDeadlineSeconds is no number of seconds")
    return {"misfire": "skip", "misfire_grace_seconds": max(1, seconds)}


def _fields(value: Any) -> Mapping[str, Any]:
    """What should be fields; no fields where it is something else."""
    return value if isinstance(value, dict) else {}
