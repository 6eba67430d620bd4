"""Watches the turns of a worker, or the steps of a clock, from another thread, and names one that takes too long.

    10 s    said, and again every ten: what it waits for, and where in the code
    180 s   in a call to the log, though a broker answers: the process ends with one line, for whoever supervises it

The adapters bound every call of theirs; this is for what no one thought of. A user's own handler is named as such and
never cut short: to start anew would begin the same handler with the same fact, in a batch as long as before, where a
transaction that came too late at least makes the next one smaller. Our own work (a large state being loaded) has no
call to the log in it and isn't cut short either. Time in which this thread did not run itself, as in a process that was
stopped and resumed, does not count.

SIGUSR1 writes the stacks of all threads to standard error, whoever hangs where.
"""

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import NamedTuple

import structlog

from passage.running.brokers import Brokers
from passage_log.waiting import waiting

LONG_SECONDS = 10.0
LAST_SECONDS = 180.0
"""A turn asks the log some four questions at most, of thirty seconds each where a partition has no leader, and commits.
"""
BEAT_SECONDS = 1.0

HUNG = 75
"""The exit code: sysexits' "try again". Nothing is wrong that the user could mend, and nothing was lost."""

_ROOMS = ("passage_log", "passage_clock", "passage_processors", "passage_schemas", "passage")

_log = structlog.get_logger("passage")


class Place(NamedTuple):
    """Where a thread is. `asks`: in a call to the log."""

    what: str
    asks: bool


class Turns:
    """Of the thread that makes this.

    turned_at    when its last turn began, in monotonic seconds
    is_folding   whether a user's own code may be running
    leave        what has to be left in order before the process ends: a terminal's cursor
    """

    def __init__(
        self,
        turned_at: Callable[[], float],
        is_folding: Callable[[], bool],
        brokers: Brokers,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self.seconds = 0.0
        """How long the turn under way has taken."""
        self._leave = leave
        self._turned_at = turned_at
        self._is_folding = is_folding
        self._brokers = brokers
        self._thread = threading.get_ident()
        self._begun: float | None = None
        self._looked_at = monotonic()
        self._said_at = 0.0
        self._hung = 0.0

    def start(self) -> None:
        """Watch from here on until the process ends."""
        threading.Thread(target=self._watch, name="turns", daemon=True).start()

    def _watch(self) -> None:
        while True:
            sleep(BEAT_SECONDS)
            self.look()

    def look(self) -> None:
        """One beat: is it still the turn of the last beat, and for how long?"""
        now, begun = monotonic(), self._turned_at()
        beat = min(now - self._looked_at, 2 * BEAT_SECONDS)
        self._looked_at = now
        if begun != self._begun:
            if self._said_at:
                _log.warning("turn_ended", seconds=round(self.seconds, 1))
            self._begun, self.seconds, self._said_at, self._hung = begun, 0.0, 0.0, 0.0
            return
        self.seconds += beat
        if self.seconds >= LONG_SECONDS:
            self._judge(self.place(), beat)

    def _judge(self, place: Place, beat: float) -> None:
        """Waiting for a broker that is gone is no hanging; it begins to be when one is back."""
        is_explained = self._brokers.silent_since is not None
        self._hung = self._hung + beat if place.asks and not is_explained else 0.0
        if self.seconds >= self._said_at + LONG_SECONDS:
            self._said_at = self.seconds
            _log.warning("turn_takes_long", seconds=round(self.seconds, 1), waiting_for=place.what)
        if self._hung >= LAST_SECONDS:
            self._end(place)

    def _end(self, place: Place) -> None:
        try:
            self._leave()
            said = f"a turn has taken {self.seconds:.0f} s, waiting for {place.what}, though a broker answers"
            print(f"passage: {said}; ended, to be started anew", file=sys.stderr, flush=True)
        finally:
            os._exit(HUNG)

    def place(self) -> Place:
        """What the watched thread is at."""
        frames = _frames(sys._current_frames().get(self._thread))
        if self._is_folding():
            theirs = next((frame for frame in reversed(frames) if _room(frame) is None), None)
            last = frames[-1] if frames else None
            return Place(f"a handler of the app's own, at {_named(theirs or last)}", False)
        asks = any(_room(frame) == "passage_log" for frame in frames)
        ours = next((frame for frame in reversed(frames) if _room(frame) is not None), None)
        asked = waiting(self._thread) if asks else None
        return Place(f"{asked.what}, at {_named(ours)}" if asked is not None else _named(ours), asks)

    @property
    def line(self) -> str | None:
        """Of a turn that takes long, for people; None where none does."""
        if self.seconds < LONG_SECONDS:
            return None
        return f"a turn has taken {self.seconds:.0f} s, waiting for {self.place().what}"


def write_stacks_when_asked() -> None:
    """By SIGUSR1, from here on."""
    if sys.__stderr__ is not None:
        faulthandler.register(signal.SIGUSR1, file=sys.__stderr__, all_threads=True)


def _frames(innermost: FrameType | None) -> list[FrameType]:
    """The outermost first."""
    frames = []
    while innermost is not None:
        frames.append(innermost)
        innermost = innermost.f_back
    return frames[::-1]


def _room(frame: FrameType) -> str | None:
    name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return name if name in _ROOMS else None


def _named(frame: FrameType | None) -> str:
    if frame is None:
        return "nothing that can be told"
    code = frame.f_code
    return f"{code.co_qualname} ({Path(code.co_filename).name}:{frame.f_lineno})"
