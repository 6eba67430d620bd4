"""Dead letters, as whoever mends them handles them: what was refused and why, and how it is sent back.

A fact goes back to where it came from: same topic, partition, key, value and headers, and the instant it always had, so
that it counts from then, like any late fact. A wake-up is asked for on the app's requests: the task that parked it
arms it again, and it fires on the next tick.

Nothing is taken from the dead letters: they are a record of what happened. That one was sent back is a record there
too, a *mark* that names the letter's offset, written once what was sent is stored: so what is marked was sent, and what
is not may have been, where somebody died in between. A letter can be sent back twice. For a wake-up the second time is
none; for a fact it is what a redelivery is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from passage_log.errors import LogError, Truncated
from passage_log.port import EARLIEST, Appender, Log, Reader
from passage_log.ranges import read_range, readable_ends
from passage_processors.app import App
from passage_processors.core.order.timeline import YEAR_10000
from passage_processors.errors import ProcessorError
from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant, instant_of_milliseconds, milliseconds_of
from passage_schemas.log_record import Header, Partition, Record
from passage_schemas.records import WAKE_UP_RESUMED
from passage_schemas.wake_up_resumed import WakeUpResumed

LetterKind = Literal["fact", "wake-up", "foreign"]
"""What was refused; `foreign`: the app's workers wrote no such letter, somebody else did."""

FIRST_OF_OURS = "passage_reason"
"""Of the headers a letter has, those from the last of this name on were written with the letter; what stands before
them is the refused fact's own."""

MARK = "passage_requeued"
"""The only header of a mark, which has neither key nor value: the offset of the letter that was sent back."""

_BEYOND = milliseconds_of(YEAR_10000)
"""No offset comes near it either."""
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class NotSent(ProcessorError):
    """This letter can't be sent back; the message says why, and where what was refused lies."""


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """One refusal, where it lies. `topic` and `place` are the refused fact's topic and offset; a wake-up's are the
    schedule and the ordinal of the tick it was due at. Of a foreign one only key, value and headers are told, and as
    `reason` what it lacks."""

    partition: Partition
    offset: int
    stored_at: Instant
    """When it was refused, by the broker's time."""
    kind: LetterKind
    topic: str
    place: int
    key: bytes | None
    value: bytes | None
    headers: list[Header]
    """The refused fact's own."""
    reason: str
    timestamp_ms: int | None
    """Of the refused fact, or of the tick; None in letters from before this was written down."""
    unit: str
    wake_up: str
    is_whole: bool
    """False for what was too large for the dead letters: only its place and its digests are here."""
    requeued_at: Instant | None = None
    """When it was last sent back, by the broker's time; None where nothing says that it was."""

    @property
    def where(self) -> str:
        return f"{self.partition.topic}[{self.partition.number}]@{self.offset}"

    @property
    def origin(self) -> str:
        """Where what was refused lies, or the tick at which the wake-up was due."""
        if self.kind == "foreign":
            return "-"
        if self.kind == "wake-up":
            return f"{self.topic}#{self.place}"
        return f"{self.topic}[{self.partition.number}]@{self.place}"


def letters(log: Log, app: App, numbers: Iterable[int]) -> Iterator[StoredLetter]:
    """All there are, partition by partition. Raises Unreachable."""
    reader = log.reader()
    try:
        for number in numbers:
            partition = Partition(app.dead_letters, number)
            ends = readable_ends(reader, [partition])
            marks = _marks(read_range(reader, {partition: EARLIEST}, ends))
            for record in read_range(reader, {partition: EARLIEST}, ends):
                if not is_mark(record):
                    yield letter_of(record, marks)
    finally:
        reader.close()


def letter_at(log: Log, app: App, number: int, offset: int) -> StoredLetter:
    """The letter that lies there. Raises NotSent where none does, Unreachable."""
    partition = Partition(app.dead_letters, number)
    reader = log.reader()
    try:
        record = _record_at(reader, partition, offset)
        ends = readable_ends(reader, [partition])
        marks = _marks(read_range(reader, {partition: offset}, ends)) if record is not None else {}
    finally:
        reader.close()
    if record is None or is_mark(record):
        raise NotSent(
            f"{partition.topic}[{number}]@{offset}: there is no letter; `passage processors dead-letters list` has them"
        )
    return letter_of(record, marks)


def is_mark(record: Record) -> bool:
    """Does this record of the dead letters only say that a letter was sent back?"""
    return record.key() is None and record.value() is None and [name for name, _ in read_headers(record)] == [MARK]


def _marks(records: Iterable[Record]) -> dict[int, Instant]:
    """When each was last sent back, by offset."""
    sent_at: dict[int, Instant] = {}
    for record in filter(is_mark, records):
        ((_, text),) = read_headers(record)
        offset = (text or b"").decode(errors="replace")
        if _NUMBER.fullmatch(offset):
            sent_at[int(offset)] = instant_of_milliseconds(record.timestamp()[1])
    return sent_at


def letter_of(record: Record, marks: Mapping[int, Instant] | None = None) -> StoredLetter:
    """A record of the dead letters, read, whoever wrote it."""
    headers = read_headers(record)
    names = [name for name, _ in headers]
    ours_from = len(names) - 1 - names[::-1].index(FIRST_OF_OURS) if FIRST_OF_OURS in names else len(names)
    # A header of somebody else's may have no value.
    ours = {name: (text or b"").decode(errors="backslashreplace") for name, text in headers[ours_from:]}
    lacks = _lacks(ours)
    if lacks is not None:
        ours, ours_from = {"passage_reason": lacks}, len(names)
    return StoredLetter(
        partition=Partition(record.topic(), record.partition()),
        offset=record.offset(),
        stored_at=instant_of_milliseconds(record.timestamp()[1]),
        kind="foreign" if lacks else "wake-up" if ours.get("passage_kind") == "wake-up" else "fact",
        topic=ours.get("passage_topic", ""),
        place=int(ours.get("passage_offset", "-1")),
        key=record.key(),
        value=record.value(),
        headers=headers[:ours_from],
        reason=ours.get("passage_reason", ""),
        timestamp_ms=int(ours["passage_timestamp"]) if "passage_timestamp" in ours else None,
        unit=ours.get("passage_unit", ""),
        wake_up=ours.get("passage_wake_up", ""),
        is_whole="passage_sha256" not in ours,
        requeued_at=(marks or {}).get(record.offset()),
    )


def _lacks(ours: dict[str, str]) -> str | None:
    """Why this is no letter of the app's, None where it is one."""
    if not ours.get("passage_topic"):
        return "nothing here says where it came from"
    for name in ("passage_offset", "passage_timestamp"):
        text = ours.get(name, "0")
        if not _NUMBER.fullmatch(text) or not -1 <= int(text) < _BEYOND:
            return f"its header {name} is {_shortened(text)}"
    return None


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


# --- sending back ----------------------------------------------------------------------------------------------------


class Requeue:
    """Sends letters back, each when it is asked to; `flush` makes sure of them. `warn` hears of what may not last."""

    def __init__(self, log: Log, app: App, warn: Callable[[str], None], dry_run: bool = False) -> None:
        self._app = app
        self._warn = warn
        self._dry_run = dry_run
        self._reader = log.reader()
        self._appender: Appender = log.appender()
        self._sent: list[StoredLetter] = []
        self._settings = {
            name: topic.settings if topic else {} for name, topic in log.describe(list(app.sources)).items()
        }

    def send(self, letter: StoredLetter) -> str:
        """Tells what was done, or would be. Raises NotSent, Refused, Unreachable."""
        if letter.kind == "foreign":
            raise NotSent(f"{letter.where}: {letter.reason}; it is no letter of this app")
        if not letter.is_whole:
            raise NotSent(
                f"{letter.where}: {letter.origin} was too large for the dead letters, so it isn't here to be sent "
                "back; mend what refused it, and write it anew from where it lies"
            )
        line = self._wake_up(letter) if letter.kind == "wake-up" else self._fact(letter)
        self._sent.append(letter)
        return line

    def _fact(self, letter: StoredLetter) -> str:
        if letter.topic not in self._app.sources:
            raise NotSent(
                f"{letter.where}: it came from {letter.topic}, which the app reads no more; "
                f"it reads {', '.join(sorted(self._app.inputs))}"
            )
        at = self._timestamp_of(letter)
        target = Partition(letter.topic, letter.partition.number)
        self._check_age(letter, at)
        if not self._dry_run:
            self._appender.append(target, letter.key, letter.value, at, letter.headers)
        return f"{letter.where}: back to {target.topic}[{target.number}]"

    def _timestamp_of(self, letter: StoredLetter) -> int:
        """What the fact was dated. Older letters don't tell, so the fact itself is looked at, where it still lies."""
        at = letter.timestamp_ms
        if at is None:
            fact = _record_at(self._reader, Partition(letter.topic, letter.partition.number), letter.place)
            if fact is None:
                raise NotSent(
                    f"{letter.where}: the letter does not say when the fact happened, and {letter.origin} is gone; "
                    "write the fact anew, dated as it was"
                )
            at = fact.timestamp()[1]
        if at < 1:
            raise NotSent(
                f"{letter.where}: {letter.origin} has a timestamp that names no instant, so it would be refused "
                "again; write the fact anew, dated when it happened"
            )
        return at

    def _check_age(self, letter: StoredLetter, at_ms: int) -> None:
        """Warns of settings of its topic by which a record so old is refused, or deleted as soon as it is there. How
        old it is now nobody here knows; it was so old at least when it was refused."""
        age_ms = letter.stored_at // 1000 - at_ms
        settings = self._settings[letter.topic]
        for name, consequence in (
            ("message.timestamp.before.max.ms", "will be refused"),
            ("retention.ms", "may be deleted at once"),
        ):
            limit = int(settings.get(name, "-1"))
            if 0 <= limit < age_ms:
                self._warn(
                    f"{letter.where}: dated {age_ms // 1000} s before it was refused, it {consequence} by "
                    f"{letter.topic}'s {name}={limit}; raise it"
                )

    def _wake_up(self, letter: StoredLetter) -> str:
        if not letter.unit or letter.key is None:
            raise NotSent(f"{letter.where}: the letter does not say whose wake-up it was; it is from an older version")
        try:
            aggregate = letter.key.decode()
        except UnicodeDecodeError:
            raise NotSent(
                f"{letter.where}: its aggregate {letter.key!r} is not UTF-8, so no event can name it"
            ) from None
        if letter.unit not in self._app.units:
            raise NotSent(
                f"{letter.where}: the app has no policy, process or report {letter.unit!r} any more; "
                f"it has {', '.join(self._app.units)}"
            )
        target = Partition(self._app.requests, letter.partition.number)
        asked = WAKE_UP_RESUMED.encode(WakeUpResumed(letter.unit, aggregate, letter.wake_up))
        # Dated when it was due: in the past of every fact that waits for the clock, so that it waits for none.
        if not self._dry_run:
            self._appender.append(target, letter.key, asked, max(1, letter.timestamp_ms or 1))
        name = f" {letter.wake_up!r}" if letter.wake_up else ""
        return f"{letter.where}: the wake-up{name} of {letter.unit} for {aggregate!r} fires on the next tick"

    def flush(self) -> None:
        """Wait until all is stored, then mark the letters. Raises Refused, Unreachable where something may not have
        been sent; marks that could not be made are warned of."""
        self._appender.flush()
        sent, self._sent = self._sent, []
        if self._dry_run or not sent:
            return
        try:
            for letter in sent:
                # Dated like any record; the topic keeps the broker's time instead.
                mark, at = [(MARK, str(letter.offset).encode())], max(1, milliseconds_of(letter.stored_at))
                self._appender.append(letter.partition, None, None, at, mark)
            self._appender.flush()
        except LogError as error:
            self._warn(f"what was sent back is stored, but its letters could not be marked: {error}")

    def close(self) -> None:
        self._reader.close()
        self._appender.close()


def _record_at(reader: Reader, partition: Partition, offset: int) -> Record | None:
    """None where no readable record lies there (any more)."""
    end = readable_ends(reader, [partition])[partition]
    if not 0 <= offset < end:
        return None
    try:
        return next(iter(read_range(reader, {partition: offset}, {partition: offset + 1})), None)
    except Truncated:
        return None
