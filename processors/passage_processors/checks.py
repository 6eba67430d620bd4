"""What can be wrong with an app as it is written, each said in one line when it is built, before the first fact."""

import re
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, get_args

from passage_processors.core.state.markers import ticks_of
from passage_processors.errors import AppError
from passage_processors.model.declaration import Declaration
from passage_processors.model.policy import Policy, SecondStart
from passage_processors.model.process import Process, Role, roles_of
from passage_processors.model.purity import impurity_of
from passage_processors.model.report import Report
from passage_processors.model.ticks import is_ticks
from passage_schemas.given.did_you_mean import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
"""What Kafka takes as a topic's name."""
_MOST = 1 << 31
_MOST_NAME_BYTES = 255
"""Of a schedule and of a wake-up: what is kept of an aggregate gives their lengths a byte."""


def check(app: Declaration) -> None:
    """Raises AppError."""
    where = f"app {app.name!r}"
    if not app.units:
        raise AppError(f"{where}: has no policies, processes or reports; without one no fact has a consequence")
    _check_settings(app)
    _check_names(app)
    carried = [fact for facts in app.inputs.values() for fact in facts]
    heard = list(dict.fromkeys((*carried, *_emitted(app))))
    for policy in app.policies:
        _check_policy(app, policy, heard)
    for process in app.processes:
        _check_process(f"{where}, process {process.name!r}", process, heard)
    for report in app.reports:
        _check_report(f"{where}, report {report.name!r}", report)
    if app.output in app.inputs:
        raise AppError(f"{where}: {app.output!r} is both input and output; an app hears its own events anyway")
    for topic in app.former_inputs:
        if topic in app.inputs:
            raise AppError(f"{where}: {topic!r} is an input and a former one; take it out of former_inputs")
    _check_derived_from(app)
    for topic in app.compacted:
        if topic not in app.inputs:
            raise AppError(f"{where}: compacted: {topic!r} is none of the app's inputs; {_inputs_hint(app, topic)}")
    _check_formats(app)
    for schedule in app.counted:
        if not 1 <= len(schedule.encode()) <= _MOST_NAME_BYTES:
            raise AppError(
                f"{where}: counts the schedule {schedule!r}; such a name is a text of 1 to {_MOST_NAME_BYTES} bytes"
            )


def _emitted(app: Declaration) -> Iterable[type[Any]]:
    yield from (policy.emits for policy in app.policies)
    for process in app.processes:
        yield from process.emits
    yield from (report.emits for report in app.reports)


def _check_names(app: Declaration) -> None:
    where = f"app {app.name!r}"
    names = []
    for kind, units in (("policy", app.policies), ("process", app.processes), ("report", app.reports)):
        for unit in units:
            if isinstance(unit, type):
                raise AppError(f"{where}: {unit.__name__} is a class; give one of it: {unit.__name__}()")
            name = getattr(unit, "name", None)
            if name is None:
                raise AppError(
                    f"{where}: the {kind} {type(unit).__name__} has no name; state is kept by it: name = ..."
                )
            if not isinstance(name, str) or not _NAME.fullmatch(name) or name == "cut":
                raise AppError(f"{where}: a {kind} can't be named {name!r}; use letters, digits, '-', '_' or '.'")
            names.append(name)
    for name in names:
        if names.count(name) > 1:
            raise AppError(f"{where}: two units are named {name!r}; state is kept by name, so rename one")


def _check_formats(app: Declaration) -> None:
    for topic, given in app.formats.items():
        where = f"app {app.name!r}: formats: {topic!r}"
        if topic != app.output and topic not in app.inputs:
            known = [*sorted(app.inputs), app.output]
            hint = did_you_mean(topic, known, f"there is {', '.join(known)}")
            raise AppError(f"{where} is neither an input nor the output; {hint}")
        if isinstance(given, type) or not hasattr(given, "reading"):
            raise AppError(
                f"{where} is {given!r}, which is no format; use Avro(), Confluent(), Json(...) or CloudEvents()"
            )


def _check_derived_from(app: Declaration) -> None:
    for topic, upstream in app.derived_from.items():
        where = f"app {app.name!r}: derived_from[{topic!r}]={upstream!r}"
        if topic not in app.inputs:
            raise AppError(f"{where}: the topic is none of the app's inputs; {_inputs_hint(app, topic)}")
        if upstream == app.name:
            raise AppError(f"{where}: that is this app itself, and would wait for itself for ever; name the one before")
        if not upstream:
            raise AppError(f"{where}: name the app whose output this input is")


def _inputs_hint(app: Declaration, topic: str) -> str:
    return did_you_mean(topic, app.inputs, f"they are {', '.join(sorted(app.inputs))}")


def _check_settings(app: Declaration) -> None:
    where = f"app {app.name!r}"
    if not _NAME.fullmatch(app.name):
        raise AppError(f"{where}: can't be named that, since its topics are; use letters, digits, '-', '_' or '.'")
    if not app.inputs:
        raise AppError(f"{where}: has no inputs; name the topics its facts come from")
    for topic in (*app.inputs, app.output):
        if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
            raise AppError(f"{where}: no topic can be named {topic!r}; use letters, digits, '-', '_' or '.'")
    if app.on_error not in ("park", "skip", "stop"):
        raise AppError(f"{where}: on_error={app.on_error!r}; it must be one of park, skip, stop")
    if app.stop_after_refusals < 1:
        raise AppError(f"{where}: stop_after_refusals={app.stop_after_refusals}; it must be at least 1")
    for name in (
        "grace_seconds",
        "commit_interval_seconds",
        "max_clock_wait_seconds",
        "max_fact_ahead_seconds",
        "longest_outage_seconds",
    ):
        seconds = getattr(app, name)
        if seconds is not None and not seconds >= 0:
            raise AppError(f"{where}: {name}={seconds}; it can't be negative")


def _check_heard(where: str, facts: Iterable[type[Any]], heard: Iterable[type[Any]]) -> None:
    for fact in facts:
        if fact not in heard:
            name = getattr(fact, "__name__", repr(fact))
            names = sorted({kind.__name__ for kind in heard})
            hint = did_you_mean(name, names, f"the app hears {', '.join(names)}")
            raise AppError(f"{where}: no input carries {name} and nothing here emits it; {hint}")


def _check_policy(app: Declaration, policy: Policy, heard: Iterable[type[Any]]) -> None:
    where = f"app {app.name!r}, policy {policy.name!r}"
    _check_heard(where, (policy.starts_on, *policy.ends_on), heard)
    if policy.starts_on in policy.ends_on:
        raise AppError(f"{where}: {policy.starts_on.__name__} both starts and ends it; use another fact to end it")
    if not callable(policy.after) and not is_ticks(policy.after):
        raise AppError(
            f"{where}: after={policy.after!r}; it must be at least one tick, a whole number, full_days(n) or a function"
        )
    if not 0 <= ticks_of(policy.marker_ticks) < _MOST:
        raise AppError(f"{where}: marker_ticks={policy.marker_ticks}; it can't be negative")
    if callable(policy.of) and not app.schedules:
        raise AppError(f"{where}: its schedule comes from the fact, so name the possible ones in App(schedules=[...])")
    if policy.every is not None and not callable(policy.every) and not _is_count(policy.every):
        raise AppError(
            f"{where}: every={policy.every!r}; it must be a whole number of ticks, at least one, or a function"
        )
    if policy.at_most is not None and policy.every is None:
        raise AppError(f"{where}: at_most={policy.at_most!r} without every; say how often it repeats, or leave it out")
    if policy.at_most is not None and not _is_count(policy.at_most):
        raise AppError(f"{where}: at_most={policy.at_most!r}; it must be a whole number of events, at least one")
    if policy.second_start not in get_args(SecondStart):
        known = ", ".join(get_args(SecondStart))
        raise AppError(f"{where}: second_start={policy.second_start!r}; it must be one of {known}")
    functions = {"after": policy.after, "of": policy.of, "every": policy.every, "event": policy.event}
    for name, function in functions.items():
        if callable(function):
            _check_pure(f"{where}: {name}", function, "case.due_at, or the fact's own fields")


def _is_count(number: object) -> bool:
    return type(number) is int and 1 <= number < _MOST


def _check_process(where: str, process: Process[Any], heard: Iterable[type[Any]]) -> None:
    if not isinstance(process, Process):
        raise AppError(f"{where}: {type(process).__name__} is no Process; derive its class from Process")
    state = getattr(process, "state", None)
    if state is None:
        raise AppError(f"{where}: has no state; write `state = ...`, a frozen dataclass, at the class")
    for version in (state, *process.upgrades):
        if not isinstance(version, type) or not is_dataclass(version) or not _is_frozen(version):
            name = getattr(version, "__name__", repr(version))
            raise AppError(f"{where}: its state {name} is no frozen dataclass; write @dataclass(frozen=True) over it")
    if state in process.upgrades:
        raise AppError(f"{where}: upgrades {state.__name__}, which is its present state; name older ones there")
    for old, upgrade in process.upgrades.items():
        if not callable(upgrade):
            raise AppError(f"{where}: upgrades[{old.__name__}] is no function; it makes the next version of an old one")
        _check_pure(f"{where}: the upgrade of {old.__name__}", upgrade, "the state's own fields")
    for name in ("schedules", "emits"):
        if isinstance(getattr(process, name), str | type):
            raise AppError(f"{where}: {name} is one, not several; write ({name[:-1]},)")
    if not 0 <= ticks_of(process.marker_ticks) < _MOST:
        raise AppError(f"{where}: marker_ticks={process.marker_ticks}; it can't be negative")
    _check_handlers(where, process, heard)


def _check_handlers(where: str, process: Process[Any], heard: Iterable[type[Any]]) -> None:
    seen: dict[Role, str] = {}
    for role, method in roles_of(process):
        name = method.__qualname__
        if role in seen:
            what = f"the wake-up {role.wakes!r}" if role.wakes is not None else _name_of(role)
            raise AppError(f"{where}: {seen[role]} and {name} both handle {what}; keep one")
        seen[role] = name
        if iscoroutinefunction(method) or isasyncgenfunction(method):
            raise AppError(f"{where}: {name} is async, and a handler waits for nothing; write def, without async")
        if role.wakes is not None and not 1 <= len(role.wakes.encode()) <= _MOST_NAME_BYTES:
            raise AppError(f"{where}: {name} handles the wake-up {role.wakes!r}; a name has 1 to 255 bytes")
    if not any(role.starts for role in seen):
        raise AppError(f"{where}: nothing starts it; declare one handler with @starts_on(...)")
    _check_heard(where, (role.fact for role in seen if role.fact is not None), heard)
    if any(role.wakes is not None for role in seen) and not process.schedules:
        raise AppError(f"{where}: handles wake-ups and has no schedules; write `schedules = (...)` at the class")
    for cls in type(process).__mro__:
        if cls.__module__ != Process.__module__ and cls is not object:
            for method in vars(cls).values():
                if callable(method) and hasattr(method, "__code__"):
                    _check_pure(f"{where}: {method.__qualname__}", method, "now.happened_at and what the facts say")


def _name_of(role: Role) -> str:
    return getattr(role.fact, "__name__", repr(role.fact))


def _is_frozen(cls: type[Any]) -> bool:
    params = vars(cls).get("__dataclass_params__")
    return params is not None and bool(params.frozen)


def _check_report(where: str, report: Report) -> None:
    if report.since is not None and report.since.utcoffset() is None:
        raise AppError(f"{where}: since={report.since.isoformat()} has no zone; add one, e.g. tzinfo=UTC")
    _check_pure(f"{where}: event", report.event, "passed.ends_at and passed.period")


def _check_pure(where: str, function: Callable[..., Any], instead: str) -> None:
    if (impurity := impurity_of(function)) is not None:
        raise AppError(
            f"{where} ({impurity.where}) uses {impurity.what}; a replay would get another answer: take {instead}"
        )
