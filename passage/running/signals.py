"""SIGTERM and Ctrl-C ask for a graceful stop and get an end: the process is gone in two seconds, whatever it waits for.

Kafka's client can't be interrupted while it waits for a broker, up to a minute, and Python hears a signal only when the
main thread comes back from there. So the signals are heard by a thread of their own, by way of a pipe the interpreter's
own C handler writes to. Who has not left in order by then is ended where it stands, and nothing is lost by that: what
is on the log was written whole or will be aborted, and sessions and fences end the rest, as they do after kill -9.
One thing is waited for, however long it takes: a user's own code.

Tried: the work in a thread and the main thread waiting for the signal. But what a user's module set up for its thread
(the precision of decimals, say) was then not what its handlers met. And an event that the main thread waits for can't
be set by a handler that interrupts the very wait.
"""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from time import monotonic
from types import FrameType

import structlog

STOP_WITHIN_SECONDS = 2.0
"""Leaving a group, or resigning, takes some 50 ms where a broker answers."""

LOOK_EVERY_SECONDS = 0.1

LAST_RESORT_SECONDS = 10.0
"""Somebody may hold the interpreter itself (librdkafka 4884), so that no thread of ours can end the process. Then the
kernel does, by SIGALRM."""

HEARD = (signal.SIGTERM, signal.SIGINT)

_log = structlog.get_logger("passage")


class Stop(threading.Event):
    """Set by the first signal. The second one ends the process at once, for whoever can't wait.

    is_busy   whether a user's own code runs, which is never cut short
    leave     what has to be left in order even so: a terminal's cursor
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_busy: Callable[[], bool] = lambda: False
        self.leave: Callable[[], None] = lambda: None

    def watch(self, signals: int) -> None:
        """`signals`: where their numbers are read, a byte each. Comes back never."""
        _next_of(signals)
        self.set()
        until = monotonic() + STOP_WITHIN_SECONDS
        while monotonic() < until:
            signal.setitimer(signal.ITIMER_REAL, LAST_RESORT_SECONDS)
            if select.select([signals], [], [], LOOK_EVERY_SECONDS)[0]:
                _end(128 + _next_of(signals))
            if self.is_busy():
                until = monotonic() + STOP_WITHIN_SECONDS
        try:
            _log.warning(
                "left_where_it_stood", after_seconds=STOP_WITHIN_SECONDS, reason="leaving in order took longer",
                consequence="what was under way is done again, by whoever comes next",
            )  # fmt: skip
            self.leave()
        finally:
            _end(0)


def stopped_by_signals() -> Stop:
    """From here on they are heard. Once in a process, by its main thread."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    stop = Stop()
    threading.Thread(target=stop.watch, args=[reading], name="signals", daemon=True).start()
    signal.set_wakeup_fd(writing)
    for number in HEARD:
        signal.signal(number, _heard_beside)
    return stop


def _heard_beside(number: int, frame: FrameType | None) -> None:
    """There must be a handler for the number to be written to the pipe."""


def _next_of(signals: int) -> int:
    while (number := os.read(signals, 1)[0]) not in HEARD:
        pass  # a handler of the user's
    return number


def _end(code: int) -> None:
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        os._exit(code)  # also when nobody reads us any more
