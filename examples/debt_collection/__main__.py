"""An invoice nobody pays, until they must: `python -m examples.debt_collection`."""

from datetime import datetime
from decimal import Decimal

from examples.debt_collection import CLOCK, app
from examples.debt_collection.events import InvoiceWasSent, PaymentWasMade
from examples.telling import Story, only_warnings
from passage import workdays_pass

KINGS_DAY = datetime.fromisoformat("2026-04-27T12:00:00+02:00")


def main() -> None:
    Story("Paid when the account was suspended", app, CLOCK, KINGS_DAY).tell(
        InvoiceWasSent("inv-1", "ada", "NL", Decimal("120.00"), 10),
        workdays_pass(12, of="workday.nl"),
        PaymentWasMade("inv-1", Decimal("20.00")),
        workdays_pass(14, of="workday.nl"),
        PaymentWasMade("inv-1", Decimal("100.00")),
    )
    Story("King's Day is a workday in one country", app, CLOCK, KINGS_DAY).tell(
        InvoiceWasSent("inv-2", "bob", "NL", Decimal("80.00"), 4),
        InvoiceWasSent("inv-3", "cyd", "DE", Decimal("80.00"), 4),
        workdays_pass(6, of="workday.de"),
    )


if __name__ == "__main__":
    only_warnings()
    main()
