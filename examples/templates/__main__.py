"""A story of each template: `python -m examples.templates`."""

from datetime import datetime
from decimal import Decimal

from examples.telling import Story, only_warnings
from examples.templates import CLOCK, interest, maintenance, rental, salaries, trial
from passage import days_pass, ticks_pass, workdays_pass

DAY = "day.nl"
MONDAY = datetime.fromisoformat("2026-01-05T12:00:00+01:00")


def main() -> None:
    Story("A ladder that came back late", rental.app, CLOCK, MONDAY).tell(
        rental.ThingWasRented("ladder-7", 3), days_pass(6, DAY), rental.ThingCameBack("ladder-7"), days_pass(3, DAY)
    )
    Story("A trial nobody bought", trial.app, CLOCK, MONDAY).tell(
        trial.TrialWasStarted("sub-1", 14), days_pass(14, DAY)
    )
    Story("Interest, to the cent", interest.app, CLOCK, MONDAY).tell(
        interest.LoanWasPaidOut("loan-1", Decimal("1000.00"), Decimal("0.05")), workdays_pass(3)
    )
    Story("The last workdays of two months", salaries.app, CLOCK, MONDAY).tell(
        salaries.EmployeeWasHired("ada", Decimal("4200.00")), ticks_pass(2, of="payday.nl")
    )
    used, day = maintenance.MachineWasUsed("press-1"), days_pass(1, DAY)
    (
        Story("Ninety days of use", maintenance.app, CLOCK, MONDAY)
        .tell(maintenance.MachineWasInstalled("press-1"), used, day, days_pass(5, DAY))
        .meanwhile("88 days on which it is used", *[step for _ in range(88) for step in (used, day)])
        .tell(used, used, day)
    )


if __name__ == "__main__":
    only_warnings()
    main()
