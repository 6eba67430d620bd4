"""How long what has ended is remembered: for so many ticks, and where a unit says nothing for a day as well."""

from collections.abc import Callable

import pytest

from passage_processors.app import App
from passage_processors.model.process import Effects, Emit, End, Moment, Process, Wake, starts_on, wakes
from tests.processors.stories import DAY_LONG, Counted, NewOrder, Nothing, Told, orders
from tests.processors.world import InvoiceBecameOverdue, InvoiceSent, invoices, overdue

SECOND = "second.utc"
A_SECOND = 1 / 86_400


class Once(Process[Nothing]):
    """Says one thing and ends."""

    name = "once"
    state = Nothing
    schedules = (SECOND,)
    emits = (Counted,)

    @starts_on(NewOrder)
    def started(self, now: Moment[Nothing], fact: NewOrder) -> Effects:
        return [Wake("due", 1, SECOND)]

    @wakes("due")
    def due(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Counted(now.key, "", 0, 0)), End()]


class ForTen(Once):
    """Remembers for ten ticks, and no longer."""

    marker_ticks = 10


def plain(**changes: object) -> App:
    return invoices(overdue(after=1, of=SECOND, **changes), schedules=[SECOND])


APPS: dict[str, tuple[Callable[[], App], object]] = {
    "policy": (plain, InvoiceSent("a", 1)),
    "repeating": (lambda: plain(every=1, at_most=1), InvoiceSent("a", 1)),
    "process": (lambda: orders(Once()), NewOrder("a")),
}


def redelivered(app: App, fact: object, at: float, ticks: list[float], is_restored: bool) -> list[str]:
    """The ids of what follows from a start, and from the same start again behind these ticks (in seconds)."""
    fold = Told(app)
    fold.fact(fact, at)
    for tick in ticks:
        fold.tick(tick * A_SECOND, SECOND)
        if is_restored:
            fold = carried(fold)
    fold.fact(fact, at)
    fold.tick((ticks[-1] + 1) * A_SECOND, SECOND)
    fold.tick((ticks[-1] + 2) * A_SECOND, SECOND)
    return fold.ids


def carried(fold: Told) -> Told:
    anew = fold.restored()
    anew.ids, anew.events = fold.ids, fold.events
    return anew


@pytest.mark.parametrize("is_restored", [False, True])
@pytest.mark.parametrize("kind", APPS)
def test_a_start_redelivered_within_a_day_is_ignored_however_short_the_ticks(kind: str, is_restored: bool) -> None:
    app, fact = APPS[kind]
    seconds = [1.0, *range(2, 40), *range(40, 86_400, 3_600), 86_400.0]

    assert len(redelivered(app(), fact, 0.5 * A_SECOND, seconds, is_restored)) == 1


@pytest.mark.parametrize("is_restored", [False, True])
@pytest.mark.parametrize("kind", APPS)
def test_behind_a_day_and_ten_ticks_nothing_is_kept(kind: str, is_restored: bool) -> None:
    app, fact = APPS[kind]
    fold = Told(app())
    fold.fact(fact, 0.5 * A_SECOND)
    for second in [1, 2, *range(3, 30), 86_401]:
        assert second < 2 or fold.stored[0]
        fold.tick(second * A_SECOND, SECOND)
        fold = carried(fold) if is_restored else fold
    fold.tick(86_402 * A_SECOND, SECOND)

    assert fold.stored == [{} for _ in fold.stored]
    assert len(fold.fold.books[0]) == 0


@pytest.mark.parametrize(("app", "fact"), [
    (lambda: plain(marker_ticks=10), InvoiceSent("a", 1)), (lambda: orders(ForTen()), NewOrder("a")),
], ids=["policy", "process"])  # fmt: skip
def test_what_a_unit_says_is_counted_in_ticks_alone(app: Callable[[], App], fact: object) -> None:
    assert len(redelivered(app(), fact, 0.5 * A_SECOND, [float(one) for one in range(1, 11)], False)) == 1
    assert len(redelivered(app(), fact, 0.5 * A_SECOND, [float(one) for one in range(1, 12)], False)) == 2


def test_of_a_schedule_of_days_ten_ticks_are_what_they_were() -> None:
    fold = Told(invoices(overdue(after=1)))
    fold.fact(InvoiceSent("a"), 0.5)
    fold.days(1, 10)
    assert fold.events == [InvoiceBecameOverdue("a", fold.events[0].sent_at)]  # type: ignore[attr-defined]
    assert fold.stored[0]
    fold.tick(11)

    assert not fold.stored[0]
    assert fold.history.ended("day.utc", 11) == 11 * DAY_LONG


def test_a_marker_is_forgotten_by_floors_no_sooner_and_by_all_alike() -> None:
    """The ticks it was left at are gone: it stays for a day from the floor, in memory and restored."""
    fold = Told(plain())
    fold.fact(InvoiceSent("a", 1), 0.5 * A_SECOND)
    for hour in range(50):
        if not fold.stored[0]:
            break
        fold.tick((1 + hour * 3_600) * A_SECOND, SECOND)
        fold = carried(fold)
        if hour == 20:
            fold.let_go(SECOND, fold.ticks[15])
    assert 15 + 24 <= hour <= 15 + 26
