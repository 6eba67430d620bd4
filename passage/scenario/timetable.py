"""Which ticks lie ahead in a scenario: how far so many of one are, and where time must stop on its way.

Refuses to publish one: the clock does.
"""

from collections.abc import Iterator, Sequence

from passage.scenario.passing import Passing
from passage_clock.schedules import Schedule
from passage_processors import AppError
from passage_schemas.instant import Instant


class Timetable:
    """The schedules of one clock. Belongs to one scenario, whose time goes forward."""

    def __init__(self, schedules: Sequence[Schedule]) -> None:
        self.schedules = tuple(schedules)
        self._can_leap = all(schedule.misfire == "publish_all" and schedule.keep_days is None for schedule in schedules)
        self._next: dict[str, tuple[Iterator[Instant], Instant | None]] = {}

    def after(self, passing: Passing, now: Instant) -> Instant:
        """The instant behind so many ticks: as far into its period as now is into its own (at noon, on days). Raises
        AppError where it is not clear which schedule is meant, or the schedule's calendar ends before."""
        schedule = self._meant(passing)
        occurrences = schedule.occurrences(now)
        ending = next(occurrences, None)
        for _ in range(passing.count):
            following = next(occurrences, None)
            if ending is None or following is None:
                raise AppError(
                    f"schedule {schedule.name!r}: its calendar's data ends before {passing.count} have passed"
                )
            into = (now - ending.starts_at) % (ending.ends_at - ending.starts_at)
            now = Instant(min(following.starts_at + into, following.ends_at - 1))
            ending = following
        return now

    def next_after(self, now: Instant) -> Instant | None:
        """When the next tick comes, of whichever schedule; None: none ever will."""
        coming = [self._coming(schedule, now) for schedule in self.schedules]
        return min((instant for instant in coming if instant is not None), default=None)

    def stops(self, now: Instant, instant: Instant) -> Iterator[Instant]:
        """Where time stops on the way from now until then, which is the last one. A tick is the same whenever the clock
        comes to it, so nowhere else, unless a schedule treats those that are late in another way, or lets old ones go:
        those must have been folded by then."""
        while not self._can_leap:
            coming = self.next_after(now)
            if coming is None or coming >= instant:
                break
            now = coming
            yield now
        yield instant

    def _coming(self, schedule: Schedule, now: Instant) -> Instant | None:
        ends, coming = self._next.get(schedule.name) or _ends(schedule, now)
        while coming is not None and coming <= now:
            coming = next(ends, None)
        self._next[schedule.name] = ends, coming
        return coming

    def _meant(self, passing: Passing) -> Schedule:
        meant = [
            schedule
            for schedule in self.schedules
            if passing.of in (None, schedule.name) and passing.every in (None, every(schedule))
        ]
        if len(meant) != 1:
            names = ", ".join(f"{schedule.name} (every {every(schedule)})" for schedule in self.schedules)
            raise AppError(f"which schedule passes? there is {names}; say of='...'")
        return meant[0]


def every(schedule: Schedule) -> str:
    """The period it is of, in the configuration's word; `moment` where its rule has none."""
    return str(schedule.rule.definition.get("every", "moment"))


def _ends(schedule: Schedule, now: Instant) -> tuple[Iterator[Instant], Instant | None]:
    ends = (occurrence.ends_at for occurrence in schedule.occurrences(now))
    return ends, next(ends, None)
