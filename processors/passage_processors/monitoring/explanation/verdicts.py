"""Did it happen, and if not, why: a line for each event that a unit may emit.

The line says what the causes and counts show, and nothing they don't: a process emits when its handlers say so, and why
they didn't is in its author's code.
"""

from collections.abc import Iterator, Sequence

from passage_processors.app import App
from passage_processors.core.program.events import iso
from passage_processors.core.program.handlers import Handler
from passage_processors.core.program.units import ProcessUnit, ReportUnit
from passage_processors.errors import AppError
from passage_processors.monitoring.explanation.answer import (
    Count,
    EmittedEvent,
    EventVerdict,
    ExplainedCause,
    Unfolded,
    Waiting,
)
from passage_schemas.given.did_you_mean import did_you_mean

_HAS_RUN = ("counts", "starts", "hears")


def emitted_by(app: App) -> dict[str, frozenset[str]]:
    """By unit, the names of the events it may emit; of those that have aggregates."""
    emits = app.program.emits
    return {
        unit.name: frozenset(
            emits[one].name for one in (unit.emits if isinstance(unit, ProcessUnit) else (unit.emits,))
        )
        for unit in app.program.units
        if not isinstance(unit, ReportUnit)
    }


def units_behind(app: App, event: str | None) -> frozenset[str]:
    """The units that emit this event, and those whose events reach them; all, where none is named. Raises AppError
    for an event that no unit emits."""
    emits = emitted_by(app)
    if event is None:
        return frozenset(emits)
    known = sorted(frozenset[str]().union(*emits.values()))
    if event not in known:
        raise AppError(f"no policy or process of app {app.name!r} emits {event!r}; {did_you_mean(event, known)}")
    behind = {unit for unit, names in emits.items() if event in names}
    while more := {unit for unit in emits if unit not in behind and emits[unit] & _heard_by(app, behind)}:
        behind |= more
    return frozenset(behind)


def _heard_by(app: App, units: set[str]) -> frozenset[str]:
    """The names of the events that start, end or tell any of these."""
    indexes = {index for index, unit in enumerate(app.program.units) if unit.name in units}
    return frozenset(
        handler.codec.name for handler in app.program.heard.values() if indexes & set(_reached_by(handler))
    )


def _reached_by(handler: Handler) -> Iterator[int]:
    yield from (start.index for start in handler.starts)
    yield from (index for index, _ in handler.ends)
    yield from (hearing.index for hearing in handler.hears)


def verdicts(
    app: App,
    event: str | None,
    units: frozenset[str],
    causes: Sequence[ExplainedCause],
    counts: Sequence[Count],
    waits: Sequence[Waiting],
    unfolded: Sequence[Unfolded],
) -> Iterator[EventVerdict]:
    """One for each unit and event; only for this event, where one is named."""
    emits = emitted_by(app)
    for unit in (name for name in app.units if name in units):
        waiting = [_waiting(wait) for wait in waits if wait.unit == unit]
        for name in sorted(emits[unit]) if event is None else sorted({event} & emits[unit]):
            happened = [
                emitted for cause in causes for emitted in cause.events if (emitted.unit, emitted.name) == (unit, name)
            ]
            if happened:
                line = "; now it ".join([_happened(happened), *filter(None, ["; ".join(waiting)])])
            else:
                line = f"has not happened: {_why_not(unit, causes, counts, waiting)}"
            if unfolded and (waiting or not happened):
                line += f"; facts of this key wait to be folded: {len(unfolded)}"
            yield EventVerdict(name, unit, len(happened), line)


def _happened(events: Sequence[EmittedEvent]) -> str:
    last = events[-1]
    where = "not on the output yet" if last.offset is None else f"{last.topic}[{last.partition}]@{last.offset}"
    often = "once" if len(events) == 1 else f"{len(events)} times, the last"
    return f"happened {often} at {iso(last.at)}: {where}"


def _why_not(unit: str, causes: Sequence[ExplainedCause], counts: Sequence[Count], waiting: Sequence[str]) -> str:
    if waiting:
        return f"it {'; '.join(waiting)}"
    last = next((count for count in reversed(counts) if count.unit == unit), None)
    if last is not None and last.outcome == "fired":
        return "what was waited for came, and the handler emitted something else, or nothing"
    kinds = {"fails"} if last is not None and last.outcome in ("parked", "failed") else {"ends", "cancels"}
    for cause in reversed(causes):
        for effect in reversed(cause.effects):
            if effect.unit == unit and effect.kind in kinds:
                return f"{effect.said} ({cause.name} of {iso(cause.at)}, {cause.where})"
    refused = next((cause for cause in causes if any(effect.kind == "refused" for effect in cause.effects)), None)
    if any(effect.unit == unit and effect.kind in _HAS_RUN for cause in causes for effect in cause.effects):
        return f"{unit} waits for no tick, and its handlers have not emitted it"
    nothing = f"nothing of this key has started {unit}"
    return nothing if refused is None else f"{nothing}, but a fact was refused ({refused.where})"


def _waiting(wait: Waiting) -> str:
    name = "" if wait.wake_up is None else f"{wait.wake_up}: "
    line = f"waits, {name}{wait.counted} of {wait.ticks} ticks of {wait.schedule} counted, due at #{wait.due}: "
    return line + coming(wait)


def coming(wait: Waiting) -> str:
    """When that will be, as far as it is known."""
    if wait.counted >= wait.ticks:
        line = "its own tick has passed, so it comes with the next tick of any schedule"
    elif wait.ahead == 0:
        line = f"that tick is published, and {wait.unfolded} are yet to be folded"
    else:
        line = "the next tick" if wait.ahead == 1 else f"{wait.ahead} ticks to come"
    if wait.promised_at is not None:
        line += f", promised for {iso(wait.promised_at)}"
    if wait.planned_at is not None and wait.planned_at != wait.promised_at:
        line += f", planned for {iso(wait.planned_at)}"
    return line if wait.status == "active" else f"{line} ({wait.schedule} is {wait.status})"
