"""A subscription on trial: a word three days before it ends, and its end, unless the subscriber has bought.

Two policies start on the same fact, and each counts for itself.
"""

from dataclasses import dataclass

from passage import App, Policy

DAY = "day.nl"
WARNED_DAYS = 3


@dataclass(frozen=True, slots=True)
class TrialWasStarted:
    subscription: str
    days: int


@dataclass(frozen=True, slots=True)
class SubscriptionWasBought:
    subscription: str


@dataclass(frozen=True, slots=True)
class TrialIsAboutToEnd:
    subscription: str
    days_left: int


@dataclass(frozen=True, slots=True)
class TrialHasEnded:
    subscription: str


ending = Policy(
    name="ending",
    starts_on=TrialWasStarted,
    after=lambda fact: max(1, fact.days - WARNED_DAYS),
    of=DAY,
    unless=SubscriptionWasBought,
    emits=TrialIsAboutToEnd,
    event=lambda case: TrialIsAboutToEnd(case.key, min(WARNED_DAYS, case.fact.days - 1)),
)

ended = Policy(
    name="ended",
    starts_on=TrialWasStarted,
    after=lambda fact: fact.days,
    of=DAY,
    unless=SubscriptionWasBought,
    emits=TrialHasEnded,
    event=lambda case: TrialHasEnded(case.key),
)

app = App(
    name="trial",
    inputs={"subscriptions": [TrialWasStarted, SubscriptionWasBought]},
    output="subscriptions.derived",
    policies=[ending, ended],
)
