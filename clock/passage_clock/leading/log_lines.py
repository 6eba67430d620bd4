"""What the clock writes in its log about ticks and schedules: event names and fields, one line each.

In catch-up one line per batch and not one per tick.
"""

from collections.abc import Iterable, Mapping

import structlog

from passage_clock.leading.fitness import OfficeRefusal
from passage_clock.leading.office import Batch
from passage_clock.leading.retention import Release
from passage_clock.planning.plan import Planned
from passage_clock.records.triggers import TriggerAnswer
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.schedule_entry import ScheduleEntry

# More ticks than this in one batch are catch-up.
TOLD_TICKS = 10

log = structlog.get_logger(__name__)


def tell_entries(entries: Iterable[ScheduleEntry]) -> None:
    for entry in entries:
        if entry.status == "removed":
            log.warning("schedule_removed", schedule=entry.schedule, by=entry.status_by, reason=entry.status_reason)
            continue
        log.info(
            "schedule_recorded",
            schedule=entry.schedule,
            status=entry.status,
            by=entry.status_by,
            reason=entry.status_reason,
            next_at=_text(entry.next_at),
        )


def tell_stopped(promises: Mapping[str, Instant | None]) -> None:
    for schedule, next_at in promises.items():
        if next_at is None:
            _tell_stopped(schedule)


def tell_refused(candidate: str, refusal: OfficeRefusal, again_in_seconds: float) -> None:
    log.error(
        "office_refused",
        candidate=candidate,
        reason=refusal.reason,
        mend=refusal.mend,
        again_in_seconds=again_in_seconds,
    )


def tell_taken(candidate: str, term: int | None, sequence: int, seconds: float) -> None:
    log.info("office_taken", candidate=candidate, term=term, sequence=sequence, taken_in_seconds=round(seconds, 3))


def tell_skew(candidate: str, skew: float, limit: float) -> None:
    if skew > limit:
        log.error("wall_ahead", candidate=candidate, skew_seconds=skew, max_skew_seconds=limit, publishing=False)
    elif skew < -limit:
        log.warning("wall_behind", candidate=candidate, skew_seconds=skew, max_skew_seconds=limit)


def tell_let_go(release: Release | None) -> None:
    if release is not None and release.keys:
        log.info("ticks_let_go", count=len(release.keys), schedules=sorted(release.floors))


def tell_batch(batch: Batch, term: int | None) -> None:
    for name, next_at in batch.moved.items():
        log.warning("occurrences_skipped", schedule=name, next_at=_text(next_at), term=term)
    if len(batch.ticks) > TOLD_TICKS:
        log.info(
            "ticks_published",
            count=len(batch.ticks),
            first_sequence=batch.first_sequence,
            last_sequence=batch.last_sequence,
            term=term,
            lateness_seconds=batch.lateness_seconds,
        )
    else:
        for place, tick in enumerate(batch.ticks):
            _tell_tick(tick, batch.first_sequence + place, batch.published_at, term)
    for tick in batch.ticks:
        if tick.next_at is None:
            _tell_stopped(tick.schedule.name)


def _tell_tick(tick: Planned, sequence: int, published_at: Instant, term: int | None) -> None:
    schedule, occurrence = tick.schedule, tick.occurrence
    log.info(
        "tick_published",
        schedule=schedule.name,
        ordinal=tick.ordinal,
        sequence=sequence,
        period=occurrence.period,
        next_at=_text(tick.next_at),
        term=term,
        lateness_seconds=(published_at - occurrence.ends_at) / 1_000_000,
        **({"stands_for": tick.stands_for} if tick.stands_for > 1 else {}),
    )


def tell_answers(answers: Iterable[TriggerAnswer]) -> None:
    for one in answers:
        tell = log.info if one.event is not None else log.warning
        trigger = one.trigger
        tell("trigger_answered", schedule=trigger.schedule, id=trigger.id, by=trigger.by, outcome=one.outcome)


def _tell_stopped(schedule: str) -> None:
    log.error(
        "schedule_stopped",
        schedule=schedule,
        reason="nothing more is known to come: its calendar's data is at an end",
        mend="install newer calendar data on every replica",
    )


def _text(instant: Instant | None) -> str | None:
    return None if instant is None else datetime_of(instant).isoformat()
