"""The ways of saying when, each read by a parser of its own: `every: day`, `cron: ...`, `any_of: [...]`.

A rule is the same wherever it stands: as a schedule, inside another rule, and in a definition read back from the log.
Days are taken away first (`only`, `except`), then what is left is moved (`shift`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import get_args

from passage_clock.calendars import Company
from passage_clock.calendars.hours import WEEKDAYS
from passage_clock.calendars.market import Market
from passage_clock.civil import FoldPass, Gap, instant_of_civil
from passage_clock.config.calendars import EXPECTED, Calendars
from passage_clock.config.daysets import day_set, day_sets, shift_of
from passage_clock.rules.composed import AllOf, AnyOf
from passage_clock.rules.cron import Cron
from passage_clock.rules.days import OnDays, workdays
from passage_clock.rules.filtered import Filtered, Shifted
from passage_clock.rules.fiscal import FISCAL_PERIODS, WEEKS, Fiscal
from passage_clock.rules.hours import Opening, OpeningEdge
from passage_clock.rules.nth import MOST_COUNTED, Nth
from passage_clock.rules.periods import PERIODS, Every
from passage_clock.rules.recurring import Recurring
from passage_clock.rules.rule import Rule
from passage_clock.rules.sessions import EDGES as SESSION_EDGES
from passage_clock.rules.sessions import Sessions
from passage_schemas.given.document import Node, no_date

ANY_TEXT = re.compile(r"\S.*")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?")
YEARS = range(1971, 9000)
"""When a schedule may start: Kafka's timestamps begin with 1970 in UTC, which is later than 1970 in the east; Python's
dates end with 9999."""

EVERY = (*PERIODS[:5], "workday", *PERIODS[5:], *FISCAL_PERIODS)

GAPS: tuple[Gap, ...] = get_args(Gap)
FOLDS: tuple[FoldPass, ...] = get_args(FoldPass)
EDGES: tuple[OpeningEdge, ...] = get_args(OpeningEdge)

ZONE = "an IANA zone, e.g. Europe/Amsterdam"
START_TEXT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?")
START = "a date or a time on the zone's clock, e.g. 2012-01-01 or 2012-01-01T09:00"


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule may name: the file's calendars, and its other schedules' rules."""

    calendars: Calendars
    rule_of: Callable[[Node], Rule]
    of_the_log: bool = False
    """Whether this is a definition read back, whose `starts_at` is an instant."""


RuleReader = Callable[[Node, str | None, RuleContext], Rule]


@dataclass(frozen=True, slots=True)
class RuleKind:
    """One way of saying when: the fields it takes beside its own, and what reads them."""

    fields: tuple[str, ...]
    read: RuleReader


def rule(section: Node, zone: str | None, reading: RuleContext, beside: tuple[str, ...] = ()) -> Rule:
    """The rule these fields say. `zone`: that of the rule it stands in; `beside`: fields that are no part of a rule."""
    kind = _kind(section.mapping("a rule's fields, e.g. {cron: '0 9 * * *'}"), beside)
    with section.blamed():
        found = kind.read(section, zone, reading)
        only, without = (day_sets(section.get(word), reading.calendars) for word in ("only", "except"))
        if only or without:
            found = Filtered(found, only, without)
        shift = shift_of(section, reading.calendars)
        return found if shift is None else Shifted(found, *shift)


def _kind(section: Node, beside: tuple[str, ...]) -> RuleKind:
    said = [word for word in KINDS if word in section]
    if not said:
        section.only((*beside, *ALL_FIELDS))
        section.need("every", f"one of {', '.join(EVERY)}, or say when by {', '.join(OTHERS)}")
    word, *more = said
    if more:
        raise section.need(more[0], "").wrong(
            f"there is {word}: already; take one of them out, or unite them by any_of"
        )
    kind = KINDS[word]
    section.only((*beside, word, "zone", *kind.fields, *CHOOSING))
    if "calendar" in section and "shift" not in section and "calendar" not in kind.fields:
        raise section.need("calendar", "").wrong(f"has no use beside {word}: alone; take it out, or add shift:")
    return kind


def _zone(section: Node, inherited: str | None) -> str:
    here = section.get("zone")
    if here is None and inherited is not None:
        return inherited
    here = section.need("zone", ZONE)
    name = here.text(re.compile(r"\S+"), ZONE)
    with here.blamed():
        instant_of_civil(date(1970, 1, 2), name)
    return name


def _every(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    here = section.need("every", "")
    every = (
        str(here.value) if isinstance(here.value, str) and here.value[:1].isdigit() else here.choice(EVERY, "no period")
    )
    for name, periods in ONLY_FOR.items():
        if (misplaced := section.get(name)) and every not in periods:
            raise misplaced.wrong(_not_for(name, every, periods))
    zone = _zone(section, inherited)
    if every == "workday":
        calendar = reading.calendars.of(section.need("calendar", EXPECTED))
        return workdays(calendar, zone, _at(section), _gap(section), _fold(section))
    if every in FISCAL_PERIODS:
        words = {name: _word(section, name) for name in ("year_starts", "weeks", "year_ends")}
        return Fiscal(every, zone, **words)
    return Every(every, zone, _word(section, "week_starts") or "monday", _gap(section) or "skip")


ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "calendar": ("workday",),
    "at": ("workday",),
    "fold": ("workday",),
    "gap": ("workday", "day"),
    "week_starts": ("week",),
    "year_starts": FISCAL_PERIODS,
    "weeks": FISCAL_PERIODS,
    "year_ends": FISCAL_PERIODS,
}


def _not_for(name: str, every: str, periods: tuple[str, ...]) -> str:
    if name == "calendar":
        return f"chooses workdays, this is every: {every}; take it out, or write every: workday"
    return f"is for every: {' or '.join(periods)}, this is every: {every}; take it out"


def _on(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    days = day_set(section.need("on", ""), reading.calendars)
    return OnDays(days, _zone(section, inherited), _at(section), _gap(section), _fold(section))


def _cron(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    del reading
    expression = section.need("cron", "").text(ANY_TEXT, "five fields, or six with seconds first, e.g. '30 9 L * *'")
    return Cron(expression, _zone(section, inherited), _gap(section) or "next", _fold(section))


def _rrule(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    text = section.need("rrule", "").text(ANY_TEXT, "e.g. FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17")
    zone = _zone(section, inherited)
    start = section.get("starts_at")
    del reading
    return Recurring(text, zone, civil_start(start, zone) if start else None, _gap(section) or "next", _fold(section))


def _every_nth(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    n = section.need("every_nth", "").whole(range(2, MOST_COUNTED + 1), f"2 to {MOST_COUNTED}, e.g. 2 for every second")
    of = section.need("of", "another schedule of this file, or a rule's fields")
    zone = section.get("zone")
    if of.is_mapping:
        counted = rule(of, _zone(section, inherited) if zone or inherited else None, reading)
    else:
        counted = reading.rule_of(of)
    if zone and zone.value != counted.zone:
        raise zone.wrong(f"it counts in the zone of {of.value}, {counted.zone}; take it out")
    start = section.need("starts_at", f"from when to count: {START}")
    return Nth(n, counted, civil_start(start, counted.zone))


def _opening(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    edge = section.need("opening", "").choice(EDGES, "neither")
    here = section.need("calendar", "one of calendars: that has hours")
    calendar = reading.calendars.of(here)
    if not isinstance(calendar, Company):
        raise here.wrong(f"{calendar.code} has no opening hours; write one of calendars: that has hours:")
    return Opening(calendar, edge, _zone(section, inherited), _gap(section) or "next", _fold(section))


def _session(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    edge = section.need("session", "").choice(SESSION_EDGES, "none")
    here = section.need("market", "an exchange, e.g. XNYS or NASDAQ")
    code = here.text(re.compile(r"\S+"), "an exchange, e.g. XNYS or NASDAQ")
    with here.blamed():
        market = Market(code)
    del reading
    return Sessions(edge, market, _zone(section, inherited or market.zone))


def _any_of(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    return _in_the_zone(section, AnyOf(_members(section, "any_of", inherited, reading)))


def _all_of(section: Node, inherited: str | None, reading: RuleContext) -> Rule:
    return _in_the_zone(section, AllOf(_members(section, "all_of", inherited, reading)))


def _in_the_zone(section: Node, found: Rule) -> Rule:
    """The zone written beside several rules is that of their labels and of `starts_at`, or it is refused."""
    zone = section.get("zone")
    if zone and zone.value != found.zone:
        raise zone.wrong(f"the first rule's zone is {found.zone}, so all have it; write that, or another rule first")
    return found


def _members(section: Node, word: str, inherited: str | None, reading: RuleContext) -> tuple[Rule, ...]:
    """Rules by their fields, or other schedules by their names; their zone is the one around them, or their own."""
    zone = _zone(section, inherited) if "zone" in section else inherited
    items = section.need(word, "").items("a list of rules, e.g. [{cron: '0 9 * * *'}, {cron: '0 17 * * *'}]")
    return tuple(rule(one, zone, reading) if one.is_mapping else reading.rule_of(one) for one in items)


def _at(section: Node) -> int | None:
    here = section.get("at")
    if here is None:
        return None
    seen = time.fromisoformat(here.text(TIME, 'a civil time of two digits each, e.g. "17:30"'))
    return ((seen.hour * 60 + seen.minute) * 60 + seen.second) * 1_000_000 + seen.microsecond


def _gap(section: Node) -> Gap | None:
    here = section.get("gap")
    return here.choice(GAPS, "no policy") if here else None


def _fold(section: Node) -> FoldPass:
    here = section.get("fold")
    return here.choice(FOLDS, "no policy") if here else "first"


def _word(section: Node, name: str) -> str:
    here = section.get(name)
    return here.text(ANY_TEXT, EXAMPLES[name]) if here else ""


EXAMPLES: Mapping[str, str] = {
    "week_starts": f"one of {', '.join(WEEKDAYS)}",
    "year_starts": "a month, e.g. april",
    "weeks": f"one of {', '.join(WEEKS)}",
    "year_ends": "e.g. last saturday of january, or nearest saturday to january 31",
}


def civil_start(here: Node, zone: str) -> datetime:
    """What `starts_at` says on the zone's clock."""
    if not isinstance(here.value, str):
        raise here.unlike(START)
    seen = str(here.value)
    try:
        civil = datetime.fromisoformat(seen)
    except ValueError as error:
        raise here.wrong(f"{no_date(seen, error)}; write {START}") from error
    if civil.tzinfo is not None:
        raise here.wrong(f"{seen!r} has an offset; leave it out, the time is read in {zone}")
    here.text(START_TEXT, START)
    if civil.year not in YEARS:
        mend = f"write a year from {YEARS.start} to {YEARS.stop - 1}"
        raise here.wrong(f"{seen!r} won't do, Kafka's time begins in 1970; {mend}")
    return civil


CHOOSING = ("only", "except", "shift", "calendar")
"""What any rule may say of the days its occurrences fall on."""

KINDS: Mapping[str, RuleKind] = {
    "every": RuleKind(("calendar", "at", "gap", "fold", "week_starts", "year_starts", "weeks", "year_ends"), _every),
    "on": RuleKind(("at", "gap", "fold"), _on),
    "cron": RuleKind(("gap", "fold"), _cron),
    "rrule": RuleKind(("starts_at", "gap", "fold"), _rrule),
    "every_nth": RuleKind(("of", "starts_at"), _every_nth),
    "session": RuleKind(("market",), _session),
    "opening": RuleKind(("calendar", "gap", "fold"), _opening),
    "any_of": RuleKind((), _any_of),
    "all_of": RuleKind((), _all_of),
}

ALL_FIELDS = ("zone", *KINDS, *CHOOSING, *sorted({name for kind in KINDS.values() for name in kind.fields}))

OTHERS = tuple(word for word in KINDS if word != "every")
