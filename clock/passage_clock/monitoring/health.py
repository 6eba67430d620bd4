"""Whether this candidate lives, and whether it can take over: for whoever restarts it or waits for it.

Alive: the loop steps. A broker that is down is no reason to restart a clock, so its steps may take long.
Ready: in office, or standing by with everything readable read, fit to lead, and nothing in the way of either.

Refuses to touch the clock: it is told by the clock's thread and asked by a server's, and keeps plain values only.
"""

from passage_clock.leading.leadership import Leadership, Stage
from passage_clock.leading.observer import Quiet
from passage_clock.leading.waits import ClockWait
from passage_clock.wall import Wall

# Longer than the longest time a Kafka client may be asked to wait for a broker (30 s), twice in one step.
STALLED_SECONDS = 90.0

WHY_NOT_READY = {
    Stage.OPENING: "taking office: waiting for the fence",
    Stage.MARKING: "taking office: writing the barrier",
    Stage.READING: "taking office: reading up to the barrier",
    Stage.SETTLING: "taking office: recording the schedules",
    Stage.HELD: "in office, but this machine's clock is ahead of the broker's: publishing nothing",
    Stage.BACKING_OFF: "the log failed this candidate; it will try again in a moment",
    Stage.FENCED: "a newer leader's fence was met; standing back for it",
    Stage.STOPPED: "stopped",
}


class ClockHealth(Quiet):
    """An observer."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._stage = Stage.STANDING_BY
        self._stepped_at = wall.monotonic()
        self._has_reached_the_log = False
        self._outdated: str | None = None
        self._wait: ClockWait | None = None

    def moved(self, before: Leadership, after: Leadership) -> None:
        del before
        self._stage = after.stage

    def stepped(self, monotonic: float, has_reached_the_log: bool) -> None:
        self._stepped_at, self._has_reached_the_log = monotonic, has_reached_the_log

    def outdated(self, why: str | None) -> None:
        self._outdated = why

    def held_up(self, wait: ClockWait | None) -> None:
        self._wait = wait

    @property
    def stepped_at(self) -> float:
        """When the last step ended, in monotonic seconds."""
        return self._stepped_at

    def why_not_alive(self) -> str | None:
        seconds = self._wall.monotonic() - self._stepped_at
        return f"no step for {seconds:.0f} s" if seconds > STALLED_SECONDS else None

    def why_not_ready(self) -> str | None:
        stage, wait = self._stage, self._wait
        in_the_way = None if wait is None or wait.what == "assignment" else wait.told(self._wall.monotonic())
        if stage is Stage.STANDING_BY and not self._has_reached_the_log:
            return _joined("standing by, but the log has not been read to its end yet", in_the_way)
        if stage is Stage.STANDING_BY and self._outdated is not None:
            return f"standing by, but it may not lead: {self._outdated}"
        if stage is Stage.REFUSING:
            return f"refusing office: {self._outdated}"
        if (why_not := self.why_not_alive()) is not None:
            return why_not
        if stage in WHY_NOT_READY:
            return _joined(WHY_NOT_READY[stage], in_the_way)
        return in_the_way and f"{stage.name.lower().replace('_', ' ')}, but {in_the_way}"


def _joined(said: str, in_the_way: str | None) -> str:
    return said if in_the_way is None else f"{said}; {in_the_way}"
