"""How an app's tasks are doing, read from the log alone: who owns them, how far they came, what they wait for.

No worker is asked, and none needs to run: a task's last cut says how far it read, the ends of its inputs how far it
could, the clock's topics what it may be waiting for. Offsets have holes, so a distance in them is told as "at most",
but for short ones, which are read and counted.

One look can't tell a task that stands still from one that is about to move. So a task is called standing still only
once its last cut and the first of what it should have folded are both older than `STILL_SECONDS`: the first, since what
comes after it is as new as the clock and the producers are well.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from passage_log.port import GroupMember, Log, Reader
from passage_log.ranges import place_of, read_range, readable_ends, undecided
from passage_processors.app import App
from passage_processors.core.order.timeline import instant_of
from passage_processors.monitoring.clock_view import ScheduleView, first_ticks, read_clock
from passage_processors.monitoring.due import Standing, coming, standing
from passage_processors.monitoring.entries import changelog_span
from passage_processors.runtime.offline.dead_letters import is_mark
from passage_processors.runtime.upstream import StoredCut, last_cuts
from passage_schemas.instant import Instant, rfc3339
from passage_schemas.log_record import Partition, Record

STILL_SECONDS = 60.0
COUNTED = 1_000
"""Offsets: a distance up to this is read and counted, a longer one told as at most so many."""
SMALL_CHANGELOG = 100_000
"""Records: up to so many over all partitions the changelog is read for what comes due, unasked."""


@dataclass(frozen=True, slots=True)
class InputStatus:
    """How far one input was folded. `behind`: facts that were not, at most so many unless `is_exact`. `first_at`: the
    instant of the first of them."""

    topic: str
    folded: int
    behind: int
    is_exact: bool
    first_at: Instant | None


@dataclass(frozen=True, slots=True)
class NextDue:
    """The nearest wake-ups of one schedule: on its tick `ordinal`, the `ahead`-th to come."""

    schedule: str
    ordinal: int
    ahead: int
    at: Instant | None
    wake_ups: int


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One partition. `owner` and `host` as the group has them; None where nobody owns it whole. `state` is a few words,
    `is_well` whether they are any that somebody should see to. `committed_at` is by the broker's time. `next_due` is
    None where the changelog was not read."""

    partition: int
    owner: str | None
    host: str | None
    cut: int
    committed_at: Instant | None
    committed_seconds_ago: float | None
    inputs: tuple[InputStatus, ...]
    ticks_behind: int
    open: int
    entries: int
    in_burst: bool
    released: tuple[str, ...]
    dead_letters: int
    dead_letters_is_exact: bool
    next_due: tuple[NextDue, ...] | None
    state: str
    is_well: bool


@dataclass(frozen=True, slots=True)
class AppStatus:
    """Plain values all through: `dataclasses.asdict` gives what JSON takes. `now` is the reader's own wall; `standbys`
    are members of the group that own nothing."""

    now: Instant
    app: str
    members: int
    standbys: int
    sequence: int
    schedules: tuple[ScheduleView, ...]
    tasks: tuple[TaskStatus, ...]

    @property
    def is_well(self) -> bool:
        return all(task.is_well for task in self.tasks)


def status(app: App, log: Log, numbers: Sequence[int], now: Instant, with_due: bool | None = None) -> AppStatus:
    """Of these partitions. `now` is the reader's own wall. `with_due`: read the changelog for what comes due; None: if
    it is small. Raises Unreachable, Unfit, SchemaError."""
    members = log.group_members(app.name)
    reader = log.reader()
    try:
        looked = _Look(app, log, reader, numbers, now)
        if with_due is None:
            with_due = sum(changelog_span(app, reader, number) for number in numbers) <= SMALL_CHANGELOG
        tasks = tuple(looked.task(number, members, with_due) for number in numbers)
    finally:
        reader.close()
    return AppStatus(
        now=now,
        app=app.name,
        members=len(members),
        standbys=sum(not member.partitions for member in members),
        sequence=looked.clock.sequence,
        schedules=tuple(looked.clock.schedule(name) for name in sorted(app.counted)),
        tasks=tasks,
    )


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What is readable of a partition from a position on, and where an undecided transaction stops the reading."""

    first: Record | None
    count: int
    is_exact: bool
    undecided_at: int | None

    @property
    def first_at(self) -> Instant | None:
        return None if self.first is None else instant_of(self.first)

    @property
    def is_none(self) -> bool:
        return self.first is None and self.is_exact


class _Look:
    """Everything that is asked of the log once, for all tasks."""

    def __init__(self, app: App, log: Log, reader: Reader, numbers: Sequence[int], now: Instant) -> None:
        self._app = app
        self._reader = reader
        self._now = now
        self.cuts = last_cuts(log, app.timeline, numbers)
        upstream = sorted(set(app.derived_from.values()))
        self.upstream = {name: last_cuts(log, f"{name}.timeline", numbers) for name in upstream}
        to_restore = [Partition(app.ticks_topic, 0), Partition(app.schedules_topic, 0)]
        open_before = undecided(reader, [*to_restore, *(Partition(app.changelog, number) for number in numbers)])
        self.clock = read_clock(reader, app.ticks_topic, app.schedules_topic, app.counted)
        ticks_from = {number: stored.cut.tick_offset for number, stored in self.cuts.items()}
        self.first_ticks = first_ticks(
            reader, app.ticks_topic, {number: (ticks_from.get(number, 0), self._folded(number)) for number in numbers}
        )
        folded_to = {
            Partition(one.topic, number): one.offset
            for number, stored in self.cuts.items()
            for one in stored.cut.inputs
        }
        inputs = [Partition(topic, number) for topic in app.sources for number in numbers]
        self.inputs = _ahead(reader, inputs, folded_to)
        letters = [Partition(app.dead_letters, number) for number in numbers]
        self.letters = _ahead(reader, letters, {}, is_mark)
        self.undecided = {one: at for one, at in undecided(reader, list(open_before)).items() if open_before[one] == at}
        """Where a transaction is open on what a restore must read to its end. Open at both ends of this look, so that
        it is nobody's that just commits."""

    def _folded(self, number: int) -> int:
        """The sequence of the last tick the task has folded."""
        stored = self.cuts.get(number)
        return 0 if stored is None else stored.cut.tick_sequence

    def task(self, number: int, members: Sequence[GroupMember], with_due: bool) -> TaskStatus:
        stored = self.cuts.get(number)
        owner = _owner(self._app, number, members)
        inputs = {topic: self.inputs[Partition(topic, number)] for topic in self._app.sources}
        state, is_well = self._state(number, owner, stored, inputs)
        counts = {input_cut.topic: input_cut.count for input_cut in stored.cut.inputs} if stored else {}
        letters = self.letters[Partition(self._app.dead_letters, number)]
        cut = None if stored is None else stored.cut
        waiting = standing(self._app, self._reader, [number]) if with_due else None
        silenced = self._silenced(0 if cut is None else cut.open, waiting)
        if silenced is not None:
            state, is_well = f"{state}, but {silenced}", False
        return TaskStatus(
            partition=number,
            owner=None if owner is None else owner.id,
            host=None if owner is None else owner.host,
            cut=0 if cut is None else cut.number,
            committed_at=None if stored is None else stored.stored_at,
            committed_seconds_ago=None if stored is None else max(0.0, (self._now - stored.stored_at) / 1_000_000),
            inputs=tuple(
                InputStatus(topic, counts.get(topic, 0), ahead.count, ahead.is_exact, ahead.first_at)
                for topic, ahead in inputs.items()
            ),
            ticks_behind=self._ticks_behind(number),
            open=0 if cut is None else cut.open,
            entries=0 if cut is None else cut.entries,
            in_burst=cut is not None and cut.burst is not None,
            released=() if cut is None else cut.released,
            dead_letters=letters.count,
            dead_letters_is_exact=letters.is_exact,
            next_due=None if waiting is None else self._next_due(waiting),
            state=state,
            is_well=is_well,
        )

    def _ticks_behind(self, number: int) -> int:
        return max(0, self.clock.sequence - self._folded(number))

    def _silenced(self, opened: int, waiting: Standing | None) -> str | None:
        """Which wake-ups get no tick because their schedule was removed, or is paused for long. Without the changelog
        it isn't known which schedule they count: any they may."""
        lines = []
        for name in sorted(self._app.counted) if opened else ():
            why = self.clock.silence(name, self._now)
            count = None if waiting is None else sum(n for (_, schedule, _), n in waiting.items() if schedule == name)
            if why is not None and count != 0:
                lines.append(f"{f'some of {opened}' if count is None else count} wake-ups get no tick: {why}")
        return "; ".join(lines) or None

    def _next_due(self, waiting: Standing) -> tuple[NextDue, ...]:
        nearest = []
        for schedule in sorted({schedule for _, schedule, _ in waiting}):
            last, next_at = self.clock.ordinal(schedule), self.clock.next_at(schedule)
            first = coming(self._app, waiting, schedule, last, next_at)[0]
            nearest.append(NextDue(schedule, first.ordinal, first.ahead, first.at, first.total))
        return tuple(nearest)

    # --- what a task waits for -----------------------------------------------------------------------------------

    def _state(
        self, number: int, owner: GroupMember | None, stored: StoredCut | None, inputs: Mapping[str, _Ahead]
    ) -> tuple[str, bool]:
        """In a few words, and whether all is well."""
        if owner is None:
            return "nobody owns it: start a worker, or look again when the group has settled", False
        is_still = self._is_still(number, stored, inputs)
        if self._ticks_behind(number) == 0 and all(ahead.is_none for ahead in inputs.values()):
            held_up = self._held_up(number, {}) if is_still else None
            return ("at rest", True) if held_up is None else (f"nothing to fold, but {held_up}", False)
        held = self._held_by_clock(number, stored, inputs) or self._held_by_upstream(number)
        if held is not None:
            return held[0], held[1] and not is_still
        if not is_still:
            return "folding", True
        return f"stands still: {self._held_up(number, inputs) or 'see the log of its worker'}", False

    def _held_up(self, number: int, inputs: Mapping[str, _Ahead]) -> str | None:
        """The undecided transactions that nobody passes who reads what this task must."""
        of_inputs = {Partition(topic, number): one.undecided_at for topic, one in inputs.items()}
        to_restore = {
            one: at for one, at in self.undecided.items() if one.number == number or one.topic != self._app.changelog
        }
        places = [f"{one.topic}[{one.number}]@{at}" for one, at in (of_inputs | to_restore).items() if at is not None]
        return f"an undecided transaction at {', '.join(places)} is waited for" if places else None

    def _held_by_upstream(self, number: int) -> tuple[str, bool] | None:
        """Which app's cuts its ticks wait for, None when for none."""
        for topic, app in sorted(self._app.derived_from.items()):
            come = self.upstream[app].get(number)
            if self._ticks_behind(number) and (come is None or come.cut.tick_sequence <= self._folded(number)):
                line = f"waits for {app}, which {topic} is derived from: its task {number} has folded "
                return line + (
                    f"tick {come.cut.tick_sequence} of {self.clock.sequence}" if come else "nothing yet"
                ), True
        return None

    def _held_by_clock(
        self, number: int, stored: StoredCut | None, inputs: Mapping[str, _Ahead]
    ) -> tuple[str, bool] | None:
        """Why its facts wait for a tick, None when they don't."""
        hold = self.clock.hold(self._app.counted, stored.cut.released if stored else ())
        heads = [
            (ahead.first_at, topic, ahead.first) for topic, ahead in inputs.items() if ahead.first_at and ahead.first
        ]
        if not heads or hold.schedule is None:
            return None
        first_at, topic, first = min(heads, key=lambda head: head[0])
        if not self.clock.names(hold.schedule):
            return f"waits for the clock: {self.clock.hint(hold.schedule)}", False
        if first_at < hold.before or self._ticks_behind(number):
            return None
        where = f"{topic}[{number}]@{first.offset()}"
        if first_at > self._now + STILL_SECONDS * 1_000_000:
            return f"waits for the time: the fact at {where} is dated {rfc3339(first_at)}, which is to come", False
        late = (self._now - hold.before) / 1_000_000
        return (
            f"waits for the clock: the tick of {hold.schedule} promised for {rfc3339(hold.before)}",
            late < STILL_SECONDS,
        )

    def _is_still(self, number: int, stored: StoredCut | None, inputs: Mapping[str, _Ahead]) -> bool:
        """Did it not move of late, nor the first of what it should fold come of late? A tick waits its grace."""
        first = [ahead.first_at for ahead in inputs.values() if ahead.first_at is not None]
        if self._ticks_behind(number) and (tick := self.first_ticks.get(number)) is not None:
            first.append(tick.published_at)
        came = min(first, default=Instant(0))
        moved = Instant(0) if stored is None else stored.stored_at
        return self._now - max(came, moved) > (STILL_SECONDS + self._app.grace_seconds) * 1_000_000


def _owner(app: App, number: int, members: Collection[GroupMember]) -> GroupMember | None:
    """The member that owns every input's partition of this number."""
    wanted = {Partition(topic, number) for topic in app.sources}
    return next((member for member in members if member.partitions >= wanted), None)


def _ahead(
    reader: Reader,
    partitions: Sequence[Partition],
    positions: Mapping[Partition, int],
    is_left_out: Callable[[Record], bool] = lambda _record: False,
) -> dict[Partition, _Ahead]:
    """What is readable of each from its position, or from the first record it keeps."""
    latest = reader.ends(partitions)  # asked first, so that only what is undecided makes it the larger
    ends = readable_ends(reader, partitions)
    begins = {one: max(positions.get(one, 0), reader.offset_at(one, 0)) for one in partitions}
    untils = {one: min(ends[one], begins[one] + COUNTED) for one in partitions}
    first: dict[Partition, Record] = {}
    counts = dict.fromkeys(partitions, 0)
    for record in read_range(reader, begins, untils):
        partition = place_of(record)
        if is_left_out(record):
            continue
        first.setdefault(partition, record)
        counts[partition] += 1
    return {
        one: _Ahead(
            first.get(one),
            counts[one] if untils[one] == ends[one] else max(0, ends[one] - begins[one]),
            untils[one] == ends[one],
            ends[one] if latest[one] > ends[one] else None,
        )
        for one in partitions
    }
