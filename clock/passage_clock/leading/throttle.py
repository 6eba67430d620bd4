"""How many ticks of the past may go now, so that a long backfill drowns no subscriber.

Pure: a bucket that fills with the caller's monotonic seconds, and holds what flows in a second. Only the past is held
back; nobody asks here for a tick of the present.
"""

FILLS_A_SECOND = 10
"""In so many portions: a transaction each is cheap, and a subscriber sees an even stream."""


class Throttle:
    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._portion = max(1.0, per_second / FILLS_A_SECOND)
        self._there = self._portion
        self._filled_at: float | None = None

    def room(self, now: float) -> int:
        """How many may go: at least a portion, or none."""
        if self._filled_at is not None:
            flowed = (now - self._filled_at) * self._per_second
            self._there = min(max(self._per_second, self._portion), self._there + flowed)
        self._filled_at = now
        return int(self._there) if self._there >= self._portion else 0

    def took(self, ticks: int) -> None:
        self._there -= ticks

    @property
    def wait_seconds(self) -> float:
        """From the last look until there is room again."""
        return max(0.0, (self._portion - self._there) / self._per_second)
