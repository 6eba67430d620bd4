"""What happened in a scenario, told as a table beside what was expected: what a failed assertion prints.

    InvoiceBecameOverdue followed, but with invoice 'inv-1' where 'inv-2' was expected

                at (UTC)           what happened               what followed          what was expected
        given   2026-01-05 12:00   CustomerWasInvoiced
                                     invoice='inv-1'
                2026-02-03 00:00   29 ticks of day.amsterdam
                                   from 2026-01-06 00:00 on
        when    2026-02-04 00:00   1 tick of day.amsterdam
    ✗           2026-02-04 00:00                               InvoiceBecameOverdue   InvoiceBecameOverdue
                                                                 invoice='inv-1'        invoice='inv-2'

Refuses to cost anything while all goes well: what is noted are references, and words are found when somebody reads.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Any, Literal

from passage.scenario.world import Followed, Unhandled
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.tick import Tick

Chapter = Literal["given", "when"]

WIDTH = 116
"""Of the table: what a review on the web and a log of a build show without breaking lines."""
_CELL = 30
"""An event wider than that has a line for each of its fields."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact, at the scenario's present."""

    at: Instant
    fact: Any


@dataclass(frozen=True, slots=True)
class Opened:
    """A `given` or a `when` began."""

    at: Instant
    chapter: Chapter


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    at: str = ""
    chapter: str = ""
    happened: str = ""
    followed: str = ""
    expected: str = ""
    mark: str = ""


Noted = Happened | Opened | Followed | Unhandled


@dataclass(frozen=True, slots=True)
class ExpectedRefusal:
    """That one is expected, whose reason says this among other things."""

    reason: str

    def __str__(self) -> str:
        return f"a dead letter: ... {self.reason} ..."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was expected beside what followed, one by one; `judged` are those of the story that are held against it.
    `by` says until when there was time."""

    expected: Sequence[object]
    judged: Sequence[Followed | Unhandled]
    by: str = ""

    @property
    def first_difference(self) -> int | None:
        """The place of the first that is not as expected; None: all is."""
        for place, (expected, judged) in enumerate(zip(self.expected, self.judged, strict=False)):
            if not _agree(expected, judged):
                return place
        shorter = min(len(self.expected), len(self.judged))
        return None if len(self.expected) == len(self.judged) else shorter


def _agree(expected: object, judged: Followed | Unhandled) -> bool:
    if isinstance(judged, Unhandled):
        return isinstance(expected, ExpectedRefusal) and expected.reason in judged.reason
    return is_like(expected, judged.event)


def is_like(expected: object, event: object) -> bool:
    """An event is expected as it is, or, by its type alone, whatever its fields say."""
    return type(event) is expected if isinstance(expected, type) else expected == event


def told(event: object) -> str:
    """An event, or a fact, in one line as it would be written, but for its moments."""
    if isinstance(event, type):
        return f"any {event.__name__}"
    if is_dataclass(event) and not isinstance(event, ExpectedRefusal):
        return f"{type(event).__name__}({', '.join(_fields(event))})"
    return str(event)


def told_difference(verdict: Verdict) -> str:
    """The first difference, in one line."""
    place = verdict.first_difference
    if place is None:
        return "it is as expected"
    judged = verdict.judged[place] if place < len(verdict.judged) else None
    if place >= len(verdict.expected):
        return f"nothing {'more ' if place else ''}was expected, but {_told_judged(judged)}"
    expected = verdict.expected[place]
    if judged is None:
        instead = "it has not followed" if verdict.by else "no more followed" if place else "nothing followed"
        return f"{told(expected)} was expected{verdict.by}, but {instead}"
    if isinstance(judged, Unhandled) or type(expected) is not type(judged.event):
        return f"{_told_judged(judged)} where {told(expected)} was expected"
    return f"{type(expected).__name__} followed, but with {_unlike(expected, judged.event)}"


def _unlike(expected: Any, event: Any) -> str:
    """The fields of one type's events that differ."""
    unlike = [(name, getattr(event, name), getattr(expected, name)) for name in _names(event)]
    return ", ".join(
        f"{name} {_value(has)} where {_value(want)} was expected" for name, has, want in unlike if has != want
    )


def _told_judged(judged: Followed | Unhandled | None) -> str:
    if isinstance(judged, Followed):
        return f"{told(judged.event)} followed"
    return "nothing followed" if judged is None else f"a fact or a wake-up was refused: {judged.reason}"


def table(noted: Sequence[Noted], ticks: Iterable[Tick], verdict: Verdict, zone: tzinfo | None) -> str:
    """The story, with the verdict beside what it is about, and a mark at the first difference."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("", "", f"at ({_zone_name(noted, zone)})", "what happened", "what followed", "what was expected"):
        drawn.add_column(title, overflow="fold", no_wrap=title.startswith("at") or not title)
    for row in _rows(noted, ticks, verdict, zone):
        drawn.add_row(row.mark, row.chapter, row.at, row.happened, row.followed, row.expected)
    console = Console(width=WIDTH, color_system=None, force_terminal=False, markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(drawn)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _rows(noted: Sequence[Noted], ticks: Iterable[Tick], verdict: Verdict, zone: tzinfo | None) -> Iterator[Row]:
    chapter = ""
    places = {id(one): place for place, one in enumerate(verdict.judged)}
    for is_tick, run in groupby(_in_order(noted, ticks), lambda one: isinstance(one, Tick)):
        if is_tick:
            yield from _tick_rows([one for one in run if isinstance(one, Tick)], chapter, zone)
            chapter = ""
            continue
        for one in run:
            if isinstance(one, Opened):
                chapter = one.chapter
            elif not isinstance(one, Tick):
                yield _row(one, chapter, places.get(id(one)), verdict, zone)
                chapter = ""
    for place in range(len(verdict.judged), len(verdict.expected)):
        mark = "✗" if place == verdict.first_difference else ""
        yield Row(followed="nothing" if mark else "", expected=_cell(verdict.expected[place]), mark=mark)


def _in_order(noted: Sequence[Noted], ticks: Iterable[Tick]) -> Iterator[Noted | Tick]:
    """A tick goes before what is noted at its instant, as it does for the workers."""
    coming = iter(sorted(ticks, key=lambda tick: tick.sequence))
    tick = next(coming, None)
    for one in noted:
        while tick is not None and tick.ends_at <= one.at:
            yield tick
            tick = next(coming, None)
        yield one
    if tick is not None:
        yield tick
    yield from coming


def _tick_rows(ticks: list[Tick], chapter: str, zone: tzinfo | None) -> Iterator[Row]:
    """A run of ticks between which nothing happened: a row for each schedule."""
    of: dict[str, list[Tick]] = {}
    for tick in ticks:
        of.setdefault(tick.schedule, []).append(tick)
    for schedule, run in of.items():
        last = _moment(run[-1].ends_at, zone)
        more = "" if len(run) == 1 else f"\nfrom {_moment(run[0].ends_at, zone)} on"
        yield Row(last, chapter, f"{len(run)} {'tick' if len(run) == 1 else 'ticks'} of {schedule}{more}")
        chapter = ""


def _row(
    one: Happened | Followed | Unhandled, chapter: str, place: int | None, verdict: Verdict, zone: tzinfo | None
) -> Row:
    at = _moment(one.at, zone)
    if isinstance(one, Happened):
        return Row(at, chapter, _cell(one.fact))
    followed = f"refused: {one.reason}" if isinstance(one, Unhandled) else _cell(one.event)
    if place is None:
        return Row(at, chapter, followed=followed)
    difference = verdict.first_difference
    expected = _cell(verdict.expected[place]) if place < len(verdict.expected) else ""
    if difference is not None and place < difference:
        return Row(at, chapter, followed=followed, expected="the same", mark="✓")
    mark = "✗" if place == difference else ""
    return Row(at, chapter, followed=followed, expected=expected or ("nothing" if mark else ""), mark=mark)


def _cell(event: object) -> str:
    line = told(event)
    if len(line) <= _CELL or not line.endswith(")") or not is_dataclass(event):
        return line
    return "\n  ".join([type(event).__name__, *_fields(event)])


def _fields(event: Any) -> list[str]:
    return [f"{name}={_value(getattr(event, name))}" for name in _names(event)]


def _names(event: Any) -> list[str]:
    return [field.name for field in fields(event)]


def _value(value: object) -> str:
    return value.isoformat(" ") if isinstance(value, datetime) else repr(value)


def _moment(at: Instant, zone: tzinfo | None) -> str:
    return f"{datetime_of(at).astimezone(zone):%Y-%m-%d %H:%M}"


def _zone_name(noted: Sequence[Noted], zone: tzinfo | None) -> str:
    first = datetime_of(noted[0].at) if noted else datetime.fromisoformat("2026-01-05T12:00:00+00:00")
    return first.astimezone(zone).tzname() or "UTC"
