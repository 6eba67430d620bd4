"""The running aggregates of one process in one task, and what is due when.

What stands on the changelog is what is kept, as in `cases`: a restored task equals the one that crashed. An instance
is decoded when it is touched and encoded once, when a step's effects are taken; its state stays bytes until a handler
looks.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from passage_processors.core.order.ticks import BEFORE_ALL, TickHistory
from passage_processors.core.state.columns import Column, dumped
from passage_processors.core.state.due_index import DueIndex
from passage_processors.core.state.instance import (
    ENDED,
    RUNNING,
    Instance,
    InstanceOrMarker,
    Marker,
    Reached,
    WakeUp,
    decode_instance,
    encode_instance,
)
from passage_processors.core.state.markers import IsOver, at_once
from passage_processors.model.ticks import Ticks
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.instant import Instant, datetime_of

_NONE: dict[str, WakeUp] = {}


class _Fresh:
    """The aggregates with something counted from an instant no tick of one schedule has ended after, as far as it has
    been folded: wake-ups, starts, marks. And the latest such instant."""

    __slots__ = ("keys", "latest")

    def __init__(self) -> None:
        self.keys: dict[bytes, None] = {}
        self.latest = BEFORE_ALL

    def add(self, key: bytes, since: Instant) -> None:
        self.keys[key] = None
        if since > self.latest:
            self.latest = since


class InstanceBook:
    """One process's instances by aggregate key, and what is due when. `folded` is the fold's own, kept up by it."""

    kinds = (RUNNING, ENDED)

    def __init__(
        self,
        ticks: TickHistory,
        folded: dict[str, int],
        changed: Callable[[bytes, bytes | None], None],
        check_version: Callable[[bytes, bytes], None],
        is_over: IsOver = at_once,
    ) -> None:
        """`check_version(prefix, key)` raises where a state that begins like this can't be read."""
        self.changed = changed
        self._check_version = check_version
        self.passed: set[bytes] = set()
        """Aggregates with a wake-up whose tick had already been folded when it was asked for: they fire at the next
        tick of any schedule."""
        self.open = 0
        """Wake-ups that wait for a tick."""
        self._ticks = ticks
        self._folded = folded
        self._folding = ("", 0)
        self._stored: dict[bytes, bytes] = {}
        self._live: dict[bytes, InstanceOrMarker] = {}
        self._touched: dict[bytes, None] = {}
        self._due = DueIndex(self._holding)
        self._fresh: dict[str, _Fresh] = {}
        self._is_over = is_over
        self._now = BEFORE_ALL
        self._kept: dict[str, list[int]] = {}
        """Heaps of the ordinals whose markers have served their ticks and stay."""

    def __len__(self) -> int:
        self.write()
        return len(self._stored)

    def get(self, key: bytes) -> bytes | None:
        self.write()
        return self._stored.get(key)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        self.write()
        return iter(self._stored.items())

    def instance(self, key: bytes) -> InstanceOrMarker:
        """What there is of this aggregate. Not to be changed: `put` a copy."""
        try:
            return self._live[key]
        except KeyError:
            value = self._stored.get(key)
            instance = self._live[key] = None if value is None else decode_instance(value)
            return instance

    # --- change --------------------------------------------------------------------------------------------------

    def put(self, key: bytes, new: InstanceOrMarker) -> None:
        """From now on this is what there is of the aggregate."""
        old = self.instance(key)
        before = old.wakes if isinstance(old, Instance) else _NONE
        after = new.wakes if isinstance(new, Instance) else _NONE
        self._live[key] = new
        self._touched[key] = None
        # By identity: one that fired may be armed again alike, to the last field, and then waits anew.
        for name, wake in before.items():
            if after.get(name) is not wake:
                self._remove(wake)
        for name, wake in after.items():
            if before.get(name) is not wake:
                self._add(key, wake)
        if key in self.passed and not any(map(self.is_passed, after.values())):
            self.passed.discard(key)
        if isinstance(new, Instance) and not (isinstance(old, Instance) and old.reached is new.reached):
            self._watch_reached(key, new)
        if isinstance(old, Marker):
            self._due.forget(old.schedule, old.due)
        if isinstance(new, Marker):
            self._due.add(key, new.schedule, new.due)

    def _remove(self, wake: WakeUp) -> None:
        if wake.parked:
            return
        self.open -= 1
        if not self.is_passed(wake):
            self._due.forget(wake.schedule, wake.due)

    def _add(self, key: bytes, wake: WakeUp) -> None:
        if wake.parked:
            return
        self.open += 1
        if self.is_passed(wake):
            self.passed.add(key)
            return
        self._due.add(key, wake.schedule, wake.due)
        if wake.due - wake.ticks >= self._folded.get(wake.schedule, 0):
            self._watch(key, wake.schedule, wake.since)

    def _watch_reached(self, key: bytes, instance: Instance) -> None:
        for (schedule, mark), ordinal in instance.reached.items():
            if ordinal >= self._folded.get(schedule, 0):
                self._watch(key, schedule, instance.instant_of(mark))

    def _watch(self, key: bytes, schedule: str, since: Instant) -> None:
        fresh = self._fresh.get(schedule)
        if fresh is None:
            fresh = self._fresh[schedule] = _Fresh()
        fresh.add(key, since)

    def wake_up(self, schedule: str, after: Ticks, since: Instant) -> WakeUp:
        """One that comes so many ticks of this schedule after an instant."""
        folded = self._folded.get(schedule, 0)
        ticks = self._ticks.count_of(after, schedule, since, folded)
        return WakeUp(schedule, self._ticks.passed(schedule, since, folded) + ticks, ticks, since)

    def marker(self, schedule: str, ticks: int, started: Instant) -> Marker:
        """What an instance leaves that ends now, for so many ticks of this schedule."""
        return Marker(started, schedule, self._folded.get(schedule, 0) + ticks)

    def reached(self, schedules: Iterable[str], at: Instant, mark: str) -> Reached:
        """How far each schedule had come at an instant: what counts from there start with."""
        return {
            (schedule, mark): self._ticks.passed(schedule, at, self._folded.get(schedule, 0)) for schedule in schedules
        }

    def count(self, schedule: str, instance: Instance, mark: str, until: Instant) -> int:
        """The ticks folded that end after a mark, or the start, and not after an instant. Raises LookupError where what
        must be known for it was let go."""
        since = instance.reached.get((schedule, mark))
        if since is None:  # written by an earlier version, or before the process declared the schedule
            since = self._passed(schedule, instance.instant_of(mark))
        return max(0, self._passed(schedule, until) - since)

    def _passed(self, schedule: str, at: Instant) -> int:
        folded = self._folded.get(schedule, 0)
        if not self._ticks.tells(schedule, at, folded):
            raise LookupError(
                f"{schedule}: its ticks around {datetime_of(at):%Y-%m-%d %H:%M} were let go (its keep_days), so what "
                "had passed by then can't be counted"
            )
        return self._ticks.passed(schedule, at, folded)

    def is_passed(self, wake: WakeUp) -> bool:
        """Does it wait for just any tick? What is due on the tick being folded does not."""
        return (
            wake.due <= self._folded.get(wake.schedule, 0)
            and (wake.schedule, wake.due) != self._folding
            and not wake.parked
        )

    def resume(self, key: bytes, name: str) -> bool:
        """A parked wake-up is due at the next tick of any schedule. False where none of this name is parked."""
        instance = self.instance(key)
        if not isinstance(instance, Instance) or name not in instance.wakes or not instance.wakes[name].parked:
            return False
        changed = instance.copy()
        changed.wakes[name] = instance.wakes[name]._replace(parked=False)
        self.put(key, changed)
        return True

    def write(self) -> None:
        """Encode what was touched, and tell `changed` of what is not as it was."""
        for key in self._touched:
            instance = self._live[key]
            if instance is None:
                if self._stored.pop(key, None) is not None:
                    self.changed(key, None)
            else:
                value = encode_instance(instance)
                if self._stored.get(key) != value:
                    self._stored[key] = value
                    self.changed(key, value)
        self._touched.clear()

    def take(self) -> None:
        """`write`, and keep nothing decoded."""
        self.write()
        self._live.clear()

    # --- ticks ---------------------------------------------------------------------------------------------------

    def settle(self, schedule: str, ordinal: int, ends_at: Instant) -> None:
        """A tick is about to be folded, and `settled` will say when it has been. Wake-ups that took it for their number
        one but were asked for at or after its end (a paused schedule's old ticks, a backfill) wait one tick longer."""
        self._folding, self._now = (schedule, ordinal), ends_at
        fresh = self._fresh.pop(schedule, None)
        if fresh is None or fresh.latest < ends_at:
            return
        for key in fresh.keys:
            instance = self.instance(key)
            if isinstance(instance, Instance):
                self._move_on(key, instance, schedule, ordinal, ends_at)

    def _move_on(self, key: bytes, instance: Instance, schedule: str, ordinal: int, ends_at: Instant) -> None:
        """What of an instance waits one tick longer, and what will have to be looked at again with the next."""

        def is_open(base: int, since: Instant) -> bool:
            return base >= ordinal or (base == ordinal - 1 and since >= ends_at)

        shifted: dict[str, WakeUp] = {}
        for name, wake in instance.wakes.items():
            base = wake.due - wake.ticks
            if wake.schedule == schedule and not wake.parked and is_open(base, wake.since):
                self._watch(key, schedule, wake.since)
                if base < ordinal:
                    shifted[name] = wake._replace(due=wake.due + 1)
        reached: dict[tuple[str, str], int] = {}
        for (of, mark), base in instance.reached.items():
            if of == schedule and is_open(base, since := instance.instant_of(mark)):
                self._watch(key, schedule, since)
                if base < ordinal:
                    reached[of, mark] = base + 1
        if shifted or reached:
            changed = instance.copy()
            changed.wakes.update(shifted)
            if reached:
                changed.reached = {**instance.reached, **reached}
            self.put(key, changed)

    def settled(self) -> None:
        """The tick, or as much of it as this step takes, has been folded."""
        self._folding = ("", 0)

    def _holding(self, keys: Iterable[bytes], schedule: str, ordinal: int) -> list[bytes]:
        held = []
        for key in keys:
            stored = self._live[key] if key in self._live else self._decoded(key)
            if isinstance(stored, Instance):
                if any(
                    wake.schedule == schedule and wake.due == ordinal and not wake.parked
                    for wake in stored.wakes.values()
                ):
                    held.append(key)
            elif stored is not None and stored.schedule == schedule and stored.due == ordinal:
                held.append(key)
        return held

    def _decoded(self, key: bytes) -> InstanceOrMarker:
        value = self._stored.get(key)
        return None if value is None else decode_instance(value)

    def pop_due(self, schedule: str, ordinal: int) -> list[bytes]:
        """The aggregates with a wake-up due at this tick, sorted; markers that have served their time are dropped."""
        keys = self._due.pop(schedule, ordinal)
        due = [key for key in keys if not isinstance(self.instance(key), Marker)]
        if len(due) < len(keys):
            self._markers(schedule, ordinal, [key for key in keys if isinstance(self.instance(key), Marker)])
        kept = self._kept.get(schedule)
        while kept and self._is_over(schedule, kept[0], self._now):
            self._drop(self._due.pop(schedule, heappop(kept)))
        return due

    def _markers(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:
        """They have served their ticks: let them go, or keep them until it is time as well."""
        if self._is_over(schedule, ordinal, self._now):
            self._drop(keys)
        else:
            self._due.put_back(schedule, ordinal, keys)
            heappush(self._kept.setdefault(schedule, []), ordinal)

    def _drop(self, keys: list[bytes]) -> None:
        self._live.update(dict.fromkeys(keys))
        self._touched.update(dict.fromkeys(keys))

    def due_names(self, key: bytes) -> list[tuple[str, WakeUp]]:
        """Which of an aggregate's wake-ups fire at the tick being folded, by name."""
        instance = self.instance(key)
        if not isinstance(instance, Instance):
            return []
        return sorted(
            (name, wake)
            for name, wake in instance.wakes.items()
            if not wake.parked and ((wake.schedule, wake.due) == self._folding or self.is_passed(wake))
        )

    def put_back(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:
        """What a cut burst left over, to be popped again."""
        back = []
        for key in keys:
            instance = self.instance(key)
            wakes = instance.wakes.values() if isinstance(instance, Instance) else ()
            if any(wake.schedule == schedule and wake.due == ordinal and not wake.parked for wake in wakes):
                back.append(key)
            if any(map(self.is_passed, wakes)):
                self.passed.add(key)
        self._due.put_back(schedule, ordinal, back)

    # --- snapshot and restore ------------------------------------------------------------------------------------

    def dump(self) -> Iterator[list[Column]]:
        """All instances as columns, a bounded number at each step; see `dumped` for what may change in between."""
        self.write()
        return dumped(list(self._stored), self._stored.get)

    def load_column(self, column: Column, folded: dict[str, int]) -> None:  # noqa: ARG002 - the fold's own is known
        """Take in what `dump` once gave. Before `unload` and `load`, which bring what has changed since."""
        self.load(dict(zip(column.split_keys(), column.split_values(), strict=True)), {})

    def unload(self, keys: Iterable[bytes]) -> None:
        """Forget what columns said of these, untold: a later word on them follows in `load`, or there is none."""
        for key in keys:
            value = self._stored.pop(key, None)
            if value is None:
                continue
            stored = decode_instance(value)
            if isinstance(stored, Marker):
                self._due.forget(stored.schedule, stored.due)
                continue
            for wake in stored.wakes.values():
                self._remove(wake)
            self.passed.discard(key)

    def load(self, instances: dict[bytes, bytes], folded: dict[str, int]) -> None:  # noqa: ARG002 - as above
        """Take over the changelog's instances. What is due, passed and fresh follows from the values and from how far
        each schedule has been folded. Raises what `check_version` does."""
        versions = {b""}
        stay: dict[str, set[int]] = {}
        self._stored.update(instances)
        for key, value in instances.items():
            stored = decode_instance(value)
            if isinstance(stored, Marker):
                self._due.add(key, stored.schedule, stored.due)
                if stored.due <= self._folded.get(stored.schedule, 0):
                    stay.setdefault(stored.schedule, set()).add(stored.due)
            else:
                if (version := stored.state[:PREFIX_BYTES]) not in versions:
                    self._check_version(version, key)
                    versions.add(version)
                for wake in stored.wakes.values():
                    self._add(key, wake)
                self._watch_reached(key, stored)
        for schedule, ordinals in stay.items():
            self._kept[schedule] = sorted(ordinals.union(self._kept.get(schedule, ())))
