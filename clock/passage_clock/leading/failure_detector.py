"""Whether a standby should take office though the group has not asked it to.

Pure: the service tells what was read and when, this judges. Two signs count.

*Vacated.* The last leader wrote a resignation and nobody has come since. This needs no opt-in: the office is empty for
certain, and waiting for the group would only make ticks late.

*Overdue*, opt-in by a grace. A tick was promised for P and is not readable at P + grace. Taking office on this is safe,
because every office begins with a fence; what must be avoided is a change of leaders that helps nobody:

- the leader is alive and catching up: whatever it writes is a sign of life, and only silence for the grace counts;
- nothing can be expected (paused, removed, at its horizon): the caller names only promises that hold;
- the leader can't publish P, and nor could we: only what was promised for later than the last change of leaders counts,
  so one promise deposes one leader at most;
- leaders are slow because the log is: each change that nobody resigned for, within a minute, doubles the patience, so
  in the worst case six changes a minute become none;
- our own wall is wrong: P must be past by our wall *and* by the broker's time. A standby can't ask for that, but it
  reads the leader's probes: a record the broker stored at B, read at a monotonic M, says that it is at least
  B + (now - M). When our wall is further ahead of this than the clock may be, we would not be allowed to publish, so we
  stay; and of two slow candidates only the less slow one finds the other late;
- several standbys: each waits a little of its own, made from its name, and the fence of the first is a sign of life.

The service also asks the broker whether everything readable was read, so that silence is never our own deafness.
"""

from collections import deque
from collections.abc import Callable, Iterable
from hashlib import sha256

from passage_schemas.instant import Instant

TROUBLED_SECONDS = 60.0
"""How long a change of leaders is remembered against the next one."""

MOST_DOUBLINGS = 6

STAGGER_SECONDS = 0.4
"""A take-over needs some 0.1 s, so that of three standbys two rarely meet; when they do, one is fenced."""


class FailureDetector:
    """What one standby has seen of its leader. `grace_seconds`: None, never act on an overdue tick."""

    def __init__(self, name: str, grace_seconds: float | None, max_skew_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._max_skew_seconds = max_skew_seconds
        share = int.from_bytes(sha256(name.encode()).digest()[:4], "big") / 2**32
        self._stagger_seconds = STAGGER_SECONDS * share
        self._heard_at = 0.0
        self._since_at: Instant | None = None
        self._broker_ahead: float | None = None
        """The broker's time minus our monotonic seconds, at the least."""
        self._changes: deque[float] = deque(maxlen=MOST_DOUBLINGS + 1)
        self._is_vacant = False

    def heard(self, monotonic: float) -> None:
        """Something new was read; or nothing could be, so that silence means nothing."""
        self._heard_at = monotonic

    def silent_seconds(self, monotonic: float) -> float:
        """Since something new was read."""
        return monotonic - self._heard_at

    def probed(self, stored_at: Instant, monotonic: float) -> None:
        """The broker stored a leader's probe at `stored_at`; we read it just now."""
        ahead = stored_at / 1_000_000 - monotonic
        self._broker_ahead = ahead if self._broker_ahead is None else max(ahead, self._broker_ahead)

    def took_office(self, signed_at: Instant | None, wall_at: Instant, monotonic: float) -> None:
        """A barrier was read. One from long ago, met in catching up, says nothing of the present."""
        is_news = signed_at is not None and abs(wall_at - signed_at) < TROUBLED_SECONDS * 1_000_000
        if is_news and not self._is_vacant:
            self._changes.append(monotonic)
        self._since_at, self._is_vacant = wall_at, False

    def resigned(self) -> None:
        self._is_vacant = True

    def acted(self, monotonic: float) -> None:
        """We try: whatever comes of it, the next time is another one."""
        self._heard_at, self._is_vacant = monotonic, False

    def is_vacated(self, wall_at: Instant, monotonic: float) -> bool:
        return (
            self._is_vacant
            and monotonic - self._heard_at >= self._stagger_seconds
            and self._broker_at(wall_at, monotonic) is not None
        )

    def is_overdue(self, promises: Callable[[], Iterable[Instant]], wall_at: Instant, monotonic: float) -> bool:
        """Whether one of the ticks promised is late enough to act. They are asked for only after a silence."""
        if self._grace_seconds is None or self._since_at is None:
            return False
        patience = self.patience_seconds(monotonic) + self._stagger_seconds
        if monotonic - self._heard_at < patience:
            return False
        broker_at = self._broker_at(wall_at, monotonic)
        if broker_at is None:
            return False
        due_by = min(wall_at, broker_at) - patience * 1_000_000
        return any(self._since_at <= promise <= due_by for promise in promises())

    def patience_seconds(self, monotonic: float) -> float:
        assert self._grace_seconds is not None, "asked only of who may act"
        recent = sum(monotonic - changed < TROUBLED_SECONDS for changed in self._changes)
        return self._grace_seconds * float(2 ** max(0, recent - 1))

    def _broker_at(self, wall_at: Instant, monotonic: float) -> Instant | None:
        """What time it is at the broker, at the least; None while that doesn't vouch for our wall."""
        if self._broker_ahead is None:
            return None
        broker_at = Instant(round((self._broker_ahead + monotonic) * 1_000_000))
        return broker_at if wall_at - broker_at <= self._max_skew_seconds * 1_000_000 else None
