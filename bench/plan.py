"""How long does it take to plan one year of 10,000 schedules?

A mix as a company of many countries would have it: days, weeks, months and quarters in every zone that people live in,
workdays by each country's holidays (at the day's end, or at half past five), cron expressions, chosen days. Each round
is a process of its own that has never asked for a zone or a holiday, so the watch holds those too. Two ways:

    plan      what a leading clock does: the plan, asked for 5,000 ticks at a time
    command   what `passage clock plan` does: the ticks to come merged into one list

    .venv/bin/python bench/plan.py [--schedules 10000] [--rounds 3]
"""

import argparse
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib import resources
from itertools import cycle, islice

from bench._side_by_side import in_a_process, in_turns, told
from passage.running.collector import collect_seldom
from passage_clock.calendars.national import country_codes, national
from passage_clock.civil import HOUR, MINUTE
from passage_clock.planning.forecast import coming
from passage_clock.planning.plan import Plan
from passage_clock.rules.cron import Cron
from passage_clock.rules.days import OnDays, workdays
from passage_clock.rules.dayset import DaySet, DaysOfMonth, NthWeekday
from passage_clock.rules.fiscal import Fiscal
from passage_clock.rules.periods import Every
from passage_clock.rules.rule import Rule
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant

BATCH = 5_000

A_DAY = 24 * HOUR

NEW_YEAR = Instant(20_454 * A_DAY)
"""2026-01-01 in UTC."""

WAYS = ("plan", "command")

# Of a hundred schedules so many are of this kind.
MIX = {
    "day": 20, "workday": 20, "workday at 17:30": 10, "cron, workdays": 12, "cron, monthly": 8, "week": 10,
    "month": 8, "quarter": 4, "fiscal quarter": 3, "10th": 3, "last Friday": 2,
}  # fmt: skip


def schedules(count: int) -> list[Schedule]:
    kinds = cycle([kind for kind, share in MIX.items() for _ in range(share)])
    return [
        Schedule(f"{kind}.{number}", _rule(kind, number, country, zone))
        for number, (kind, (country, zone)) in enumerate(islice(zip(kinds, _places()), count))  # noqa: B905 - endless
    ]


def _rule(kind: str, number: int, country: str, zone: str) -> Rule:
    match kind:
        case "workday":
            return workdays(national(country), zone)
        case "workday at 17:30":
            return workdays(national(country), zone, at=17 * HOUR + 30 * MINUTE)
        case "cron, workdays":
            return Cron(f"{number % 60} {number % 24} * * MON-FRI", zone)
        case "cron, monthly":
            return Cron(f"{number % 60} 9 L * *", zone)
        case "fiscal quarter":
            return Fiscal("fiscal-quarter", zone, year_starts="april")
        case "10th":
            return OnDays(DaySet(DaysOfMonth((10,))), zone)
        case "last Friday":
            return OnDays(DaySet(NthWeekday(4, (-1,), "month")), zone)
        case _:
            return Every(kind, zone)


def _places() -> Iterator[tuple[str, str]]:
    """Countries that have holidays, and a zone of each, again and again; a hundred and one apart, so that no kind of
    schedule meets the same countries alone."""
    lines = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    places = [(row[0], row[2]) for row in rows if row[0] in country_codes()]
    return (places[number * 101 % len(places)] for number in cycle(range(len(places))))


def plan(asked: list[Schedule]) -> int:
    until = Instant(NEW_YEAR + 365 * A_DAY)
    planned = Plan(asked, {}, {schedule.name: NEW_YEAR for schedule in asked})
    ticks = 0
    while batch := planned.due(until, BATCH):
        ticks += len(batch)
    return ticks


def command(asked: list[Schedule]) -> int:
    zones = {schedule.zone for schedule in asked}
    after = {zone: Instant(NEW_YEAR - 1) for zone in zones}
    until = {zone: Instant(NEW_YEAR + 365 * A_DAY) for zone in zones}
    return sum(1 for _ in coming(asked, after, until))


def measured(way: str, count: int) -> tuple[int, float, float]:
    """How many ticks, the seconds on the wall, and those of them in which this process had the processor."""
    collect_seldom()  # as both commands do
    begun_at, used = time.perf_counter(), time.process_time()
    asked = schedules(count)
    ticks = plan(asked) if way == "plan" else command(asked)
    return ticks, time.perf_counter() - begun_at, time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds to plan a year of many schedules.")
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help="measure this one in this process, and print it as JSON")
    parser.add_argument("--profile", action="store_true", help="with --way: where the time goes")
    options = parser.parse_args()
    count = options.schedules
    if options.profile:
        with cProfile.Profile() as profile:
            measured(options.way, count)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    if options.way is not None:
        print(json.dumps(measured(options.way, count)))
        return
    found: list[tuple[str, int, float]] = []

    def seconds(way: str) -> float:
        ticks, took, used = in_a_process(sys.argv[0], "--schedules", str(count), "--way", way)
        found.append((way, ticks, used))
        return float(took)

    figures = in_turns(options.rounds, {way: partial(seconds, way) for way in WAYS})
    print(f"{count:,} schedules, a year")
    for way, took in figures.items():
        used = min(used for name, _, used in found if name == way)
        ticks = max(ticks for name, ticks, _ in found if name == way)
        print(f"  {way:8} {told(took, 's', 1)}, of the processor {used:.1f} s at least   {ticks:,} ticks")


if __name__ == "__main__":
    main()
