"""Celery's crontab(...) in our words: which values each of its five fields stands for.

A day must be of the month's and of the week's days, both, while our cron takes either: where both say something the
weekdays are a filter beside it. A range may wrap (`22-2`, `sat-mon`), and `monday` is a weekday as any word is that
begins like one. It refuses, with ValueError, what Celery refuses.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from passage_clock import civil
from passage_clock.civil import Gap
from passage_schemas.instant import instant_of

FIELDS: Mapping[str, range] = {
    "minute": range(60),
    "hour": range(24),
    "day_of_week": range(7),
    "day_of_month": range(1, 32),
    "month_of_year": range(1, 13),
}
"""In the order crontab(...) takes them, and what each may be."""

_MINUTE = 60 * civil.SECOND

_LOOKED_AT = tuple(instant_of(datetime(year, 1, 1, tzinfo=UTC)) for year in (2024, 2028))
"""Which gaps a zone has is told by these years."""

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def of_crontab(given: Mapping[str, object]) -> dict[str, Any]:
    """The rule of what was given, by field. Raises ValueError with the reason."""
    values = {name: _values(name, given.get(name, "*")) for name in FIELDS}
    spelled = {name: _spelled(values[name], allowed) for name, allowed in FIELDS.items()}
    fields = ["minute", "hour", "day_of_month", "month_of_year"]
    if "*" in (spelled["day_of_month"], spelled["day_of_week"]):
        return {"cron": " ".join(spelled[name] for name in (*fields, "day_of_week"))}
    weekdays = [_WEEKDAYS[day] for day in sorted(values["day_of_week"])]
    return {"cron": " ".join((*(spelled[name] for name in fields), "*")), "only": [{"weekday": weekdays}]}


def in_gaps(given: Mapping[str, object], zone: str) -> Gap | None:
    """What our rule has to make of a time that a gap of the zone skips, to run when beat runs: of those in one gap the
    first, as much later as the gap is long. None: nothing of ours is that."""
    hours = _values("hour", given.get("hour", "*"))
    minutes = _values("minute", given.get("minute", "*"))
    if len(hours) == len(FIELDS["hour"]):  # nothing is made up for, and the later time has its own
        return "next"
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    skipped = [(begin, end, [time for time in times if begin <= time < end]) for begin, end in _gaps(zone)]
    if all(_is_kept_at_the_end(begin, end, inside, times) for begin, end, inside in skipped):
        return "next"
    return "shift" if all(len(inside) < 2 for _, _, inside in skipped) else None


def _is_kept_at_the_end(begin: int, end: int, inside: Sequence[int], times: Sequence[int]) -> bool:
    """A time right at the gap's begin is as late as its end; and where both have a time of their own, all is there."""
    return not inside or inside[0] == begin or (end in times and inside[0] + end - begin in times)


def _gaps(zone: str) -> Iterator[tuple[int, int]]:
    """Of some years, by the minutes of the day from which to which the clock jumps."""
    here = civil.zone(zone)
    span = here.span_at(_LOOKED_AT[0])
    while span.ends_at < _LOOKED_AT[1]:
        then = here.span_at(span.ends_at)
        if then.offset > span.offset:
            begin = (span.ends_at + span.offset) % civil.DAY // _MINUTE
            yield begin, begin + (then.offset - span.offset) // _MINUTE
        span = then


def _values(name: str, given: object) -> frozenset[int]:
    allowed = FIELDS[name]
    if isinstance(given, str):
        return frozenset(value for part in given.split(",") for value in _part(name, part))
    several = given if isinstance(given, list | tuple | set | frozenset | range) else [given]
    for value in several:
        if not isinstance(value, int) or value not in allowed:
            raise ValueError(_refused(name, value))
    return frozenset(several) or _none(name)


def _none(name: str) -> frozenset[int]:
    raise ValueError(f"{name} is empty, so it never runs")


def _part(name: str, part: str) -> Iterable[int]:
    allowed = FIELDS[name]
    base, slash, step = part.partition("/")
    if base == "*":
        values: list[int] = list(allowed)
    else:
        first, dash, last = base.partition("-")
        begin = _number(name, first)
        end = _number(name, last) if dash else begin
        values = list(
            range(begin, end + 1) if begin <= end else (*range(begin, allowed.stop), *range(allowed.start, end + 1))
        )
        if slash and not dash:
            raise ValueError(_refused(name, part))
    if slash and (not step.isdecimal() or len(step) > 9 or int(step) < 1):
        raise ValueError(_refused(name, part))
    return values[:: int(step)] if slash else values


def _number(name: str, word: str) -> int:
    word = word.strip()
    weekday = next((day for day, known in enumerate(_WEEKDAYS) if known[:3] == word[:3].lower()), None)
    number = int(word) if word.isdecimal() and len(word) <= 9 else weekday
    if number is None or number not in FIELDS[name]:
        raise ValueError(_refused(name, word))
    return number


def _refused(name: str, value: object) -> str:
    allowed = FIELDS[name]
    return f"Celery refuses {name}={value!r}: it takes {allowed.start} to {allowed.stop - 1}, ranges and steps"


def _spelled(values: frozenset[int], allowed: range) -> str:
    """As a field of cron: a star, steps, or runs of values."""
    listed = sorted(values)
    if len(listed) == len(allowed):
        return "*"
    step = listed[1] - listed[0] if len(listed) > 2 else 1
    if step > 1 and listed[0] == allowed.start and listed == list(allowed[::step]):
        return f"*/{step}"
    runs: list[list[int]] = []
    for value in listed:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
