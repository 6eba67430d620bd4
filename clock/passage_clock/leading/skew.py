"""How far this machine's clock is from the broker's, and when to ask again.

Pure: the service asks the broker, this judges the answers. Ticks published by a clock that runs ahead would tell of
periods that have not ended, so the judgement leans to "ahead": the wall is read when the answer is back, and the time
the answer took counts against us. A broker that takes seconds to answer can so hold a clock that is right; publishing
late is the lesser harm.
"""

from dataclasses import dataclass

from passage_clock.wall import Wall
from passage_schemas.instant import Instant

PROBE_EVERY_SECONDS = 30.0

# A leader with nothing to do asks sooner, so that no tick has to wait for an answer.
IDLE_PROBE_SECONDS = 20.0

# NTP slews at 500 ppm at most: 15 ms between two probes. Half a second at once is a step, or a machine that slept.
JUMP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class WallReading:
    """Both clocks of one machine, read together: wall time, and monotonic seconds."""

    wall_at: Instant
    monotonic: float

    @classmethod
    def of(cls, wall: Wall) -> "WallReading":
        return cls(wall.now(), wall.monotonic())


def skew_seconds(wall_at: Instant, broker_ms: int) -> float:
    """How far the wall is ahead of the broker; negative when behind. The broker's millisecond is rounded down, so the
    answer is up to a millisecond too high."""
    return (wall_at - broker_ms * 1000) / 1_000_000


def jump_seconds(before: WallReading, after: WallReading) -> float:
    """What the wall gained on the monotonic clock between two readings: zero unless somebody set the wall."""
    return (after.wall_at - before.wall_at) / 1_000_000 - (after.monotonic - before.monotonic)


def may_probe(probed: WallReading, now: WallReading) -> bool:
    """Whether it is time to ask again if nothing else is to be done."""
    return now.monotonic - probed.monotonic >= IDLE_PROBE_SECONDS


def must_probe(probed: WallReading, skew: float, now: WallReading, max_skew_seconds: float) -> bool:
    """Whether the last probe, taken at `probed` and answered with `skew` seconds, no longer says enough about the wall.
    What the wall gained since may be little, and yet too much on top of what it had."""
    if now.monotonic - probed.monotonic >= PROBE_EVERY_SECONDS:
        return True
    gained = jump_seconds(probed, now)
    return abs(gained) >= min(JUMP_SECONDS, max_skew_seconds / 2) or (gained > 0 and skew + gained > max_skew_seconds)
