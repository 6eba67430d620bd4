"""`passage processors dead-letters show`."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    JsonOption,
)
from passage.cli.processors.app_argument import load_app
from passage.cli.processors.dead_letters.letters import document, happened_at, named, opened, places_of, text_of
from passage.cli.processors.inspect import plain
from passage.cli.terminal import out, rfc3339, tell_json
from passage_processors import App
from passage_processors.monitoring.inspection import read
from passage_processors.runtime.offline.dead_letters import StoredLetter

_MOST_SHOWN = 1_000
"""Bytes, or characters, of a value the app can't decode: enough to see what it is, and a screen can hold it."""


def show(
    where: AppArgument,
    places: Annotated[list[str], typer.Argument(metavar="LETTER", help="PARTITION@OFFSET, as list tells.")],
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Show dead letters whole: their headers, and the fact."""
    app, lying = load_app(where), places_of(places)
    log, count = opened(app, bootstrap, client_file, connect_timeout_seconds)
    for one in named(log, app, lying, count):
        _show(app, one, json)
    log.close()


def _show(app: App, one: StoredLetter, json: bool) -> None:
    fact = read(app, one.topic, one.value, lambda: one.headers)[1] if one.is_whole else None
    headers = {name: text_of(value) for name, value in one.headers}
    if json:
        value, text = (None, None) if one.value is None else (one.value.hex(), readable(one.value))
        said = {"headers": headers, "type": _type(fact), "fact": plain(fact), "value_hex": value, "value_text": text}
        tell_json({**document(one), **said})
        return
    for name, text in _lines(one, fact, headers):
        out.print(f"{name:<12}{text}", highlight=False, markup=False, soft_wrap=True)


def _lines(one: StoredLetter, fact: Any, headers: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "letter", one.where
    yield "refused at", str(rfc3339(one.stored_at))
    if one.requeued_at is not None:
        yield "requeued at", str(rfc3339(one.requeued_at))
    yield "kind", one.kind
    yield "from", one.origin
    if one.unit:
        yield "wake-up", f"{one.wake_up or '-'} of {one.unit}"
    if happened := happened_at(one):
        yield "happened at", happened
    yield "key", text_of(one.key)
    yield "reason", one.reason
    for name, text in headers.items():
        yield "header", f"{name}: {text}"
    if not one.is_whole:
        yield "value", f"too large for the dead letters; it is where it lay: {one.origin}"
    elif fact is not None:
        yield "value", str(fact)
    else:
        yield "value", _shown(one.value)


def _type(fact: Any) -> str | None:
    return None if fact is None else type(fact).__name__


def _shown(value: bytes | None) -> str:
    if value is None:
        return "none"
    text = readable(value)
    shown, kind = (value.hex()[: 2 * _MOST_SHOWN], "bytes") if text is None else (text[:_MOST_SHOWN], "characters")
    rest = (len(value) if text is None else len(text)) - _MOST_SHOWN
    return shown + (f" and {rest} {kind} more" if rest > 0 else "")


def readable(value: bytes) -> str | None:
    """The text that it is, as JSON is; None for what would only be noise at a terminal, or steer it."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if all(one.isprintable() or one in "\n\r\t" for one in text) else None
