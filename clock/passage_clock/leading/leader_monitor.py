"""What a candidate sees of its leader: everything it follows passes here, and what it makes of it is a sign, or none.

`failure_detector` judges; this tells it what was read and when, and asks the broker the one question a judgement needs:
whether the silence is the leader's and not our own deafness. Refuses to act: the service decides what a sign leads to.
"""

from passage_clock.leading.failure_detector import FailureDetector
from passage_clock.leading.leadership import Cause
from passage_clock.records.follower import Follower
from passage_clock.records.terms import Probe, Term
from passage_clock.wall import Wall

# An answer that took longer says that the log was in trouble, and its leader with it.
PROMPT_SECONDS = 0.5


class LeaderMonitor:
    """Belongs to one thread."""

    def __init__(self, follower: Follower, detector: FailureDetector, wall: Wall) -> None:
        self._follower = follower
        self._detector = detector
        self._wall = wall
        detector.heard(wall.monotonic())
        self._term: Term | None = None
        self._probe: Probe | None = None
        self.has_reached_the_log = False
        """Whether everything readable was read once, since the log answers."""

    @property
    def last_leader(self) -> str | None:
        return self._term.leader if self._term is not None else None

    def follow(self, max_records: int, timeout_seconds: float = 0.0) -> int:
        """As `Follower.follow`."""
        read = self._follower.follow(max_records, timeout_seconds)
        if read:
            self._take_in()
        return read

    def sign(self) -> Cause | None:
        """Why to take office unasked, if there is a reason; told once. Raises Unreachable."""
        if not self.has_reached_the_log:
            self.has_reached_the_log = self._follower.is_at_the_end()
        wall_at, now = self._wall.now(), self._wall.monotonic()
        if self._detector.is_vacated(wall_at, now):
            sign = Cause.VACATED
        elif self._detector.is_overdue(lambda: self._follower.promises().values(), wall_at, now):
            sign = Cause.OVERDUE
        else:
            return None
        if not self._hears_well():
            return None
        self._detector.acted(self._wall.monotonic())
        return sign

    def silent_seconds(self) -> float:
        """Since anything was heard of a leader, or since we listen."""
        return self._detector.silent_seconds(self._wall.monotonic())

    def lost_the_log(self) -> None:
        """It did not answer: silence means nothing until it does."""
        self.has_reached_the_log = False
        self._detector.heard(self._wall.monotonic())

    def _hears_well(self) -> bool:
        """Whether the broker answers us at once, and has nothing that we haven't read."""
        asked_at = self._wall.monotonic()
        is_at_the_end = self._follower.is_at_the_end()
        now = self._wall.monotonic()
        if now - asked_at > PROMPT_SECONDS:
            self._detector.heard(now)
            return False
        self.has_reached_the_log |= is_at_the_end
        return is_at_the_end

    def _take_in(self) -> None:
        now, probe, term = self._wall.monotonic(), self._follower.probe, self._follower.term
        self._detector.heard(now)
        if probe is not None and probe is not self._probe:
            self._detector.probed(probe.stored_at, now)
        if term is not None and term is not self._term:
            if term.has_resigned:
                self._detector.resigned()
            else:
                self._detector.took_office(term.signed_at, self._wall.now(), now)
        self._probe, self._term = probe, term
