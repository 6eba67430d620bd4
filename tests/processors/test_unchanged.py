"""An aggregate that a fact leaves as it was is not written again."""

from dataclasses import dataclass

from passage_processors.model.process import Effects, Moment, Process, Remember, on, starts_on
from tests.processors.world import DAY, InvoicePaid, InvoiceSent, World, day, invoices


@dataclass(frozen=True)
class Paid:
    most: int = 0


class Watching(Process[Paid]):
    """Remembers the largest payment."""

    name = "watching"
    state = Paid
    schedules = (DAY,)

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Paid], fact: InvoiceSent) -> Effects:
        return [Remember(Paid())]

    @on(InvoicePaid)
    def paid(self, now: Moment[Paid], fact: InvoicePaid) -> Effects:
        return [Remember(Paid(max(now.state.most, fact.amount)))]


def test_remembering_an_equal_state_writes_nothing() -> None:
    world = World(invoices(policies=(), processes=[Watching()]))
    worker = world.worker()
    world.name()
    written = []
    for at, fact in enumerate((InvoiceSent("a"), InvoicePaid("a", 5), InvoicePaid("a", 3), InvoicePaid("a", 9)), 1):
        world.fact(fact, day(at / 10))
        world.settle(worker)
        changes = [one for one in world.records(world.app.changelog) if one.key() == b"watching/a"]
        written.append(len(changes))

    assert written == [1, 2, 2, 3]
