"""An app that counts and sums per key, under names of one run's own: `passage processors run tests.chaos.sums:app`."""

import os
from dataclasses import dataclass

from passage import App, Effects, Emit, End, Moment, Process, Remember, Wake, on, starts_on, wakes
from tests.chaos.invoices import RUN_VARIABLE

DAY = "day.utc"


@dataclass(frozen=True)
class AmountWasPaid:
    account: str
    amount: int


@dataclass(frozen=True)
class DayWasSummed:
    account: str
    count: int
    amount: int


@dataclass(frozen=True)
class Sum:
    count: int = 0
    amount: int = 0


class Summing(Process[Sum]):
    name = "summing"
    state = Sum
    schedules = (DAY,)
    emits = (DayWasSummed,)

    @starts_on(AmountWasPaid)
    def first(self, now: Moment[Sum], fact: AmountWasPaid) -> Effects:
        return [Remember(Sum(1, fact.amount)), Wake("tell", after=1, of=DAY)]

    @on(AmountWasPaid)
    def next(self, now: Moment[Sum], fact: AmountWasPaid) -> Effects:
        return [Remember(Sum(now.state.count + 1, now.state.amount + fact.amount))]

    @wakes("tell")
    def tell(self, now: Moment[Sum]) -> Effects:
        return [Emit(DayWasSummed(now.key, now.state.count, now.state.amount)), End()]


def app_of(run: str) -> App:
    """A transaction for whatever a turn brings, so that there are many to be killed in."""
    return App(
        f"{run}.sums",
        inputs={f"{run}.payments": [AmountWasPaid]},
        output=f"{run}.summed",
        processes=[Summing()],
        ticks_topic=f"{run}.ticks",
        schedules_topic=f"{run}.schedules",
        commit_interval_seconds=0.0,
    )


app = app_of(os.environ.get(RUN_VARIABLE, "sums"))
