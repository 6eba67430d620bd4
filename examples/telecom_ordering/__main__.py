"""Two orders, told: `python -m examples.telecom_ordering`."""

from examples.telecom_ordering import CLOCK, app
from examples.telecom_ordering.events import LineWasActivated, NewOrder, OrderRevocation, PartsWereDelivered
from examples.telling import Story, only_warnings
from passage import workdays_pass


def main() -> None:
    Story("The parts are late, then the line works", app, CLOCK).tell(
        NewOrder("ord-1", "ada"),
        workdays_pass(6),
        PartsWereDelivered("ord-1"),
        workdays_pass(5),
        OrderRevocation("ord-1"),
        workdays_pass(2),
        LineWasActivated("ord-1"),
    )
    Story("Revoked in time", app, CLOCK).tell(
        NewOrder("ord-2", "bob"), PartsWereDelivered("ord-2"), workdays_pass(10), OrderRevocation("ord-2")
    )
    Story("Nobody calls any more", app, CLOCK).tell(
        NewOrder("ord-3", "cyd"), workdays_pass(2), PartsWereDelivered("ord-3"), workdays_pass(30)
    )


if __name__ == "__main__":
    only_warnings()
    main()
