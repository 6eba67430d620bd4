"""A thread that can be told to stop, and whose error is not lost: whoever started it asks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

STOP_TIMEOUT_SECONDS = 10.0
"""Leaving a group and closing a client takes a second at most; a thread that takes longer is left to die with us."""


class Running:
    """Work in a thread of its own, until `stop` is set."""

    def __init__(self, name: str, work: Callable[[Event], None]) -> None:
        self.stop = Event()
        self._work = work
        self._error: Exception | None = None
        self.thread = Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        try:
            self._work(self.stop)
        except Exception as error:  # noqa: BLE001 - whatever ended the work is raised again in the thread that asks
            self._error = error

    def check(self) -> None:
        """Raises what ended the work, if something did."""
        if self._error is not None:
            raise self._error


@contextmanager
def running(name: str, work: Callable[[Event], None]) -> Iterator[Running]:
    """Start it; stop it and wait for it at the block's end, however that comes."""
    started = Running(name, work)
    started.thread.start()
    try:
        yield started
    finally:
        started.stop.set()
        started.thread.join(STOP_TIMEOUT_SECONDS)
