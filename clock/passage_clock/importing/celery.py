"""Celery beat: a module that sets `beat_schedule`, read and never run.

Found are dictionaries named beat_schedule or CELERY_BEAT_SCHEDULE, given by assignment, to `conf.update(...)` or to
`app.conf.beat_schedule`; their `schedule` may be crontab(...), timedelta(...), a number of seconds or schedule(...).
"""

import ast
from collections.abc import Iterator
from typing import Any

from passage_clock.errors import ClockError
from passage_clock.importing.expressions import of_seconds
from passage_clock.importing.found import Found, shown

_NAMES = frozenset({"beat_schedule", "CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE"})
_CRONTAB = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
_SECONDS = {"days": 86400, "seconds": 1, "milliseconds": 0.001, "minutes": 60, "hours": 3600, "weeks": 604800}


def read_celery(given: bytes, file: str, zone: str) -> Found:
    """`zone` holds unless the module sets `timezone`. Raises ClockError for what is no Python."""
    try:
        tree = ast.parse(given)  # as bytes: a module may say its encoding
    except SyntaxError as error:
        place = f"{file}:{error.lineno}" if error.lineno else file
        raise ClockError(f"{place}: not Python: {shown(error.msg)}") from error
    except ValueError as error:
        raise ClockError(f"{file}: not Python: {error}") from error
    settings = dict(_settings(tree))
    stated = next((settings[key] for key in ("timezone", "CELERY_TIMEZONE", "TIME_ZONE") if key in settings), None)
    found = Found(stated.value if isinstance(stated, ast.Constant) and isinstance(stated.value, str) else zone)
    for name, value in settings.items():
        if name in _NAMES and isinstance(value, ast.Dict):
            _entries(found, value, file)
    return found


def _settings(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Everything assigned or passed by keyword, by its last name: `app.conf.timezone = ...` is `timezone`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                name = _last_name(target)
                if name:
                    yield name, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield _last_name(node.target), node.value
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node.value


def _last_name(target: ast.expr) -> str:
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def _entries(found: Found, entries: ast.Dict, file: str) -> None:
    for key, entry in zip(entries.keys, entries.values, strict=True):
        if key is None or not isinstance(key, ast.Constant):
            found.leave_out(f"{file}:{entry.lineno}", "an entry", "its name is worked out by the program; write it out")
            continue
        name, place = str(key.value), f"{file}:{key.lineno}"
        when = _field(entry, "schedule")
        try:
            if when is None:
                raise ValueError("it has no schedule")
            found.add(place, name, _rule(when))
        except ValueError as error:
            found.leave_out(place, name, str(error))


def _field(entry: ast.expr, name: str) -> ast.expr | None:
    if not isinstance(entry, ast.Dict):
        return None
    pairs = zip(entry.keys, entry.values, strict=True)
    return next((value for key, value in pairs if isinstance(key, ast.Constant) and key.value == name), None)


def _rule(when: ast.expr) -> dict[str, Any]:
    if isinstance(when, ast.Constant) and isinstance(when.value, int | float):
        return of_seconds(when.value)
    if isinstance(when, ast.Call):
        kind = _last_name(when.func)
        if kind == "crontab":
            return {"cron": _crontab(when)}
        if kind == "timedelta":
            return of_seconds(_timedelta(when))
        if kind == "schedule":
            inner = [*when.args, *(one.value for one in when.keywords if one.arg == "run_every")]
            if inner:
                return _rule(inner[0])
        if kind == "solar":
            raise ValueError("a solar schedule needs the sun's tables, which are not here")
    raise ValueError("its schedule is worked out by the program; write it as crontab(...), timedelta(...) or a number")


def _crontab(call: ast.Call) -> str:
    given = dict(zip(_CRONTAB, call.args, strict=False)) | {one.arg: one.value for one in call.keywords if one.arg}
    return " ".join(
        _text(given.get(name)) for name in ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    )


def _text(value: ast.expr | None) -> str:
    if value is None:
        return "*"
    try:
        plain = ast.literal_eval(value)
    except ValueError as error:
        raise ValueError("a field of its crontab is worked out by the program; write it out") from error
    if isinstance(plain, list | tuple | set | frozenset):
        return ",".join(str(one) for one in sorted(plain, key=str))
    return str(plain).replace(" ", "")


def _timedelta(call: ast.Call) -> float:
    try:
        positional = sum(_SECONDS[unit] * ast.literal_eval(one) for unit, one in zip(_SECONDS, call.args, strict=False))
        named = sum(_SECONDS[str(one.arg)] * ast.literal_eval(one.value) for one in call.keywords)
    except (ValueError, KeyError) as error:
        raise ValueError("its timedelta is worked out by the program; write it out") from error
    return float(positional + named)
