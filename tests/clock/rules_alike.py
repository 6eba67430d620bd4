"""What holds of every rule, asked of the one in hand; and instants as people write them."""

from datetime import UTC, datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from passage_clock import civil
from passage_clock.rules import Occurrence, Rule
from passage_schemas.instant import Instant, datetime_of


def at(text: str) -> Instant:
    """The instant of this ISO 8601 time, which has an offset; a date alone is its midnight in UTC."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Instant(int(moment.timestamp()) * civil.SECOND)


def after(rule: Rule, since: Instant, number: int) -> list[Occurrence]:
    """The first so many that end after the instant."""
    return list(islice((one for one in rule.occurrences(since) if one.ends_at > since), number))


def until(rule: Rule, since: Instant, end: Instant) -> list[Occurrence]:
    """Those that end in (since, end]."""
    found: list[Occurrence] = []
    for one in rule.occurrences(since):
        if one.ends_at > end:
            break
        if one.ends_at > since:
            found.append(one)
    return found


def clock(rule: Rule, since: str, number: int) -> list[str]:
    """When the next ones come, as the rule's own clock says it: 2026-10-25 02:30 +0100."""
    zone = ZoneInfo(rule.zone)
    return [f"{datetime_of(one.ends_at).astimezone(zone):%Y-%m-%d %H:%M %z}" for one in after(rule, at(since), number)]


def labels(rule: Rule, since: str, number: int) -> list[str]:
    return [one.period for one in after(rule, at(since), number)]


def assert_alike_from_anywhere(rule: Rule, since: Instant, end: Instant, looks: list[Instant]) -> list[Occurrence]:
    """In order, each label once, and the same from each of these instants. Returns them."""
    whole = until(rule, since, end)
    ends = [one.ends_at for one in whole]
    assert all(before < behind for before, behind in pairwise(ends))
    assert len({one.period for one in whole}) == len(whole)
    for look in looks:
        assert until(rule, look, end) == [one for one in whole if one.ends_at > look], f"from {datetime_of(look)}"
    return whole
