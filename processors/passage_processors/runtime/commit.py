"""The one commit path: everything a step came to, in one transaction.

    1 begin
    2 derived events        -> the output, in the task's partition (or their own key's), at their cause's instant
    3 dead letters          -> what could not be handled, with the reason
    4 changelog             -> each changed case once, the schemas where they are new, then the cut
    5 timeline              -> the cut
    6 positions and commit  -> a real offset of every input of every task, moved or not

Step 6 is the fence between workers: the broker checks the group's generation only when real offsets are sent, so a
transaction without them from a deposed worker would commit.
"""

import hashlib
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from passage_log.errors import Refused
from passage_log.port import Committed, Member, Writer
from passage_processors.app import App
from passage_processors.core.program.events import Derived
from passage_processors.core.state.keys import CUT_KEY, SCHEMAS_KEY, entry_key
from passage_processors.core.step.letters import DeadLetter
from passage_processors.runtime.task import Step
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT, STATE_SCHEMAS

LONGEST_KEY = 255

_WHEN_AND_WHERE = itemgetter(*map(Derived._fields.index, ("instant", "partition")))
"""Of a burst the same for all of a transaction."""
_RECORD = itemgetter(*map(Derived._fields.index, ("key", "value", "headers", "size")))


def commit(app: App, writer: Writer, member: Member, steps: Sequence[Step]) -> None:
    """Write the steps, all or nothing. Raises Fenced or WriterLost: then the tasks' memory is ahead of the log and must
    be dropped, and the writer with it."""
    writer.begin()
    for step in steps:
        write_step(app, writer, step)
    writer.commit(positions_of(steps), member)


def write_step(app: App, writer: Writer, step: Step) -> None:
    """The records a step comes to, in the order of the list above."""
    number, output = step.task.number, step.output
    append = writer.append
    for (instant, elsewhere), events in groupby(output.events, _WHEN_AND_WHERE):
        partition = Partition(app.output, number if elsewhere is None else elsewhere)
        writer.append_each(partition, map(_RECORD, events), milliseconds_of(instant))
    for letter in output.letters:
        _write_letter(app, writer, number, letter)
    changelog = Partition(app.changelog, number)
    at = max(1, milliseconds_of(step.instant))
    for unit, changes in zip(app.units, output.changes, strict=True):
        writer.append_all(changelog, entry_key(unit, b""), changes, at)
    if step.schemas is not None:
        append(changelog, SCHEMAS_KEY, STATE_SCHEMAS.encode(step.schemas), at)
    cut = CUT.encode(step.cut)
    append(changelog, CUT_KEY, cut, at)
    append(Partition(app.timeline, number), None, cut, at)


def _write_letter(app: App, writer: Writer, number: int, letter: DeadLetter) -> None:
    """The refused record as it was; one that the dead letters can't hold leaves its place, digests and a key of usual
    length: that much fits whatever it is made of."""
    partition = Partition(app.dead_letters, number)
    at = max(1, milliseconds_of(letter.instant))  # a record without a timestamp has -1, which the log would refuse
    headers = [
        ("passage_reason", letter.reason.encode()),
        ("passage_topic", letter.topic.encode()),
        ("passage_offset", str(letter.offset).encode()),
        ("passage_kind", b"wake-up" if letter.parked else b"fact"),
        # The dead letters are dated by the broker; whoever sends the fact back must know when it happened.
        ("passage_timestamp", str(milliseconds_of(letter.instant)).encode()),
    ]
    if letter.parked:
        headers += [("passage_unit", letter.unit.encode()), ("passage_wake_up", letter.wake_up.encode())]
    try:
        writer.append(partition, letter.key, letter.value, at, [*letter.headers, *headers])
    except (Refused, ValueError, TypeError):  # too large, or headers the client will not write
        for name, lost in (("passage_key_sha256", letter.key), ("passage_sha256", letter.value)):
            headers.append((name, hashlib.sha256(lost or b"").hexdigest().encode()))
        key = letter.key if len(letter.key or b"") <= LONGEST_KEY else None
        writer.append(partition, key, None, at, headers)


def positions_of(steps: Sequence[Step]) -> dict[Partition, Committed]:
    return {
        Partition(input_cut.topic, step.task.number): Committed(input_cut.offset, str(step.cut.number))
        for step in steps
        for input_cut in step.cut.inputs
        if input_cut.topic in step.task.by_topic
    }
