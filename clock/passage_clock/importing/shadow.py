"""The old scheduler's runs beside the new schedules' occurrences: where do they disagree?

A team that can show weeks without a disagreement can cut over. Each run is paired with the first occurrence of its
schedule within the tolerance that has no run yet; what is left on either side is a disagreement. Pure.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from passage_clock.errors import ClockError
from passage_clock.importing.runs import LoggedRun
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant, datetime_of

MOST_TICKS = 1_000_000
"""Of a schedule that is looked at: two years of minutes, eleven days of seconds. Some seconds of work."""

DisagreementKind = Literal["missed", "extra", "unknown"]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """`missed`: the schedule names `at` and the old scheduler did not run; `extra`: it ran and the schedule names
    nothing near; `unknown`: it ran a job that no schedule was imported from."""

    kind: DisagreementKind
    job: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Comparison:
    """`agreed`: pairs of a run and an occurrence; `latest_seconds`: how late the old scheduler was at worst."""

    agreed: int
    latest_seconds: float
    disagreements: Sequence[Disagreement]


def compare(
    schedules: Mapping[str, Sequence[Schedule]],
    runs: Sequence[LoggedRun],
    since: Instant,
    until: Instant,
    tolerance_seconds: float,
) -> Comparison:
    """`schedules` by what the old scheduler calls the job, which may have several.

    Tells of since <= instant <= until; what is paired may lie beyond either by the tolerance, so that no pair is cut in
    two. Raises ClockError for a stretch that has more ticks than any log tells of."""
    tolerance = round(tolerance_seconds * 1_000_000)
    first, last = Instant(since - tolerance), Instant(until + tolerance)
    wrong = [Disagreement("unknown", run.known_as, run.at) for run in runs if run.known_as not in schedules]
    agreed, latest = 0, 0
    for job, of_job in schedules.items():
        ran = sorted(run.at for run in runs if run.known_as == job and first <= run.at <= last)
        named = sorted({at for schedule in of_job for at in _instants(schedule, first, last)})
        for run, due in _side_by_side(ran, named, tolerance):
            if run is None or due is None:
                wrong.append(_disagreement(job, run, due))
            elif since <= run <= until:
                agreed, latest = agreed + 1, max(latest, run - due)
    told = sorted((one for one in wrong if since <= one.at <= until), key=lambda one: (one.at, one.job))
    return Comparison(agreed, latest / 1_000_000, told)


def _instants(schedule: Schedule, first: Instant, last: Instant) -> Iterator[Instant]:
    coming = schedule.occurrences(Instant(first - 1))
    for number, one in enumerate(takewhile(lambda one: one.ends_at <= last, coming)):
        if number == MOST_TICKS:
            raise ClockError(
                f"{schedule.name} has more than {MOST_TICKS:,} ticks from {_shown(first)} to {_shown(last)}, more "
                "than a log tells of; look at a shorter stretch, by --since and --until"
            )
        yield one.ends_at


def _shown(instant: Instant) -> str:
    return datetime_of(instant).isoformat()


def _side_by_side(
    ran: Sequence[Instant], named: Sequence[Instant], tolerance: int
) -> Iterator[tuple[Instant | None, Instant | None]]:
    """Runs and occurrences, both in order: those within the tolerance in pairs, the others alone."""
    runs, dues = deque(ran), deque(named)
    while runs or dues:
        if not dues or (runs and runs[0] < dues[0] - tolerance):
            yield runs.popleft(), None
        elif not runs or dues[0] < runs[0] - tolerance:
            yield None, dues.popleft()
        else:
            yield runs.popleft(), dues.popleft()


def _disagreement(job: str, run: Instant | None, due: Instant | None) -> Disagreement:
    if run is not None:
        return Disagreement("extra", job, run)
    assert due is not None, "one of them is there"
    return Disagreement("missed", job, due)
