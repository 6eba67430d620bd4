"""What stands in a candidate's way, looked for after each step: by its stage, its fitness, its group, the log.

Nothing stands still in silence: a wait that isn't looked for here is never said. Nearly every look costs a comparison;
the log is asked every few seconds. Refuses to act: it opens a stuck reader anew, and leaves all else to the service.
"""

from passage_clock.config import ClockConfig
from passage_clock.leading.fitness import Fitness
from passage_clock.leading.leader_monitor import LeaderMonitor
from passage_clock.leading.leadership import Leadership, Stage
from passage_clock.leading.observer import Observer
from passage_clock.leading.obstacles import Obstacles
from passage_clock.leading.waits import Awaited, ClockWaits
from passage_clock.records.follower import Follower
from passage_clock.wall import Wall

NOBODY_SECONDS = 60.0
"""A leader asks for the time every 30 s at the latest, and a group follows a dead one within a session: after this long
without a word nobody leads, and the group should have named somebody."""

ACTING_SECONDS = 10.0
"""The group names whoever acts within a session (6 s) where it works."""

Hindrance = tuple[Awaited | None, str]
NOTHING: Hindrance = (None, "")


class CandidateLookout:
    """Of one candidate. Belongs to its thread."""

    def __init__(
        self,
        name: str,
        config: ClockConfig,
        follower: Follower,
        monitor: LeaderMonitor,
        fitness: Fitness,
        wall: Wall,
        observer: Observer,
    ) -> None:
        self._config = config
        self._monitor = monitor
        self._fitness = fitness
        self._wall = wall
        self._observer = observer
        self._waits = ClockWaits(name, wall)
        self._obstacles = Obstacles(name, follower, wall)

    @property
    def obstacle(self) -> str | None:
        """Why the clock's topics can't be read on, as of the last look at them."""
        return self._obstacles.seen

    def look(self, leadership: Leadership, skew_seconds: float, has_time: bool) -> None:
        """After a step. `has_time`: nothing is due that would have to wait for an answer. Raises Unreachable."""
        found = self._found(leadership, skew_seconds, has_time)
        if found is not None:
            self._tell(*found)

    def failed(self, reason: str) -> None:
        """The log failed this candidate: it waits for the log until a look finds otherwise."""
        self._tell("log", reason)

    def _tell(self, what: Awaited | None, hint: str) -> None:
        self._waits.tell(what, hint)
        self._observer.held_up(self._waits.standing)

    def _found(self, leadership: Leadership, skew_seconds: float, has_time: bool) -> Hindrance | None:
        """None: as before, for this stage tells nothing new of what stood in the way."""
        stage = leadership.stage
        if stage is Stage.STANDING_BY:
            return self._standing_by()
        if stage is Stage.REFUSING:
            return "fitness", str(self._fitness.refusal)
        if stage is Stage.HELD:
            most = self._config.max_skew_seconds
            return "wall", (
                f"this machine's clock is {skew_seconds:.3f} s ahead of the broker's, by more than max_skew_seconds: "
                f"{most:g}: nothing is published; set it right"
            )
        if stage in (Stage.READING, Stage.SETTLING):
            return self._taking_office()
        if stage is Stage.IN_OFFICE:
            return self._in_office(leadership, has_time)
        return NOTHING if stage is Stage.STOPPED else None

    def _standing_by(self) -> Hindrance:
        obstacle = self._obstacles.look()
        if self._fitness.refusal is not None:
            return "fitness", str(self._fitness.refusal)
        if obstacle is not None:
            return "log", obstacle
        if not self._monitor.has_reached_the_log:
            return "log", "the clock's topics are not read to their end yet"
        silent = self._monitor.silent_seconds()
        if silent < NOBODY_SECONDS:
            return NOTHING
        return "group", (
            f"nobody leads: no leader was heard of for {silent:.0f} s, and the group {self._config.group} has not "
            "named this candidate; see who is in it (passage clock status), and whether the group's coordinator is well"
        )

    def _taking_office(self) -> Hindrance | None:
        obstacle = self._obstacles.look()
        if obstacle is not None:
            return "log", obstacle
        standing = self._waits.standing
        return None if standing is not None else ("log", "taking office: reading the clock's topics to their end")

    def _in_office(self, leadership: Leadership, has_time: bool) -> Hindrance:
        obstacle = self._obstacles.look() if has_time else self._obstacles.seen
        if obstacle is not None:
            return "log", obstacle
        if leadership.is_acting and self._wall.monotonic() - leadership.since >= ACTING_SECONDS:
            return "assignment", (
                f"acting: in office without the group {self._config.group}, which has not named this candidate; see "
                "who is in it, and whether the group's coordinator is well"
            )
        return NOTHING
