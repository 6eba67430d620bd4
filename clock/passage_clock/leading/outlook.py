"""What lies ahead, for whoever watches: how much is left to catch up on, and how far each schedule's data reaches.

Asked after every step in office, it answers seldom: a backlog once a second while there is one, the horizons once a
day. A schedule whose data ends within 90 days is told of aloud: it will stop, because nobody guesses holidays.
"""

from collections.abc import Sequence

import structlog

from passage_clock.civil import DAY
from passage_clock.leading.observer import Observer
from passage_clock.leading.office import Office
from passage_clock.leading.skew import WallReading
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant

# New data has to be released, installed and rolled out in this time.
NOTICE_DAYS = 90

BACKLOG_EVERY_SECONDS = 1.0

log = structlog.get_logger(__name__)


def horizon_days(schedule: Schedule, now: Instant) -> int | None:
    """Whole days until the schedule's data ends; None when nothing limits it."""
    known_until = schedule.rule.known_until
    return None if known_until is None else (known_until - now) // DAY


class Outlook:
    """One candidate's, over all its offices."""

    def __init__(self, schedules: Sequence[Schedule], observer: Observer) -> None:
        self._schedules = tuple(schedules)
        self._observer = observer
        self._told_day: int | None = None
        self._counted_at: float | None = None

    def look(self, office: Office, now: WallReading) -> None:
        self._look_back(office, now)
        day = now.wall_at // DAY
        if day != self._told_day:
            self._told_day = day
            self._look_ahead(now.wall_at)

    def end(self) -> None:
        """There is nothing to catch up on, or it is no longer ours to do."""
        if self._counted_at is not None:
            self._counted_at = None
            self._observer.catching_up(None)

    def _look_back(self, office: Office, now: WallReading) -> None:
        if not office.is_behind(now.wall_at):
            self.end()
        elif self._counted_at is None or now.monotonic - self._counted_at >= BACKLOG_EVERY_SECONDS:
            self._counted_at = now.monotonic
            self._observer.catching_up(office.backlog(now.wall_at))

    def _look_ahead(self, now: Instant) -> None:
        for schedule in self._schedules:
            days = horizon_days(schedule, now)
            if days is None:
                continue
            self._observer.horizon(schedule.name, days)
            if days <= NOTICE_DAYS:
                log.warning(
                    "calendar_ends_soon",
                    schedule=schedule.name,
                    calendar=schedule.rule.data,
                    days=days,
                    mend="install newer calendar data on every replica; when it ends the schedule stops",
                )
