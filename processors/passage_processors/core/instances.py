"""The running aggregates of one process in one task, and what is due when.

What stands on the changelog is what is kept, as in `cases`: a restored task equals the one that crashed. An instance
is decoded when it is touched and encoded once, when a step's effects are taken; its state stays bytes until a handler
looks.
"""

from collections.abc import Callable, Iterable, Iterator

from passage_processors.core.columns import Column, dumped
from passage_processors.core.due import DueIndex
from passage_processors.core.instance import (
    ENDED,
    RUNNING,
    Found,
    Instance,
    Marker,
    WakeUp,
    decode_instance,
    encode_instance,
)
from passage_processors.core.ticks import TickHistory
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.instant import Instant

_NONE: dict[str, WakeUp] = {}


class InstanceBook:
    """One process's instances by aggregate key, and what is due when. `folded` is the fold's own, kept up by it."""

    kinds = (RUNNING, ENDED)

    def __init__(
        self,
        ticks: TickHistory,
        folded: dict[str, int],
        changed: Callable[[bytes, bytes | None], None],
        check_version: Callable[[bytes, bytes], None],
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
        self._live: dict[bytes, Found] = {}
        self._touched: dict[bytes, None] = {}
        self._due = DueIndex(self._holding)
        self._fresh: dict[str, dict[bytes, None]] = {}

    def __len__(self) -> int:
        self.write()
        return len(self._stored)

    def get(self, key: bytes) -> bytes | None:
        self.write()
        return self._stored.get(key)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        self.write()
        return iter(self._stored.items())

    def instance(self, key: bytes) -> Found:
        """What there is of this aggregate. Not to be changed: `put` a copy."""
        try:
            return self._live[key]
        except KeyError:
            value = self._stored.get(key)
            found = self._live[key] = None if value is None else decode_instance(value)
            return found

    # --- change --------------------------------------------------------------------------------------------------

    def put(self, key: bytes, new: Found) -> None:
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
            self._fresh.setdefault(wake.schedule, {})[key] = None

    def wake_up(self, schedule: str, ticks: int, since: Instant) -> WakeUp:
        """One that comes so many ticks of this schedule after an instant."""
        folded = self._folded.get(schedule, 0)
        return WakeUp(schedule, self._ticks.passed(schedule, since, folded) + ticks, ticks, since)

    def marker(self, schedule: str, ticks: int, started: Instant) -> Marker:
        """What an instance leaves that ends now, for so many ticks of this schedule."""
        return Marker(started, schedule, self._folded.get(schedule, 0) + ticks)

    def count(self, schedule: str, since: Instant, until: Instant) -> int:
        """The ticks folded that end after one instant and not after another."""
        folded = self._folded.get(schedule, 0)
        ticks = self._ticks.passed(schedule, until, folded) - self._ticks.passed(schedule, since, folded)
        return max(0, ticks)

    def is_passed(self, wake: WakeUp) -> bool:
        """Does it wait for just any tick? What is due on the tick being folded does not."""
        return (
            wake.due <= self._folded.get(wake.schedule, 0)
            and (wake.schedule, wake.due) != self._folding
            and not wake.parked
        )

    def resume(self, key: bytes, name: str) -> bool:
        """A parked wake-up is due at the next tick of any schedule. False where none of this name is parked."""
        found = self.instance(key)
        if not isinstance(found, Instance) or name not in found.wakes or not found.wakes[name].parked:
            return False
        changed = found.copy()
        changed.wakes[name] = found.wakes[name]._replace(parked=False)
        self.put(key, changed)
        return True

    def write(self) -> None:
        """Encode what was touched, and tell `changed` of what is not as it was."""
        for key in self._touched:
            found = self._live[key]
            if found is None:
                if self._stored.pop(key, None) is not None:
                    self.changed(key, None)
            else:
                value = encode_instance(found)
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
        self._folding = (schedule, ordinal)
        fresh = self._fresh.pop(schedule, None)
        if not fresh:
            return
        waiting: dict[bytes, None] = {}
        for key in fresh:
            found = self.instance(key)
            if not isinstance(found, Instance):
                continue
            shifted: dict[str, WakeUp] = {}
            for name, wake in found.wakes.items():
                base = wake.due - wake.ticks
                if wake.schedule != schedule or wake.parked or base < ordinal - 1:
                    continue
                if base < ordinal and wake.since < ends_at:
                    continue
                waiting[key] = None
                if base < ordinal:
                    shifted[name] = wake._replace(due=wake.due + 1)
            if shifted:
                changed = found.copy()
                changed.wakes.update(shifted)
                self.put(key, changed)
        if waiting:
            self._fresh.setdefault(schedule, {}).update(waiting)

    def settled(self) -> None:
        """The tick, or as much of it as this step takes, has been folded."""
        self._folding = ("", 0)

    def _holding(self, keys: Iterable[bytes], schedule: str, ordinal: int) -> list[bytes]:
        held = []
        for key in keys:
            found = self._live[key] if key in self._live else self._decoded(key)
            if isinstance(found, Instance):
                if any(
                    one.schedule == schedule and one.due == ordinal and not one.parked for one in found.wakes.values()
                ):
                    held.append(key)
            elif found is not None and found.schedule == schedule and found.due == ordinal:
                held.append(key)
        return held

    def _decoded(self, key: bytes) -> Found:
        value = self._stored.get(key)
        return None if value is None else decode_instance(value)

    def pop_due(self, schedule: str, ordinal: int) -> list[bytes]:
        """The aggregates with a wake-up due at this tick, sorted; markers that have served their time are dropped."""
        due = []
        for key in self._due.pop(schedule, ordinal):
            if isinstance(self.instance(key), Marker):
                self._live[key] = None
                self._touched[key] = None
            else:
                due.append(key)
        return due

    def due_names(self, key: bytes) -> list[tuple[str, WakeUp]]:
        """Which of an aggregate's wake-ups fire at the tick being folded, by name."""
        found = self.instance(key)
        if not isinstance(found, Instance):
            return []
        return sorted(
            (name, one)
            for name, one in found.wakes.items()
            if not one.parked and ((one.schedule, one.due) == self._folding or self.is_passed(one))
        )

    def put_back(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:
        """What a cut burst left over, to be popped again."""
        back = []
        for key in keys:
            found = self.instance(key)
            wakes = found.wakes.values() if isinstance(found, Instance) else ()
            if any(one.schedule == schedule and one.due == ordinal and not one.parked for one in wakes):
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
            found = decode_instance(value)
            if isinstance(found, Marker):
                self._due.forget(found.schedule, found.due)
                continue
            for wake in found.wakes.values():
                self._remove(wake)
            self.passed.discard(key)

    def load(self, instances: dict[bytes, bytes], folded: dict[str, int]) -> None:  # noqa: ARG002 - as above
        """Take over the changelog's instances. What is due, passed and fresh follows from the values and from how far
        each schedule has been folded. Raises what `check_version` does."""
        versions = {b""}
        self._stored.update(instances)
        for key, value in instances.items():
            found = decode_instance(value)
            if isinstance(found, Marker):
                self._due.add(key, found.schedule, found.due)
            else:
                if (version := found.state[:PREFIX_BYTES]) not in versions:
                    self._check_version(version, key)
                    versions.add(version)
                for wake in found.wakes.values():
                    self._add(key, wake)
