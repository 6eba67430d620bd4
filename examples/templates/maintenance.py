"""Maintenance every 90 days of use. A day of use is a day on which the machine was used, however often.

Days on which it stood still must not count, so the calendar's days are the wrong thing to wait for: facts are counted,
and a day's end only tells where one day of use is over. The first use of a day sets a wake-up for its end; while that
waits, further uses are of the same day. A machine nobody uses costs nothing.
"""

from dataclasses import dataclass

from passage import App, Effects, Emit, End, Moment, Process, Remember, Wake, on, starts_on, wakes

DAY = "day.nl"
DAYS_OF_USE = 90


@dataclass(frozen=True, slots=True)
class MachineWasInstalled:
    machine: str


@dataclass(frozen=True, slots=True)
class MachineWasUsed:
    machine: str


@dataclass(frozen=True, slots=True)
class MachineWasMaintained:
    machine: str


@dataclass(frozen=True, slots=True)
class MachineWasScrapped:
    machine: str


@dataclass(frozen=True, slots=True)
class MaintenanceIsDue:
    machine: str
    days_of_use: int


@dataclass(frozen=True)
class Use:
    days: int = 0
    """Since it was installed, or last maintained."""


class Maintenance(Process[Use]):
    """One machine, until it is scrapped."""

    name = "maintenance"
    state = Use
    schedules = (DAY,)
    emits = (MaintenanceIsDue,)

    @starts_on(MachineWasInstalled)
    def installed(self, now: Moment[Use], fact: MachineWasInstalled) -> Effects:
        return []

    @on(MachineWasUsed)
    def used(self, now: Moment[Use], fact: MachineWasUsed) -> Effects:
        return [] if now.waits_for("day of use") else [Wake("day of use", 1, DAY)]

    @on(MachineWasMaintained)
    def maintained(self, now: Moment[Use], fact: MachineWasMaintained) -> Effects:
        return [Remember(Use())]

    @on(MachineWasScrapped)
    def scrapped(self, now: Moment[Use], fact: MachineWasScrapped) -> Effects:
        return [End()]

    @wakes("day of use")
    def day_of_use_ended(self, now: Moment[Use]) -> Effects:
        """Said again every 90 days of use, should nobody come to maintain it."""
        days = now.state.days + 1
        due = [Emit(MaintenanceIsDue(now.key, days))] if days % DAYS_OF_USE == 0 else []
        return [*due, Remember(Use(days))]


app = App(
    name="maintenance",
    inputs={"machines": [MachineWasInstalled, MachineWasUsed, MachineWasMaintained, MachineWasScrapped]},
    output="machines.derived",
    processes=[Maintenance()],
)
