"""Half a year of three customers, told: `python -m examples.billing_cycles`."""

from decimal import Decimal

from examples.billing_cycles import CLOCK, WEEK, app
from examples.billing_cycles.events import CustomerChoseCycle, CustomerLeft, ServiceWasUsed
from examples.telling import Story, only_warnings
from passage import ticks_pass


def main() -> None:
    Story("A fortnight, a month, a quarter", app, CLOCK).tell(
        CustomerChoseCycle("ada", "fortnight"),
        CustomerChoseCycle("bob", "month"),
        CustomerChoseCycle("cyd", "quarter"),
        *[ServiceWasUsed(customer, Decimal("12.50")) for customer in ("ada", "bob", "cyd")],
        ticks_pass(5, of=WEEK),
        *[ServiceWasUsed(customer, Decimal("7.25")) for customer in ("ada", "bob", "cyd")],
        CustomerChoseCycle("ada", "month"),
        ticks_pass(8, of=WEEK),
        ServiceWasUsed("cyd", Decimal("1.00")),
        CustomerLeft("cyd"),
    )


if __name__ == "__main__":
    only_warnings()
    main()
