"""Schedules with equal rules: each is planned as if it were alone, and the work is done once."""

from collections.abc import Iterator
from dataclasses import dataclass

from passage_clock import civil
from passage_clock.planning.plan import Plan
from passage_clock.rules.periods import Every
from passage_clock.rules.rule import Occurrence
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant

asked: list[Instant] = []


@dataclass(frozen=True, slots=True)
class Counted(Every):
    """Writes down each time it is asked."""

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        asked.append(since)
        return Every(self.period, self.zone).occurrences(since)


def test_equal_rules_that_begin_alike_are_worked_out_once_and_each_schedule_has_all() -> None:
    a_year = Instant(365 * civil.DAY)
    days = Counted("day", "Europe/Amsterdam")
    schedules = [
        Schedule("one", days),
        Schedule("two", days),
        Schedule("later", days),
        Schedule("from.february", days, starts_at=Instant(31 * civil.DAY)),
        Schedule("elsewhere", Counted("day", "Asia/Kathmandu")),
    ]
    first_at = {"one": Instant(1), "two": Instant(1), "later": Instant(200 * civil.DAY), "elsewhere": Instant(1)}
    asked.clear()

    together = Plan(schedules, {}, first_at).due(a_year, 10_000)

    assert len(asked) == 4, "one and two ask together"
    for schedule in schedules:
        alone = Plan([schedule], {}, first_at).due(a_year, 10_000)
        assert [one for one in together if one.schedule == schedule] == alone
