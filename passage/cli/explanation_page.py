"""An explanation as a person reads it: the verdicts, then a table in the order of the fold, then what is kept now."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from rich.console import RenderableType

from passage.cli.processors.inspect import kept_lines, plain
from passage.cli.terminal import columns, rfc3339
from passage_processors.monitoring.explanation.answer import Count, ExplainedCause, Explanation

MOST_TICKS = 60
"""Counted ticks in a row that are listed one by one: two months of days. Of more the first and the last half; JSON has
them all."""


class StoryRow(NamedTuple):
    """A line of the table. `is_tick`: of a tick that was counted, and did nothing else."""

    at: str
    what: str
    where: str
    unit: str
    said: str
    is_tick: bool = False


def page(explanation: Explanation) -> Iterator[RenderableType]:
    """What a person reads."""
    cut = f"up to cut {explanation.cut}{', in the midst of a tick' if explanation.in_burst else ''}"
    yield f"{explanation.aggregate}: partition {explanation.partition} of {explanation.app}, {cut}"
    for verdict in explanation.verdicts:
        yield f"{verdict.event} ({verdict.unit}) {verdict.said}"
    yield ""
    table = columns("at", "what", "where", "unit", "")
    for row in _abridged(rows(explanation)):
        table.add_row(*row[:5])
    yield table
    for entry in explanation.entries:
        yield ""
        yield from kept_lines(entry)


def rows(explanation: Explanation) -> Iterator[StoryRow]:
    """In the order in which all of it was folded."""
    placed = [((cause.sequence, cause.kind != "tick", place), row) for place, row, cause in _causes(explanation)]
    for count in explanation.counts:
        placed += _ticks(explanation, count)
    yield from (row for _, row in sorted(placed, key=lambda pair: pair[0]))
    for fact in explanation.unfolded:
        yield StoryRow(
            rfc3339(fact.at) or "", fact.name, f"{fact.topic}[{fact.partition}]@{fact.offset}", "", "not folded yet"
        )


_Place = tuple[int, bool, int]


def _causes(explanation: Explanation) -> Iterator[tuple[int, StoryRow, ExplainedCause]]:
    for place, cause in enumerate(explanation.causes):
        for row in _cause(cause):
            yield place, row, cause


def _cause(cause: ExplainedCause) -> Iterator[StoryRow]:
    label = f" ({cause.body})" if cause.kind == "tick" and cause.body else ""
    first = (rfc3339(cause.at) or "", f"{cause.name}{label}", cause.where)
    for effect in cause.effects:
        holds = "" if effect.holds is None else f" {json.dumps(plain(effect.holds), ensure_ascii=False)}"
        yield StoryRow(*first, effect.unit, f"{effect.said}{holds}" if effect.unit else f"{effect.kind}: {effect.said}")
        first = ("", "", "")
    if cause.late_after is not None:
        yield StoryRow("", "", "", "", f"late: {cause.late_after} had been folded, which ended after it happened")
    for event in cause.events:
        where = "not written yet" if event.offset is None else f"{event.topic}[{event.partition}]@{event.offset}"
        yield StoryRow(rfc3339(event.at) or "", event.name, where, event.unit, f"emitted as {event.id}")


def _ticks(explanation: Explanation, count: Count) -> Iterator[tuple[_Place, StoryRow]]:
    """Those counted, but for the one that is told as what ended the count. What had passed when it began is told
    there."""
    began = explanation.causes[count.began]
    ended = None if count.ended is None else explanation.causes[count.ended]
    name = "" if count.wake_up is None else f"{count.wake_up}: "
    for number, tick in enumerate(count.counted, 1):
        if ended is not None and ended.kind == "tick" and ended.sequence == tick.sequence:
            continue
        place = (began.sequence, True, count.began) if tick.had_passed else (tick.sequence, False, -1)
        line = f"{name}{number} of {count.ticks}{', had passed' if tick.had_passed else ''}"
        where = f"{tick.topic}[{tick.partition}]@{tick.offset}"
        what = f"{count.schedule}#{tick.ordinal} ({tick.period})"
        yield place, StoryRow(rfc3339(tick.at) or "", what, where, count.unit, line, is_tick=True)


def _abridged(rows: Iterable[StoryRow]) -> Iterator[StoryRow]:
    for is_tick, some in groupby(rows, key=lambda row: row.is_tick):
        listed = list(some)
        left_out = len(listed) - MOST_TICKS
        if not is_tick or left_out <= 0:
            yield from listed
            continue
        yield from listed[: MOST_TICKS // 2]
        yield StoryRow("", f"... {left_out} more", "", "", "ticks counted; --json lists them all")
        yield from listed[-MOST_TICKS // 2 :]
