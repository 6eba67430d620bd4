"""How the clock is doing, read from the log alone: who leads, since when, each schedule's last tick and its next.

Nobody has to be asked who may be gone: a leader writes its name, its host and its wall's time with every barrier and
every probe. It answers whether the leader is alive only as far as the log and the group know.

Refuses to read all of a long tick topic: it looks back from the end, each time twice as far, until every schedule's
last tick is found or `look_back` records were read; what lies further back is told as None.
"""

from dataclasses import dataclass

from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Leader:
    """Who took office last. `since_at` and `seen_at`, its last sign of life, are by its own wall and by the broker's;
    None where the log no longer tells. `has_resigned`: it said that it goes, and nobody has come since."""

    name: str
    host: str | None
    term: int
    since_at: Instant | None
    seen_at: Instant | None
    has_resigned: bool


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A schedule's last tick. Lateness: publication after the instant; age: the instant before now."""

    ordinal: int
    sequence: int
    period: str
    ends_at: Instant
    published_at: Instant
    lateness_seconds: float
    age_seconds: float


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """As `passage.schedules` has it, and its ticks. `status`: active, paused or removed, by whom and why.
    `overdue_seconds`: how long ago the next tick of an active schedule should have been there; 0.0 when it is to come.
    """

    name: str
    event: str
    zone: str
    status: str
    by: str
    reason: str
    last: LastSeen | None
    next_at: Instant | None
    overdue_seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """Plain values all through: `dataclasses.asdict` gives what JSON takes. `now` is the reader's own wall.

    `members` are those in the group, the leader among them; `standbys` those that could follow it. `skew_seconds`: the
    leader's wall minus the broker's at its last probe.
    """

    now: Instant
    group: str
    leader: Leader | None
    members: int
    standbys: int
    skew_seconds: float | None
    sequence: int
    schedules: tuple[ScheduleStatus, ...]

    @property
    def is_led(self) -> bool:
        """Whether somebody leads, as far as the log and the group tell."""
        return self.leader is not None and not self.leader.has_resigned and self.members > 0
