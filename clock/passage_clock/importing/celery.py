"""Celery beat: a module that sets `beat_schedule`, read and never run.

Found are the entries of every table that is given to a `beat_schedule` (or CELERY_BEAT_SCHEDULE, CELERYBEAT_SCHEDULE),
in whatever class and way: by assignment, item by item, `update`, `|=`, `setdefault`; and what `add_periodic_task` adds.
Each owner of a table (`app.conf`, a class) has its own timezone. Constants are followed, functions are taken to be
called, a branch to be taken. What can't be followed is left out, aloud: also every crontab(...) that none of this met.
"""

import ast
from datetime import timedelta
from typing import Any

from passage_clock.errors import ClockError, ZoneError
from passage_clock.importing.celery_cron import FIELDS, in_gaps, of_crontab
from passage_clock.importing.celery_settings import DOUBT, Job, Settings
from passage_clock.importing.expressions import of_seconds
from passage_clock.importing.found import JobsFound
from passage_clock.importing.python import Call, Table, Unknown, last_name, parsed

CRONS = frozenset({"crontab", "solar", "TzAwareCrontab"})

INTERVAL = "Celery counts it from when beat starts; here it is on the clock"
GAP = "of several times in a gap of its zone Celery runs the first, as much later as the gap is long; here at its end"
WORKED_OUT = "its schedule is worked out by the program; write it as crontab(...), timedelta(...) or a number"


def read_celery(given: bytes, file: str, zone: str) -> JobsFound:
    """`zone` holds unless the module sets one. Raises ClockError for what is no Python."""
    tree = parsed(given, file)
    module = Settings()
    try:
        module.run(tree.body, "")
        module.run_functions()
        return _found(module, tree, file, zone)
    except RecursionError as error:
        raise ClockError(f"{file}: it is nested too deep to be followed") from error


def _found(module: Settings, tree: ast.Module, file: str, zone: str) -> JobsFound:
    """In the file's order."""
    found = JobsFound(zone)
    jobs = list(module.jobs)
    for owner, tables in module.tables.items():
        for table in tables:
            for key, (value, line) in table.entries.items():
                doubt = (DOUBT,) if line in module.in_doubt else ()
                jobs.append(Job(owner, str(key), value, line, doubt))
            module.lost += [(line, "an entry", "it is worked out by the program; write it out") for line in table.lost]
    seen: set[ast.Call] = set()
    told: list[tuple[int, Any]] = [(line, (name, why)) for line, name, why in module.lost]
    told += [(job.line, job) for job in {(job.owner, job.name, job.line): job for job in jobs}.values()]
    for line, one in sorted(told, key=lambda pair: pair[0]):
        place = f"{file}:{line}"
        if isinstance(one, Job):
            _entry(found, module, one, place, seen)
        else:
            found.leave_out(place, *one)
    told_in = {line for line, _ in told}
    for node in ast.walk(tree):
        unmet = isinstance(node, ast.Call) and node not in seen and node.lineno not in told_in
        if unmet and isinstance(node, ast.Call) and last_name(node.func) in CRONS:
            why = "it is in no beat_schedule, or in one that can't be followed"
            found.leave_out(f"{file}:{node.lineno}", f"{last_name(node.func)}(...)", why)
    return found


def _entry(found: JobsFound, module: Settings, job: Job, place: str, seen: set[ast.Call]) -> None:
    when = job.value.get("schedule") if isinstance(job.value, Table) else job.value
    remarks = job.remarks
    try:
        if isinstance(job.value, Table) and job.value.lost:
            remarks += ("a part of it is worked out by the program",)
        if when is None:
            raise ValueError("it has no schedule")
        rule, more = _rule(when, seen)
        zone, about_zone = _zone(module, job.owner, found.zone)
        if isinstance(when, Call) and when.name == "crontab":
            gap = in_gaps(_fields(when), zone)
            rule |= {"gap": gap} if gap == "shift" else {}
            more += () if gap else (GAP,)
    except (ValueError, ZoneError) as error:
        found.leave_out(place, job.name, str(error))
        return
    found.add(place, job.name, rule, "; ".join((*remarks, *more, *about_zone)), zone)


def _zone(module: Settings, owner: str, given: str) -> tuple[str, tuple[str, ...]]:
    """The owner's, else the module's, else the only one there is; a function's own variable is none of these."""
    stated = next(iter((*module.zones_of(owner), *module.zones_of(""))), None)
    if stated is None:
        others = [one for other in module.zones if "()" not in other for one in module.zones_of(other)[:1]]
        if len({str(value) for value, _ in others}) > 1:
            return given, (f"the file sets several timezones, none beside it; read in {given}",)
        stated = next(iter(others), None)
    if stated is None or stated[0] is None:
        if module.utc_off:
            return given, (f"enable_utc is off and no timezone set: beat runs by the machine's clock; read in {given}",)
        return given, () if given == "UTC" else (f"it sets no timezone, and Celery's own is UTC; read in {given}",)
    value, line = stated
    if isinstance(value, Call) and value.name in ("ZoneInfo", "timezone", "gettz") and len(value.arguments) == 1:
        value = value.arguments[0]
    if isinstance(value, str) and value:
        return value, ()
    return given, (f"its timezone is worked out by the program in line {line}; read in {given}",)


def _rule(when: object, seen: set[ast.Call]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """And remarks. Raises ValueError with the reason."""
    if isinstance(when, timedelta):
        when = when.total_seconds()
    if isinstance(when, int | float) and not isinstance(when, bool):
        return of_seconds(when), (INTERVAL,)
    if not isinstance(when, Call):
        raise ValueError(WORKED_OUT)
    seen.add(when.node)
    if when.name == "solar":
        raise ValueError("a solar schedule needs the sun's tables, which are not here")
    if when.name == "crontab":
        return of_crontab(_fields(when)), ()
    if when.name == "schedule" and not when.rest:
        every = when.named.get("run_every", when.arguments[0] if when.arguments else None)
        if every is not None and not isinstance(every, Call):
            return _rule(every, seen)
    raise ValueError(WORKED_OUT)


def _fields(call: Call) -> dict[str, object]:
    if call.rest or len(call.arguments) > len(FIELDS):
        raise ValueError("its crontab's fields are worked out by the program; write them out")
    given = {**dict(zip(FIELDS, call.arguments, strict=False)), **call.named}
    if "nowfun" in given:
        raise ValueError("its crontab asks a function of the program (nowfun) what time it is; say in which zone")
    given.pop("app", None)
    for name, value in given.items():
        if name not in FIELDS:
            raise ValueError(f"Celery's crontab takes no {name}=; it has {', '.join(FIELDS)}")
        if isinstance(value, Unknown | Call | Table):
            raise ValueError(f"{name} of its crontab is worked out by the program; write it out")
    return given
