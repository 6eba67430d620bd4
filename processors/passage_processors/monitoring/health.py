"""Whether this worker lives, and whether it does its part: for whoever restarts it or waits for it.

Alive: the loop turns. A broker that is down is no reason to restart a worker: turns may take long.
Ready: its tasks are restored, or it stands by for others'.

Refuses to touch the worker: it is asked by a server's thread, and reads plain values only.
"""

from typing import Protocol

from passage_processors.runtime.waits import Waits
from passage_processors.runtime.worker import WorkerStage

# A turn may hold a look at the gate (5 s), a writer's opening and a commit, each as long as a client may be asked to
# wait for a broker (30 s).
STALLED_SECONDS = 90.0

WHY_NOT_READY: dict[WorkerStage, str] = {
    "joining": "joining: the ticks there are have not been read yet",
    "restoring": "restoring: reading its tasks' state from the changelog",
}


class WatchedWorker(Protocol):
    """What health asks of a worker."""

    @property
    def stage(self) -> WorkerStage: ...
    @property
    def turned_at(self) -> float: ...
    @property
    def waits(self) -> Waits: ...
    def monotonic(self) -> float: ...


class WorkerHealth:
    """Asked from another thread than the worker's."""

    def __init__(self, worker: WatchedWorker) -> None:
        self._worker = worker

    def why_not_alive(self) -> str | None:
        seconds = self._worker.monotonic() - self._worker.turned_at
        return f"no turn for {seconds:.0f} s" if seconds > STALLED_SECONDS else None

    def why_not_ready(self) -> str | None:
        why_not = self.why_not_alive() or WHY_NOT_READY.get(self._worker.stage) or self._why_idle()
        line = self._worker.waits.line
        return why_not if why_not is None or line is None else f"{why_not}; {line}"

    def _why_idle(self) -> str | None:
        """It stands by, though there is work that nobody does."""
        is_idle = self._worker.stage == "standing by" and "group" in self._worker.waits.standing
        return "standing by, though nobody does all there is to do" if is_idle else None

    def but(self) -> str | None:
        """What it waits for though it does its part, in a line."""
        return self._worker.waits.line
