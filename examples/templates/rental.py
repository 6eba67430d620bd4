"""A thing is rented for some days; kept longer, each day more costs a fee, until it is back or taken for lost.

Three policies, each hearing what the one before it says.
"""

from dataclasses import dataclass

from passage import App, Policy

DAY = "day.nl"
LOST_DAYS = 30


@dataclass(frozen=True, slots=True)
class ThingWasRented:
    rental: str
    days: int


@dataclass(frozen=True, slots=True)
class ThingCameBack:
    rental: str


@dataclass(frozen=True, slots=True)
class RentalBecameLate:
    rental: str


@dataclass(frozen=True, slots=True)
class LateFeeIsDue:
    rental: str
    day: int


@dataclass(frozen=True, slots=True)
class ThingIsLost:
    rental: str


late = Policy(
    name="late",
    starts_on=ThingWasRented,
    after=lambda fact: fact.days + 1,  # the day it was fetched is not one of them
    of=DAY,
    unless=ThingCameBack,
    emits=RentalBecameLate,
    event=lambda case: RentalBecameLate(case.key),
)

fees = Policy(
    name="fees",
    starts_on=RentalBecameLate,
    after=1,
    every=1,
    at_most=LOST_DAYS,
    of=DAY,
    unless=ThingCameBack,
    emits=LateFeeIsDue,
    event=lambda case: LateFeeIsDue(case.key, case.number),
)

lost = Policy(
    name="lost",
    starts_on=RentalBecameLate,
    after=LOST_DAYS,
    of=DAY,
    unless=ThingCameBack,
    emits=ThingIsLost,
    event=lambda case: ThingIsLost(case.key),
)

app = App(
    name="rental",
    inputs={"rentals": [ThingWasRented, ThingCameBack]},
    output="rentals.derived",
    policies=[late, fees, lost],
)
