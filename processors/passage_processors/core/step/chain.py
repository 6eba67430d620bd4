"""One cause and everything that follows from it within the app, worked out before any of it is done.

A fact, or a wake-up that fires, is handled by processes; the events they emit are delivered to the app's other units,
for the same aggregate, at the same instant, breadth first and in the app's order. The users' code runs here against
copies; only when all of it has answered does the fold apply what they said. So a cause has all its effects or none.
"""

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

from passage_processors.core.program.events import Derived, Origin, check_size, iso
from passage_processors.core.program.handlers import Countdown, Handler
from passage_processors.core.program.program import Program
from passage_processors.core.program.refusals import RefusedFact
from passage_processors.core.program.repetition import Restart
from passage_processors.core.program.units import HandlerResult, Hearing, Now, ProcessUnit
from passage_processors.core.state.instance import STARTED, Instance, InstanceOrMarker, Marker, WakeUp
from passage_processors.core.state.instances import InstanceBook
from passage_processors.core.state.markers import ticks_of
from passage_processors.model.process import Cancel, Emit, End, Mark, Remember, Wake
from passage_processors.model.ticks import SeenTick, is_ticks
from passage_schemas.instant import Instant
from passage_schemas.partitioner import partition_of

MOST_EVENTS = 1_000
"""From one cause: more is a handler that answers its own event."""
MOST_EFFECTS = 10_000
"""From one call of a handler: more is a generator without an end."""
MOST_MARKS = 100
MOST_NAME_BYTES = 255


class Move(NamedTuple):
    """What an event does to the policies."""

    handler: Handler
    countdown: Countdown
    value: bytes


class Chain:
    """Ask it what follows, then apply `moves`, `works` and `events`; or drop it, and nothing has happened."""

    __slots__ = (
        "_books",
        "_partitions",
        "_program",
        "_queue",
        "_tick",
        "aggregate",
        "at",
        "events",
        "key",
        "moves",
        "unmatched",
        "works",
    )  # fmt: skip

    def __init__(
        self,
        program: Program,
        books: Mapping[int, InstanceBook],
        partitions: int,
        key: bytes,
        at: Instant,
        tick: SeenTick | None = None,
    ) -> None:
        """Raises RefusedFact for a key that is no text."""
        try:
            self.aggregate = key.decode()
        except UnicodeDecodeError:
            raise RefusedFact(f"the key {key!r} is not UTF-8, so no process can be told it") from None
        self.key = key
        self.at = at
        self.works: dict[int, InstanceOrMarker] = {}
        """By process: what becomes of its instance of this aggregate."""
        self.moves: list[Move] = []
        self.events: list[Derived] = []
        self.unmatched = 0
        """Processes that heard the cause while they ran no such aggregate, and had no marker of one."""
        self._program = program
        self._books = books
        self._partitions = partitions
        self._tick = tick
        self._queue: deque[tuple[Handler, object, bytes]] | None = None

    def fact(self, handler: Handler, fact: object) -> None:
        """What follows from a fact, or a policy's event, but for what it does to policies. Raises RefusedFact, or what
        a handler raises."""
        for hearing in handler.hears:
            self._hear(hearing, fact, True)
        if self._queue:
            self._follow(self._queue)

    def wake_up(self, index: int, unit: ProcessUnit, name: str) -> None:
        """What follows from a wake-up that fires. Raises RefusedFact, or what a handler raises."""
        unit.check_wake_up(name)
        work = self._without(index, name)
        now = Now(unit, self._books[index], work, self.aggregate, self.at, self._tick)
        self._take(index, unit, work, unit.wakers[name](now))
        if self._queue:
            self._follow(self._queue)

    def skip(self, index: int, unit: ProcessUnit, name: str) -> None:
        """What follows where a wake-up that failed is passed over."""
        work = self._without(index, name)
        if unit.skipped is not None:
            work.emitted += 1
            now = Now(unit, self._books[index], work, self.aggregate, self.at, self._tick)
            self._take(index, unit, work, unit.skipped(now))

    def _without(self, index: int, name: str) -> Instance:
        instance = self._books[index].instance(self.key)
        assert isinstance(instance, Instance)
        self.works[index] = work = instance.copy()
        del work.wakes[name]
        return work

    def _follow(self, queue: deque[tuple[Handler, object, bytes]]) -> None:
        while queue:
            handler, event, value = queue.popleft()
            if handler.ends or handler.starts:
                countdown = handler.countdown_of(event) if handler.countdown is None else handler.countdown
                self.moves.append(Move(handler, countdown, value))
            for hearing in handler.hears:
                self._hear(hearing, event, False)

    def _hear(self, hearing: Hearing, fact: object, is_cause: bool) -> None:
        index, unit = hearing.index, hearing.unit
        work = self.works[index] if index in self.works else self._books[index].instance(self.key)
        if isinstance(work, Instance):
            react = hearing.hears
        elif hearing.starts is not None and (work is None or self.at > work.started):
            react = hearing.starts
            reached = self._books[index].reached(unit.counts, self.at, STARTED)
            self.works[index] = work = Instance(self.at, reached=reached)
        else:
            self.unmatched += is_cause and work is None
            return
        if react is not None:
            now = Now(unit, self._books[index], work, self.aggregate, self.at, None)
            self._take(index, unit, work, react(now, fact))

    # --- what a handler answered ---------------------------------------------------------------------------------

    def _take(self, index: int, unit: ProcessUnit, work: Instance, answer: HandlerResult) -> None:
        if answer is None:
            return
        effects = answer if isinstance(answer, list) else _listed(unit, answer)
        if not effects:
            return
        if len(effects) > MOST_EFFECTS:
            raise RefusedFact(f"{unit} answered more than {MOST_EFFECTS} effects; is there an end to them?")
        if self.works.get(index) is not work:
            self.works[index] = work = work.copy()
        last = len(effects) - 1
        for place, effect in enumerate(effects):
            if isinstance(effect, Remember):
                self._remember(unit, work, effect)
            elif isinstance(effect, Emit):
                self._emit(unit, work, effect)
            elif isinstance(effect, Wake):
                work.wakes[effect.name] = self._woken(index, unit, effect)
            elif isinstance(effect, Cancel):
                unit.check_wake_up(effect.name)
                work.wakes.pop(effect.name, None)
            elif isinstance(effect, Mark):
                self._mark(index, unit, work, effect)
            elif isinstance(effect, End):
                if place != last:
                    raise RefusedFact(f"{unit} has {last - place} more effects after End(); let it be the last")
                self.works[index] = self._ended(index, unit, work)
            elif isinstance(effect, Restart):
                self.works[index] = work = Instance(self.at)
            else:
                raise RefusedFact(
                    f"{unit} answered {effect!r}, which is no effect; there is Emit, Wake, Cancel, Remember, Mark, End"
                )

    def _emit(self, unit: ProcessUnit, work: Instance, effect: Emit) -> None:
        codec = unit.emits.get(type(effect.event))
        if codec is None:
            known = ", ".join(one.__name__ for one in unit.emits) or "none"
            raise RefusedFact(f"{unit} emits {type(effect.event).__name__}, which it does not declare; emits: {known}")
        if len(self.events) >= MOST_EVENTS:
            raise RefusedFact(
                f"{unit}: more than {MOST_EVENTS} events follow from one cause; does it answer its own event?"
            )
        key, partition = self.key, None
        if effect.key is not None:
            if type(effect.key) is not str or not effect.key:
                raise RefusedFact(f"{unit} emits for the key {effect.key!r}; it must be a string, and not empty")
            key = effect.key.encode()
            partition = partition_of(key, self._partitions)
        work.emitted += 1
        origin = Origin(self._program.app, unit.name, self.aggregate, iso(work.started), work.emitted)
        value, derived = self._program.derived(codec, effect.event, key, origin, self.at, self._tick, partition)
        self.events.append(derived)
        if partition is None and (handler := self._program.heard.get(type(effect.event))) is not None:
            if self._queue is None:
                self._queue = deque()
            self._queue.append((handler, effect.event, value))

    def _remember(self, unit: ProcessUnit, work: Instance, effect: Remember) -> None:
        codec = unit.states.codec
        if type(effect.state) is not codec.cls:
            raise RefusedFact(f"{unit} remembers {type(effect.state).__name__}; its state is {codec.cls.__name__}")
        work.state = codec.encode(effect.state)
        check_size(len(self.key) + len(work.state), "the state")

    def _woken(self, index: int, unit: ProcessUnit, effect: Wake) -> WakeUp:
        unit.check_wake_up(effect.name)
        unit.check_schedule(effect.of)
        if not is_ticks(effect.after):
            raise RefusedFact(f"{unit} wants {effect.after!r} ticks; it must be a whole number from 1")
        return self._books[index].wake_up(effect.of, effect.after, self.at)

    def _mark(self, index: int, unit: ProcessUnit, work: Instance, effect: Mark) -> None:
        if type(effect.name) is not str or not 1 <= len(effect.name.encode()) <= MOST_NAME_BYTES:
            raise RefusedFact(f"{unit} marks {effect.name!r}; a name has 1 to {MOST_NAME_BYTES} bytes")
        work.marks[effect.name] = self.at
        work.reached = {**work.reached, **self._books[index].reached(unit.counts, self.at, effect.name)}
        if len(work.marks) > MOST_MARKS:
            raise RefusedFact(
                f"{unit} has more than {MOST_MARKS} marks; use a name again where the older one is not needed"
            )

    def _ended(self, index: int, unit: ProcessUnit, work: Instance) -> Marker | None:
        ticks = ticks_of(unit.marker_ticks)
        schedule = unit.marker_of(work) if ticks else None
        return None if schedule is None else self._books[index].marker(schedule, ticks, work.started)


def _listed(unit: ProcessUnit, answer: HandlerResult) -> list[object]:
    """Whatever iterable a handler answers, a generator too: it is run to its end before anything is done."""
    if not hasattr(answer, "__iter__"):
        raise RefusedFact(f"{unit} answered {answer!r}; return a list of effects, as [Emit(...), End()], or None")
    return list(islice(answer or (), MOST_EFFECTS + 1))
