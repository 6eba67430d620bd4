"""The file's `policies:` and `reports:`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, get_args

from passage.apps.events import Events
from passage.apps.values import Filled, check_type, field_of, filling
from passage_processors.model.policy import Policy, SecondStart
from passage_processors.model.report import Report
from passage_processors.model.ticks import Ticks, full_days
from passage_schemas.fact_types.forms import hints_of
from passage_schemas.given.document import Node
from passage_schemas.instant import YEARS

_COUNT = range(1, 1 << 31)
_TICKS = "a number of ticks, 1 or more; or {field: NAME, plus: NUMBER} where the fact says it"
_AFTER = f"{_TICKS}; or {{full_days: ...}} with either, for whole days"
_SCHEDULE = "a schedule's name; or {field: NAME, one_of: {VALUE: SCHEDULE}} where the fact says it"
_EMITS = "one event with its fields, e.g. {InvoiceBecameOverdue: {invoice: $key}}"
_SECOND: tuple[SecondStart, ...] = get_args(SecondStart)
_POLICY = (
    "name", "starts_on", "after", "of", "unless", "emits", "every", "at_most", "second_start", "marker_ticks",
)  # fmt: skip


def policies(top: Node, known: Events) -> list[Policy]:
    """Raises ConfigError."""
    section = top.get("policies")
    return [] if section is None else [_policy(one, known) for one in section.items("a list, each beginning - name:")]


def _policy(section: Node, known: Events) -> Policy:
    section.mapping("- name: and its fields").only(_POLICY)
    fact = known.one(section.need("starts_on", "the event that starts it"))
    after = _after(section.need("after", _AFTER), fact)
    of = _of(section.need("of", _SCHEDULE), fact)
    emits, event, looks = _emits(section, known, fact)
    found: dict[str, Any] = {}
    if (here := section.get("every")) is not None:
        found["every"] = _ticks(here, fact)
    if (here := section.get("at_most")) is not None:
        found["at_most"] = here.whole(_COUNT, "a whole number, 1 or more")
    if (here := section.get("marker_ticks")) is not None:
        found["marker_ticks"] = here.whole(range(1 << 31), "a whole number, 0 or more")
    if (here := section.get("second_start")) is not None:
        found["second_start"] = here.choice(_SECOND, "no answer to a second start")
    unless = section.get("unless")
    return Policy(
        name=_name(section),
        starts_on=fact,
        after=after,
        of=of,
        unless=tuple(known.one(one) for one in unless.one_or_more("events, by name")) if unless else (),
        emits=emits,
        event=event,
        keep_fact=looks,
        **found,
    )


def _after(here: Node, fact: type[Any]) -> Ticks | Callable[[Any], Ticks]:
    whole = here.get("full_days") if here.is_mapping else None
    if whole is None:
        return _ticks(here, fact, _AFTER)
    here.only(("full_days",))
    days = _ticks(whole, fact)
    if callable(days):
        return lambda seen: full_days(days(seen))
    try:
        return full_days(days)
    except ValueError:
        raise whole.unlike(_AFTER) from None


def _ticks(here: Node, fact: type[Any], expected: str = _TICKS) -> int | Callable[[Any], int]:
    if not here.is_mapping:
        return here.whole(_COUNT, expected)
    here.only(("field", "plus"))
    name = _field(here, fact, int)
    add = here.get("plus")
    plus = add.whole(range(-(1 << 31), 1 << 31), "a whole number") if add else 0

    def ticks_of(seen: Any) -> int:
        said = getattr(seen, name)
        if said is None:
            raise LookupError(f"{name} is missing, and `{here.field}` counts by it; write facts that have it")
        return int(said) + plus

    return ticks_of


def _of(here: Node, fact: type[Any]) -> str | Callable[[Any], str]:
    if isinstance(here.value, str):
        return str(here.value)
    here.mapping(_SCHEDULE).only(("field", "one_of"))
    name = _field(here, fact, str)
    offered = here.need("one_of", "which value means which schedule").mapping("VALUE: SCHEDULE")
    table = {one.field: named(one) for one in offered}

    def schedule_of(seen: Any) -> str:
        said = getattr(seen, name)
        if said not in table:
            raise LookupError(f"{name} is {said!r}, which is none of {', '.join(table)}")
        return table[said]

    return schedule_of


def schedules_of(top: Node) -> list[str]:
    """Those a policy's `one_of` may answer, which the app must therefore declare."""
    section = top.get("policies")
    tables = [one.get("of") for one in section.items("")] if section else []
    return [named(one) for of in tables if of and of.is_mapping for one in of.need("one_of", "")]


def _field(here: Node, fact: type[Any], wanted: type[Any]) -> str:
    field = here.need("field", f"a field of {fact.__name__}")
    name = field_of(field, fact, named(field))
    check_type(field, name, hints_of(fact)[name], wanted)
    return name


def reports(top: Node, known: Events) -> list[Report]:
    """Raises ConfigError."""
    section = top.get("reports")
    return [] if section is None else [_report(one, known) for one in section.items("a list, each beginning - name:")]


def _report(section: Node, known: Events) -> Report:
    section.mapping("- name: and its fields").only(("name", "of", "emits", "since"))
    emits, event, _ = _emits(section, known, None)
    of = named(section.need("of", "a schedule's name"))
    return Report(name=_name(section), of=of, emits=emits, event=event, since=_since(section))


def _since(section: Node) -> datetime | None:
    here = section.get("since")
    if here is None:
        return None
    try:
        found = datetime.fromisoformat(str(here.value))
    except ValueError:
        raise here.unlike("an instant, e.g. 2026-01-01T00:00:00Z") from None
    if found.tzinfo is None:
        raise here.wrong(f"{here.value} is on no zone's clock; add its offset, e.g. 2026-01-01T00:00:00Z")
    if found.year not in YEARS:
        raise here.wrong(f"{here.value} won't do; write a year from {YEARS.start} to {YEARS.stop - 1}")
    return found


def _emits(section: Node, known: Events, fact: type[Any] | None) -> tuple[type[Any], Filled, bool]:
    here = section.need("emits", _EMITS).mapping(_EMITS)
    if len(here.value) != 1:
        raise here.unlike(_EMITS)
    (told,) = here
    event = known.one(Node(told.file, told.line, told.path, told.field))
    return event, *filling(told, event, fact)


def _name(section: Node) -> str:
    return named(section.need("name", "a name, e.g. overdue"))


def named(here: Node) -> str:
    """The name that stands here. Raises ConfigError."""
    if not isinstance(here.value, str) or not here.value:
        raise here.unlike("a name")
    return str(here.value)
