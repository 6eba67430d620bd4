"""`passage processors dead-letters requeue`."""

from collections.abc import Iterable
from typing import Annotated

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
from passage.cli.processors.dead_letters.letters import (
    FromTopic,
    Matching,
    OfKind,
    Reason,
    all_matching,
    named,
    opened,
    places_of,
)
from passage.cli.terminal import out, tell_json
from passage.errors import CommandError
from passage_log.port import Log
from passage_processors import App, ProcessorError
from passage_processors.runtime.offline.dead_letters import NotSent, Requeue, StoredLetter


def requeue(
    where: AppArgument,
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[LETTER]", help="PARTITION@OFFSET, as list tells.")
    ] = None,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    reason: Reason = None,
    topic: FromTopic = None,
    kind: OfKind = None,
    every: Annotated[bool, typer.Option("--all", help="Requeue all there are, or all that match.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be requeued, and do nothing.")] = False,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Send dead letters back, once what was wrong is mended."""
    app, matches, lying = load_app(where), Matching(reason, topic, kind), places_of(places or ())
    if bool(lying) == every:
        raise CommandError(
            "which letters? name them as PARTITION@OFFSET, or say --all (with --reason, --topic, --kind)"
        )
    if lying and not matches.any:
        raise CommandError("--reason, --topic and --kind choose among all letters; leave them out where you name some")
    log, count = opened(app, bootstrap, client_file, connect_timeout_seconds)
    chosen = named(log, app, lying, count) if lying else all_matching(log, app, matches, count)
    _requeue(log, app, chosen, every, dry_run, json)
    log.close()


def _requeue(log: Log, app: App, chosen: Iterable[StoredLetter], every: bool, dry_run: bool, json: bool) -> None:
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
