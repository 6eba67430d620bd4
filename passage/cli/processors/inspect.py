"""`passage processors inspect`: one aggregate's state, what it waits for, and its history, from the log."""

import dataclasses
import json as as_json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from passage.cli.moments import moment
from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    MOST_COUNT,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    JsonOption,
)
from passage.cli.processors.app_argument import key_given, load_app, open_app_log
from passage.cli.terminal import DIFFERENT, as_text, columns, rfc3339, tell, tell_json
from passage.errors import CommandError
from passage_processors import App
from passage_processors.monitoring.entries import Entry
from passage_processors.monitoring.inspection import Happening, Inspection, WaitsFor
from passage_processors.monitoring.inspection import inspect as inspected
from passage_processors.runtime.topics import check_topics


def inspect(
    where: AppArgument,
    aggregate: Annotated[str, typer.Argument(help="Its key: an invoice, an order.")],
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    unit: Annotated[str | None, typer.Option(help="Only what this policy or process keeps.")] = None,
    since: Annotated[str | None, typer.Option(help="History from then on: 2026-11-20 or 2026-11-20T12:00Z.")] = None,
    last: Annotated[int, typer.Option(min=1, max=MOST_COUNT, help="How many records of history, the last ones.")] = 50,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Show an aggregate: its state, what it waits for, and its history.

    Exit code 1 where the log has nothing of it."""
    app = load_app(where)
    _check_unit(app, unit)
    from_then = None if since is None else moment("--since", since, "UTC")
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    found = inspected(app, log, check_topics(log, app), key_given(aggregate), unit, from_then, last)
    log.close()
    if json:
        tell_json(document(found))
    elif found.is_known:
        for part in page(found):
            tell(part)
    if not found.is_known:
        if not json:
            where_it_would_be = f"partition {found.partition}, where murmur2 puts this key"
            typer.echo(f"nothing of {aggregate!r} on {app.name}'s topics, {where_it_would_be}", err=True)
        raise typer.Exit(DIFFERENT)


def _check_unit(app: App, unit: str | None) -> None:
    """Raises CommandError."""
    if unit is not None and unit not in app.units:
        raise CommandError(f"app {app.name!r} has no unit {unit!r}; it has: {', '.join(app.units)}")


def document(found: Inspection) -> dict[str, Any]:
    """Every field under its own name, instants as text; what a user's own types say as they print it."""
    entries = [entry_document(entry, "holds") for entry in found.entries]
    history = [entry_document(one, "body") for one in found.history]
    told = {"app": found.app, "aggregate": found.aggregate, "partition": found.partition, "cut": found.cut}
    waits = as_text([dataclasses.asdict(one) for one in found.waits])
    return {**told, "entries": entries, "waits": waits, "history": history, "earlier": found.earlier}


def entry_document(one: Entry | Happening, theirs: str) -> dict[str, Any]:
    """`theirs`: the field that holds something of the user's own."""
    fields = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
    body = plain(fields.pop(theirs))
    return {**{name: _value(name, value) for name, value in fields.items()}, theirs: body}


def _value(name: str, value: Any) -> Any:
    if name == "started":
        return rfc3339(value)
    if isinstance(value, tuple):
        return [one._asdict() for one in value]
    if name == "marks":
        return {mark: rfc3339(at) for mark, at in value.items()}
    return as_text(value, name)


def plain(body: Any) -> Any:
    """A user's value as JSON has it: what JSON has no word for, as text."""
    if body is None:
        return None
    return as_json.loads(as_json.dumps(body, default=_as_json))


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)


def page(found: Inspection) -> Iterator[RenderableType]:
    """What a person reads."""
    yield f"{found.aggregate}: partition {found.partition} of {found.app}, by cut {found.cut}"
    for entry in found.entries:
        yield from kept_lines(entry, [one for one in found.waits if one.unit == entry.unit])
    if not found.entries:
        yield "nothing is kept of it"
    yield ""
    if found.earlier:
        yield f"{found.earlier} earlier records are not listed (--last)"
    table = columns("at", "what", "where", "", "says")
    for one in found.history:
        says = "" if one.body is None else as_json.dumps(plain(one.body), ensure_ascii=False)
        table.add_row(rfc3339(one.at), one.name, f"{one.topic}@{one.offset}", one.fate, says)
        if one.said:
            table.add_row("", "", "", "", one.said)
    yield table


def kept_lines(entry: Entry, waits: Sequence[WaitsFor] = ()) -> Iterator[str]:
    """What a unit keeps of an aggregate, for people."""
    yield f"{entry.unit}: {entry.kind}, started {rfc3339(entry.started)}"
    for one in waits:
        name = "" if one.name is None else f" {one.name}"
        yield f"  waits{name} for {one.schedule}#{one.ordinal}: {_coming(one)}"
    if entry.kind == "ended":
        yield f"  its marker stays until {', '.join(f'{wait.schedule}#{wait.due}' for wait in entry.waits)}"
    for wait in entry.waits:
        if wait.parked:
            name = "" if wait.name is None else f" {wait.name}"
            yield f"  its wake-up{name} of {wait.schedule}#{wait.due} failed when it was due: see its letter below"
    if entry.emitted:
        yield f"  has emitted {entry.emitted}"
    for mark, at in entry.marks.items():
        yield f"  mark {mark} at {rfc3339(at)}"
    if entry.holds is not None:
        yield f"  holds {as_json.dumps(plain(entry.holds), ensure_ascii=False)}"


def _coming(one: WaitsFor) -> str:
    if one.ahead == 0:
        return "that has passed, so it fires on the next tick of any schedule"
    if one.ahead > 1:
        return f"{one.ahead} ticks to come"
    return f"the next tick, at {rfc3339(one.at)}" if one.at is not None else "the next tick"
