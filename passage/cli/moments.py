"""The dates and times that options give, read in one place: an answer, or one line that says what would be one.

Refuses what lies outside the time that Kafka's timestamps, the zones and `datetime` can all name.
"""

from datetime import datetime

from passage.errors import CommandError
from passage_clock import civil
from passage_schemas.given.document import no_date
from passage_schemas.instant import YEARS, Instant, instant_of

FIRST_YEAR, LAST_YEAR = YEARS[0], YEARS[-1]

DATE = "2026-11-20 or 2026-11-20T09:00"
INSTANT = "it with an offset, 2012-10-28T22:00-04:00"


def moment(option: str, text: str, zone: str) -> Instant:
    """A date, or a date and time, on the zone's clock; one with an offset means the same everywhere."""
    read = _read(option, text, DATE)
    return instant_of(read) if read.tzinfo is not None else civil.instant_of_civil(read, zone)


def exact_moment(option: str, text: str) -> Instant:
    """A date and time with an offset. Raises CommandError for one without: several zones may be asked at once."""
    read = _read(option, text, INSTANT)
    if read.tzinfo is None:
        raise CommandError(f"{option}: {text!r} names no instant; write {INSTANT}")
    return instant_of(read)


def _read(option: str, text: str, example: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option}: {no_date(text, error)}; write {example}") from None
    is_named = read.year in YEARS
    if is_named and read.tzinfo is not None:  # first the year alone: beyond it an offset is too much for `datetime`
        is_named = instant_of(read) >= 0
    if not is_named:
        raise CommandError(f"{option}: {text!r} won't do; write a year from {FIRST_YEAR} to {LAST_YEAR}")
    return read
