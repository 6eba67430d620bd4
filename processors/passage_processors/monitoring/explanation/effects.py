"""What a cause did to one aggregate, unit by unit, or why it did nothing: told from what was kept before and after.

Whom a fact may start, end or tell is asked of the program, as the fold asks it; an event that followed is heard by the
app's other units in the same step, so what it did is told of the same cause.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from passage_processors.app import App
from passage_processors.core.program.events import iso
from passage_processors.core.program.handlers import Handler
from passage_processors.core.program.repetition import Repeating
from passage_processors.core.program.units import ProcessUnit
from passage_processors.core.state.case import ENDED, PARKED, decode_case
from passage_processors.core.state.instance import Instance, Marker, WakeUp, decode_instance
from passage_processors.monitoring.explanation.answer import EffectKind, UnitEffect
from passage_processors.monitoring.explanation.counts import Unit, by, did_fire, is_same, name_of, wakes_of
from passage_processors.runtime.offline.one_aggregate import FoldedCause
from passage_schemas.instant import Instant

NO_LONGER = "nothing is remembered of it any more: a start from here on begins anew"


class Heard(NamedTuple):
    """What reached the units: a fact, or an event that followed, by its type's name."""

    name: str
    handler: Handler


def effects_of(app: App, index: int, done: FoldedCause, heard: Sequence[Heard], at: Instant) -> Iterator[UnitEffect]:
    """Of one unit, by its place in the app."""
    unit, before, after = app.program.units[index], done.before[index], done.after[index]
    for letter in done.letters:
        if letter.parked and letter.unit == unit.name:
            yield UnitEffect(unit.name, "fails", letter.reason)
    if before == after and not any(by(unit.name, done.events)):
        for name, handler in heard:
            if (role := _role(unit, index, handler)) is not None:
                kind, reason = _nothing_came(unit, before, role, name, at)
                yield UnitEffect(unit.name, kind, reason)
        return
    names = [name for name, handler in heard if _role(unit, index, handler) is not None]
    yield from _wakes(unit, index, done, names)
    if isinstance(unit, ProcessUnit):
        yield from _of_instance(unit, before, after)
    elif after is None:
        yield UnitEffect(unit.name, "forgets", NO_LONGER)


class _Role(NamedTuple):
    """May it start the unit; would it be told while it runs?"""

    starts: bool
    hears: bool


def _role(unit: Unit, index: int, handler: Handler) -> _Role | None:
    if isinstance(unit, ProcessUnit):
        hearing = next((hearing for hearing in handler.hears if hearing.index == index), None)
        return None if hearing is None else _Role(hearing.starts is not None, hearing.hears is not None)
    role = _Role(
        any(start.index == index for start in handler.starts), any(place == index for place, _ in handler.ends)
    )
    return role if any(role) else None


def _nothing_came(unit: Unit, kept: bytes | None, role: _Role, name: str, at: Instant) -> tuple[EffectKind, str]:
    """Why what was heard changed nothing."""
    if kept is None:
        return "unmatched", f"{name} met nothing of this key: nothing had started"
    started, is_over, is_parked = _life(unit, kept)
    since = iso(started)
    if role.starts and at <= started and (is_over or not (role.hears and isinstance(unit, ProcessUnit))):
        return "redelivered", f"{name} is taken for a redelivery: it is no later than the start of {since}"
    if is_over:
        return "ended", f"{name} came after the end: what started at {since} was over"
    if isinstance(unit, ProcessUnit) and role.hears:
        return "hears", f"{name} was heard, and nothing followed"
    return "open", f"{name} starts nothing while what started at {since} {'is parked' if is_parked else 'is open'}"


def _life(unit: Unit, kept: bytes) -> tuple[Instant, bool, bool]:
    """When it started, whether it is over, whether it is parked."""
    if isinstance(unit, ProcessUnit):
        instance = decode_instance(kept)
        return instance.started, isinstance(instance, Marker), False
    case = decode_case(kept)
    return case.started, case.kind == ENDED, case.kind == PARKED


# --- what changed ----------------------------------------------------------------------------------------------------


def _wakes(unit: Unit, index: int, done: FoldedCause, names: Sequence[str]) -> Iterator[UnitEffect]:
    before, after = wakes_of(unit, done.before[index]), wakes_of(unit, done.after[index])
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        called = f"{name}: " if name_of(unit, name) else ""
        fired = did_fire(unit, name, index, done)
        if old is not None and new is not None and not fired and is_same(old, new):
            if old != new:
                yield UnitEffect(unit.name, *_moved(old, new, called))
            continue
        if old is not None:
            counted = f"{_counted(old, done)} of {old.ticks} ticks of {old.schedule}"
            reason = f" by {' and '.join(names)}" if names else ""
            if fired:
                yield UnitEffect(unit.name, "fires", f"{called}{counted} had been counted")
            elif new is None:
                kind: EffectKind = "ends" if name_of(unit, name) is None else "cancels"
                yield UnitEffect(unit.name, kind, f"{called}no longer waited for{reason}, after {counted}")
        if new is not None:
            anew = "" if old is None or fired else ", anew"
            yield UnitEffect(unit.name, "counts", f"{called}{_begun(new, done)}{anew}")


def _counted(wake: WakeUp, done: FoldedCause) -> int:
    folded = done.folded.get(wake.schedule, 0)
    return max(0, min(wake.due, folded) - (wake.due - wake.ticks))


def _begun(wake: WakeUp, done: FoldedCause) -> str:
    line = f"counts {wake.ticks} ticks of {wake.schedule} from here, due at #{wake.due}"
    had_passed = _counted(wake, done)
    if not had_passed:
        return line
    if had_passed < wake.ticks:
        return f"{line}; {had_passed} of them had passed already"
    return f"{line}, which had passed already: it comes with the next tick of any schedule"


def _moved(old: WakeUp, new: WakeUp, called: str) -> tuple[EffectKind, str]:
    if new.parked != old.parked:
        kind: EffectKind = "parks" if new.parked else "resumes"
        return kind, f"{called}{'waits for an operator' if new.parked else 'comes with the next tick of any schedule'}"
    return "moves", f"{called}this tick ended before the count began, so it is due one later, at #{new.due}"


def _of_instance(unit: ProcessUnit, before: bytes | None, after: bytes | None) -> Iterator[UnitEffect]:
    old = None if before is None else decode_instance(before)
    new = None if after is None else decode_instance(after)
    was_running, is_process = isinstance(old, Instance), unit.kind == "process"
    if isinstance(new, Instance):
        if is_process and not was_running:
            yield UnitEffect(unit.name, "starts", "begins")
        marks = old.marks if isinstance(old, Instance) else {}
        for mark, at in new.marks.items():
            if marks.get(mark) != at:
                yield UnitEffect(unit.name, "marks", f"sets the mark {mark}")
        if new.state and (not isinstance(old, Instance) or old.state != new.state):
            state = unit.state_of(new.state)
            if not isinstance(state, Repeating):
                yield UnitEffect(unit.name, "remembers", "remembers", state)
            elif state.starts > 1:
                yield UnitEffect(unit.name, "remembers", f"has been started {state.starts} times")
    elif was_running and is_process:
        yield UnitEffect(unit.name, "ends", "is over")
    elif isinstance(old, Marker) and new is None:
        yield UnitEffect(unit.name, "forgets", NO_LONGER)
