"""What no rule may be: each says `every: minute` in its definition and names something else."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from passage_clock.rules.periods import Every
from passage_clock.schedules import Occurrence, Schedule
from passage_schemas.instant import Instant
from tests.clock.world import SECOND, every_minute


class EveryThird(Every):
    """Each third minute, counted from where one looks."""

    __slots__ = ()

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        return islice(super().occurrences(since), 0, None, 3)


class Later(Every):
    """Read otherwise by another release: each period ends 20 s later."""

    __slots__ = ()
    moved_by = 20 * SECOND

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        for one in super().occurrences(Instant(since - self.moved_by)):
            yield Occurrence(one.period, Instant(one.starts_at + self.moved_by), Instant(one.ends_at + self.moved_by))


class Earlier(Later):
    __slots__ = ()
    moved_by = -20 * SECOND


class Never(Every):
    """Names nothing."""

    __slots__ = ()

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        del since
        return iter(())


def by(rule: type[Every], **words: Any) -> Schedule:
    """`every: minute`, by its definition."""
    schedule = replace(every_minute(), rule=rule("minute", "UTC"), **words)
    assert schedule.definition == replace(every_minute(), **words).definition
    return schedule
