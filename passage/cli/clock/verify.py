"""`passage clock verify`: whether the tick topic is whole, read from its beginning to its end."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import typer

from passage.cli.clock.clock_log import check, open_clock_log
from passage.cli.clock.topic_reader import entries_of
from passage.cli.options import DEFAULT_CONNECT_SECONDS, BootstrapOption, ConfigOption, ConnectOption, JsonOption
from passage.cli.terminal import DIFFERENT, out, progress, tell_json
from passage_clock.config import ClockConfig, load
from passage_clock.leading.service import places
from passage_clock.monitoring.verify import Fault, Note, Verifier
from passage_clock.records.differing import differences, mend_of
from passage_clock.records.differing import told as told_differences
from passage_log.port import Log
from passage_log.ranges import read_decided

MOST_WALKS = 3
"""Retention may let ticks go while they are walked; a walk that fails is repeated as long as floors have risen."""


def verify(
    config: ConfigOption,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Prove that the published ticks are whole, or name the first that isn't.

    Dense, in order, unaltered: exit code 1 where they aren't. Notes are no fault."""
    settled = load(config)
    log = open_clock_log(settled, bootstrap, connect_timeout_seconds)
    check(log, settled)
    with progress("verifying") as told:
        verifier, fault = walk(log, settled, told)
    log.close()
    if json:
        tell_json(document(verifier, fault))
    else:
        for line in lines(verifier, fault):
            out.print(line, highlight=False, markup=False, soft_wrap=True)
    if fault is not None:
        raise typer.Exit(DIFFERENT)


def walk(log: Log, config: ClockConfig, told: Callable[[int, int], None]) -> tuple[Verifier, Fault | None]:
    """The whole topic as it is now. `told` hears offsets: how far, of how many."""
    for left in reversed(range(MOST_WALKS)):
        entries = list(entries_of(log, places(config).schedules))
        verifier = Verifier(entries, config.max_skew_seconds, config.schedules)
        if others := differences(config, entries):
            said = f"{told_differences(config.generation, others)}; {mend_of(config.generation)}"
            verifier.notes.append(Note(places(config).schedules.topic, said))
        fault = _first_fault(log, config, verifier, told)
        # Where an entry speaks of a sequence, the ticks up to it were readable before the entry was.
        fault = fault or verifier.end(max((entry.sequence for entry in entries), default=0))
        if fault is None or not left or list(entries_of(log, places(config).schedules)) == entries:
            break
    return verifier, fault


def _first_fault(log: Log, config: ClockConfig, verifier: Verifier, told: Callable[[int, int], None]) -> Fault | None:
    with closing(log.reader()) as reader:
        faults = map(verifier.take, read_decided(reader, [places(config).ticks], told))
        return next((fault for fault in faults if fault is not None), None)


def lines(verifier: Verifier, fault: Fault | None) -> Iterator[str]:
    """What a person reads."""
    walked = f"{_count(verifier.schedules, 'schedule')}, {_count(verifier.ticks, 'tick')}"
    if fault is None:
        yield f"{walked}: dense, in order, unaltered"
    else:
        yield str(fault)
        yield f"not whole: up to there {walked}"
    if verifier.erased:
        yield f"{_count(verifier.erased, 'tick')} let go by retention"
    if verifier.triggered:
        yield f"{_count(verifier.triggered, 'event')} out of turn"
    for note in verifier.notes:
        yield f"note: {note.where}: {note.said}"
    if verifier.unkept_notes:
        yield f"note: and {verifier.unkept_notes} more"


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"


def document(verifier: Verifier, fault: Fault | None) -> dict[str, Any]:
    """What a program reads."""
    wrong = {"where": fault.where, "key": fault.key, "expected": fault.expected, "seen": fault.seen} if fault else None
    return {
        "whole": fault is None,
        "fault": wrong,
        "schedules": verifier.schedules,
        "ticks": verifier.ticks,
        "last_sequence": verifier.last_sequence,
        "erased": verifier.erased,
        "triggered": verifier.triggered,
        "notes": [{"where": note.where, "said": note.said} for note in verifier.notes],
        "unkept_notes": verifier.unkept_notes,
    }
