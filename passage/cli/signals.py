"""SIGTERM and Ctrl-C ask for a graceful stop; a second one ends the process at once, for whoever can't wait."""

import os
import signal
import threading
from types import FrameType


def stopped_by_signals() -> threading.Event:
    """Set by the first signal."""
    stop = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hear)
    return stop
