"""Run a clock until told to stop, and then be gone within seconds, whatever the log does.

A clock belongs to one thread, and a Kafka client that waits for a broker can't be interrupted: a signal would be heard
only when it comes back, up to half a minute later. So the clock gets a thread of its own and the caller's thread waits
for the signal. A clock that can't stop in time (no broker takes its resignation) is left behind: it holds nothing that
the group's session and the next leader's fence don't end.
"""

import threading
from typing import Protocol

import structlog

from passage_clock.leading.service import Clock, Stop

STOP_WITHIN_SECONDS = 4.0
"""A resignation takes some 50 ms; leaving the group, with a broker at hand, as much."""

log = structlog.get_logger(__name__)


class Event(Stop, Protocol):
    """As `threading.Event`."""

    def set(self) -> None: ...


def run_until(clock: Clock, stop: Event, stop_within_seconds: float = STOP_WITHIN_SECONDS) -> bool:
    """Be a candidate until `stop` is set; then resign and leave the group. False if that took too long: then end the
    process by `os._exit`, for the interpreter's own end waits for a client that waits for a broker.

    Raises what `Clock.run` raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            clock.run(stop)
        except BaseException as error:  # noqa: BLE001 - it is raised again, by the thread that called
            raised.append(error)
        finally:
            stop.set()

    thread = threading.Thread(target=run, name=f"clock {clock.name}", daemon=True)
    thread.start()
    while not stop.is_set():
        stop.wait(3600.0)
    thread.join(stop_within_seconds)
    if raised:
        raise raised[0]
    if thread.is_alive():
        log.warning("stopped_without_resignation", candidate=clock.name, within_seconds=stop_within_seconds)
        return False
    return True
