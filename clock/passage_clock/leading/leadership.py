"""Whether this candidate may publish: a state machine without a clock, a thread or a broker.

                                  taking office, in four steps
    STANDING_BY ─assigned, overdue, vacated─> OPENING ─opened─> MARKING ─marked─> READING ─caught up─> SETTLING
                                               ^                                                          │
                                               │            IN_OFFICE <──settled──────────────────────────┤
                                               │                │                                         │
                                               │                └─ahead─> HELD <──ahead───────────────────┤
                                               │                            └──waited─> SETTLING          │
                                               └──waited── BACKING_OFF <─failed── any step of office      │
    STANDING_BY <──waited── FENCED <─fenced── any step of office                                          │
    STANDING_BY <──waited── REFUSING <──refused── STANDING_BY, IN_OFFICE, or ─────────────────────────────┘
    STANDING_BY <──revoked── any step of office, BACKING_OFF
    STOPPED     <──stop───── anything; nothing leads out of it

The group's assignment says who should lead, the writer's epoch who may. So `assigned` opens the way to office and
proves nothing, and every way back to office leads through OPENING: a writer that only re-initialised would fence its
successor and go on from a stale memory. `failed` is therefore never followed by a retry in place.

Because the assignment proves nothing, the way to office may also be opened by what a standby sees: a tick that is
*overdue*, or an office that was *vacated* by a resignation. Such a leader is *acting*: the group does not know it, so
that it is not assigned does not depose it. It acts until it is fenced, or until it is `assigned` after all.

FENCED and REFUSING have left the group: who was fenced lets the assignment follow the office, and who refused lets a
candidate lead that has newer data, or keeps what was promised. Who knows already that it may not lead refuses before
it fences anybody.
Each comes back after a while, for there may be nobody else. HELD is in office with a clock that runs ahead: it
publishes nothing until the next probe of the broker's time.

Refuses to know the time: `now` is the caller's monotonic seconds. Any other transition is a bug: an AssertionError.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

# A session: long enough for a successor to be in office, and so long do two clocks that were given one log by mistake
# leave each other alone. A broker also fences a writer whose transaction timed out; then there may be no successor.
FENCED_WAIT_SECONDS = 6.0
# Long enough for a rolling upgrade to move on, short enough to lead again when it was rolled back.
REFUSING_WAIT_SECONDS = 60.0
# A clock that is being slewed loses a few milliseconds in this time; one that is stepped is right at the next probe.
HELD_WAIT_SECONDS = 5.0
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 10.0
# A failure after this long in office has nothing to do with the ones before it.
SETTLED_SECONDS = 60.0


class Stage(Enum):
    STANDING_BY = auto()
    OPENING = auto()
    MARKING = auto()
    READING = auto()
    SETTLING = auto()
    IN_OFFICE = auto()
    HELD = auto()
    BACKING_OFF = auto()
    FENCED = auto()
    REFUSING = auto()
    STOPPED = auto()


class Cause(Enum):
    ASSIGNED = auto()
    OVERDUE = auto()
    VACATED = auto()
    REVOKED = auto()
    OPENED = auto()
    MARKED = auto()
    CAUGHT_UP = auto()
    SETTLED = auto()
    AHEAD = auto()
    WAITED = auto()
    REFUSED = auto()
    FAILED = auto()
    FENCED = auto()
    STOP = auto()


OFFICE = frozenset(
    {Stage.OPENING, Stage.MARKING, Stage.READING, Stage.SETTLING, Stage.IN_OFFICE, Stage.HELD},
)
"""The stages that own a writer."""

ACTING = frozenset({Cause.OVERDUE, Cause.VACATED})
"""What opens the way to office without the group."""

OUTSIDE = frozenset({Stage.FENCED, Stage.REFUSING, Stage.STOPPED})
"""The stages that have left the group."""

WAITING = frozenset({Stage.BACKING_OFF, Stage.FENCED, Stage.REFUSING, Stage.HELD})
"""The stages that end by `waited`, at `Leadership.until`."""

TRANSITIONS: dict[tuple[Stage, Cause], Stage] = {
    (Stage.STANDING_BY, Cause.ASSIGNED): Stage.OPENING,
    **{(Stage.STANDING_BY, sign): Stage.OPENING for sign in ACTING},
    (Stage.OPENING, Cause.OPENED): Stage.MARKING,
    (Stage.MARKING, Cause.MARKED): Stage.READING,
    (Stage.READING, Cause.CAUGHT_UP): Stage.SETTLING,
    (Stage.SETTLING, Cause.SETTLED): Stage.IN_OFFICE,
    (Stage.STANDING_BY, Cause.REFUSED): Stage.REFUSING,
    (Stage.SETTLING, Cause.REFUSED): Stage.REFUSING,
    (Stage.IN_OFFICE, Cause.REFUSED): Stage.REFUSING,
    (Stage.SETTLING, Cause.AHEAD): Stage.HELD,
    (Stage.IN_OFFICE, Cause.AHEAD): Stage.HELD,
    (Stage.HELD, Cause.WAITED): Stage.SETTLING,
    (Stage.BACKING_OFF, Cause.WAITED): Stage.OPENING,
    (Stage.BACKING_OFF, Cause.REVOKED): Stage.STANDING_BY,
    (Stage.FENCED, Cause.WAITED): Stage.STANDING_BY,
    (Stage.REFUSING, Cause.WAITED): Stage.STANDING_BY,
    **{(stage, Cause.ASSIGNED): stage for stage in OFFICE},
    **{(stage, Cause.REVOKED): Stage.STANDING_BY for stage in OFFICE},
    **{(stage, Cause.FAILED): Stage.BACKING_OFF for stage in OFFICE},
    **{(stage, Cause.FENCED): Stage.FENCED for stage in OFFICE},
    **{(stage, Cause.STOP): Stage.STOPPED for stage in Stage},
}


@dataclass(frozen=True, slots=True)
class Leadership:
    """Where a candidate stands. `since` and `until` are the caller's monotonic seconds; `term` is None out of office
    and before the barrier is written; `failures` counts those in a row and sets the backoff.
    `is_acting`: in office, or on the way, without being assigned."""

    stage: Stage = Stage.STANDING_BY
    term: int | None = None
    failures: int = 0
    since: float = 0.0
    until: float = 0.0
    is_acting: bool = False

    @property
    def owns_writer(self) -> bool:
        return self.stage in OFFICE

    @property
    def may_publish(self) -> bool:
        return self.stage is Stage.IN_OFFICE

    def waited(self, now: float) -> bool:
        """Whether a waiting stage is over."""
        return self.stage in WAITING and now >= self.until

    def after(self, happened: Cause, now: float, term: int | None = None) -> "Leadership":
        """The state that follows. `term` comes with MARKED and only with it."""
        stage = TRANSITIONS.get((self.stage, happened))
        assert stage is not None, f"{happened.name} can't happen while {self.stage.name}"
        assert (term is not None) == (happened is Cause.MARKED), "a term comes from its barrier and from nowhere else"
        if happened is Cause.ASSIGNED and stage is self.stage:
            # The stage's own times stay: nothing has happened but that the group now knows.
            return replace(self, is_acting=False)
        failures = self._failures(happened, now)
        return replace(
            self,
            stage=stage,
            term=(term if happened is Cause.MARKED else self.term) if stage in OFFICE - {Stage.OPENING} else None,
            failures=failures,
            since=now,
            until=now + _wait_seconds(stage, failures) if stage in WAITING else 0.0,
            is_acting=stage in OFFICE and (self.is_acting or happened in ACTING),
        )

    def _failures(self, happened: Cause, now: float) -> int:
        if happened is Cause.REVOKED:
            return 0
        if happened is not Cause.FAILED:
            return self.failures
        recovered = self.stage is Stage.IN_OFFICE and now - self.since >= SETTLED_SECONDS
        return 1 if recovered else self.failures + 1


def _wait_seconds(stage: Stage, failures: int) -> float:
    """No jitter: only one candidate is assigned, so nobody else's retries can fall in step with ours."""
    if stage is Stage.BACKING_OFF:
        # The exponent is bounded so that a night of failures can't overflow a float.
        return min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 16))
    return {
        Stage.FENCED: FENCED_WAIT_SECONDS,
        Stage.REFUSING: REFUSING_WAIT_SECONDS,
        Stage.HELD: HELD_WAIT_SECONDS,
    }[stage]
