"""`passage processors dead-letters`: what was refused and why, and sending it back once that is mended."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from passage.cli.processors.inspect import plain
from passage.cli.processors.loaded import AppArgument, ClientFileOption, load_app, open_app_log
from passage.cli.terminal import (
    DEFAULT_CONNECT_SECONDS,
    MOST_COUNT,
    BootstrapOption,
    ConnectOption,
    JsonOption,
    columns,
    out,
    rfc3339,
    tell,
    tell_json,
)
from passage_log.port import Log
from passage_processors import App, AppError, ProcessorError
from passage_processors.runtime.dead_letters import DeadLetter, NotSent, Requeue, letter_at, letters
from passage_processors.runtime.topics import check_topics
from passage_processors.watching.inspecting import read
from passage_schemas.instant import instant_of_milliseconds

ACTIONS = ("list", "show", "requeue")
KINDS = ("fact", "wake-up", "foreign")
_PLACE = re.compile(r"(\d+)@(\d+)")
MOST_DIGITS = 18
"""Of an offset, which is a number of 63 bits."""
_MOST_SHOWN = 1_000
"""Bytes, or characters, of a value the app can't decode: enough to see what it is, and a screen can hold it."""


def dead_letters(
    action: Annotated[str, typer.Argument(help=f"One of {', '.join(ACTIONS)}.")],
    where: AppArgument,
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[LETTER]...", help="To show or requeue: PARTITION@OFFSET, as listed.")
    ] = None,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    reason: Annotated[str | None, typer.Option(help="Only those whose reason has this in it.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only those from this topic, or for this schedule.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(KINDS)}.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_COUNT, help="List at most so many, the last ones of each partition.")
    ] = 100,
    every: Annotated[bool, typer.Option("--all", help="Requeue all there are, or all that match.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be requeued, and do nothing.")] = False,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """See what could not be handled and why, and send it back once that is mended."""
    found = load_app(where)
    matches = _Matching(reason, topic, kind)
    named = [_place(text) for text in places or ()]
    _check(action, named, every, dry_run, matches)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    count = check_topics(log, found)
    for number, _ in named:
        if number >= count:
            raise AppError(f"{found.dead_letters} has no partition {number}; it has {count}")
    chosen = (
        [letter_at(log, found, *place) for place in named]
        if named
        else (one for one in letters(log, found, range(count)) if matches(one))
    )
    if action == "requeue":
        _requeue(log, found, chosen, every, dry_run, json)
    elif action == "show":
        for one in chosen:
            _show(found, one, json)
    else:
        _list(_last_of_each(chosen, limit), json)
    log.close()


class _Matching:
    """What `--reason`, `--topic` and `--kind` leave."""

    def __init__(self, reason: str | None, topic: str | None, kind: str | None) -> None:
        if kind is not None and kind not in KINDS:
            raise AppError(f"--kind {kind}: there is {', '.join(KINDS)}")
        self._wanted = reason, topic, kind

    @property
    def any(self) -> bool:
        return self._wanted == (None, None, None)

    def __call__(self, one: DeadLetter) -> bool:
        reason, topic, kind = self._wanted
        return (
            (reason is None or reason in one.reason)
            and (topic is None or topic == one.topic)
            and (kind is None or kind == one.kind)
        )


def _place(text: str) -> tuple[int, int]:
    found = _PLACE.fullmatch(text)
    if found is None or len(found[2]) > MOST_DIGITS or len(found[1]) > MOST_DIGITS:
        raise AppError(f"{text!r} names no letter; write PARTITION@OFFSET, as `dead-letters list` does: 0@12")
    return int(found[1]), int(found[2])


def _check(action: str, named: list[tuple[int, int]], every: bool, dry_run: bool, matches: _Matching) -> None:
    if action not in ACTIONS:
        raise AppError(f"{action!r} can't be done with dead letters; write one of {', '.join(ACTIONS)}")
    if action != "requeue" and (every or dry_run):
        raise AppError("--all and --dry-run are for requeue")
    if action == "list" and named:
        raise AppError("list names all there are; to see one, write show instead")
    if action == "show" and not named:
        raise AppError("which letter? write PARTITION@OFFSET, as `dead-letters list` does: 0@12")
    if action == "requeue" and bool(named) == every:
        raise AppError("which letters? name them as PARTITION@OFFSET, or say --all (with --reason, --topic, --kind)")
    if named and not matches.any:
        raise AppError("--reason, --topic and --kind choose among all letters; leave them out where you name some")


def _last_of_each(chosen: Any, limit: int) -> list[DeadLetter]:
    kept: dict[int, list[DeadLetter]] = {}
    for one in chosen:
        of_partition = kept.setdefault(one.partition.number, [])
        of_partition.append(one)
        del of_partition[:-limit]
    return [one for of_partition in kept.values() for one in of_partition]


def _list(chosen: list[DeadLetter], json: bool) -> None:
    if json:
        tell_json([document(one) for one in chosen])
        return
    table = columns("letter", "refused at", "requeued at", "kind", "from", "key", "reason")
    for one in chosen:
        letter, requeued = f"{one.partition.number}@{one.offset}", rfc3339(one.requeued_at) or "-"
        table.add_row(letter, rfc3339(one.stored_at), requeued, one.kind, one.origin, _text(one.key), one.reason)
    tell(table)


def document(one: DeadLetter) -> dict[str, Any]:
    """A letter for programs, without the value."""
    return {
        "partition": one.partition.number,
        "offset": one.offset,
        "refused_at": rfc3339(one.stored_at),
        "requeued_at": rfc3339(one.requeued_at),
        "kind": one.kind,
        "topic": one.topic,
        "place": one.place,
        "key": None if one.key is None else _text(one.key),
        "happened_at": _happened_at(one),
        "unit": one.unit or None,
        "wake_up": one.wake_up or None,
        "reason": one.reason,
        "is_whole": one.is_whole,
    }


def _happened_at(one: DeadLetter) -> str | None:
    """When the fact happened, or the tick; None where that isn't known."""
    return rfc3339(instant_of_milliseconds(one.timestamp_ms)) if one.timestamp_ms else None


def _show(app: App, one: DeadLetter, json: bool) -> None:
    fact = read(app, one.topic, one.value, lambda: one.headers)[1] if one.is_whole else None
    headers = {name: _text(value) for name, value in one.headers}
    if json:
        value, text = (None, None) if one.value is None else (one.value.hex(), readable(one.value))
        said = {"headers": headers, "type": _type(fact), "fact": plain(fact), "value_hex": value, "value_text": text}
        tell_json({**document(one), **said})
        return
    for name, text in _lines(one, fact, headers):
        out.print(f"{name:<12}{text}", highlight=False, markup=False, soft_wrap=True)


def _lines(one: DeadLetter, fact: Any, headers: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "letter", one.where
    yield "refused at", str(rfc3339(one.stored_at))
    if one.requeued_at is not None:
        yield "requeued at", str(rfc3339(one.requeued_at))
    yield "kind", one.kind
    yield "from", one.origin
    if one.unit:
        yield "wake-up", f"{one.wake_up or '-'} of {one.unit}"
    if happened_at := _happened_at(one):
        yield "happened at", happened_at
    yield "key", _text(one.key)
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


def _text(value: bytes | None) -> str:
    return "-" if value is None else value.decode(errors="backslashreplace")


def _requeue(log: Log, app: App, chosen: Any, every: bool, dry_run: bool, json: bool) -> None:
    """What can be sent back is; then what can't is an error that names each. What was sent back before is left alone,
    unless it is named."""
    requeue = Requeue(log, app, lambda said: typer.echo(f"passage: {said}", err=True), dry_run)
    done: list[str] = []
    left: list[str] = []
    before = 0
    for one in chosen:
        if every and one.requeued_at is not None:
            before += 1
            continue
        try:
            done.append(requeue.send(one))
        except NotSent as error:
            left.append(str(error))
    requeue.flush()
    requeue.close()
    if json:
        tell_json({"requeued": done, "left": left, "before": before, "dry_run": dry_run})
    else:
        for said in done:
            out.print(said, highlight=False, markup=False, soft_wrap=True)
        would = "would be requeued" if dry_run else "requeued"
        already = f", {before} were before: name those that are to go again" if before else ""
        out.print(f"{len(done)} {would}, {len(left)} can't be{already}", highlight=False, markup=False, soft_wrap=True)
    if left:
        raise ProcessorError("\n".join(left))
