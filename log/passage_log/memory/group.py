"""Who owns what in a consumer group, and which generation may commit.

A group rebalances at once when somebody joins, leaves or expires; its members learn of it in their next `poll`, and
until then their generation is old and their commits are refused. That is stricter than Kafka, which lets an old member
commit until the others have all rejoined: whoever lives with this lives with that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from passage_log.port import Assignor, Committed, GroupMember
from passage_schemas.log_record import Partition

NOTHING: frozenset[Partition] = frozenset()

PartitionsOf = Callable[[str], Sequence[Partition]]


@dataclass(eq=False, slots=True)
class GroupSeat:
    """One member's place in the group: what the group grants it, and what it still holds as far as it has heard."""

    number: int
    topics: tuple[str, ...]
    granted: frozenset[Partition] = NOTHING
    holding: frozenset[Partition] = NOTHING


class Group:
    """Its caller holds the log's lock."""

    def __init__(self, name: str, assignor: Assignor, partitions_of: PartitionsOf) -> None:
        self.name = name
        self.assignor: Assignor = assignor
        self.generation = 0
        self.positions: dict[Partition, Committed] = {}
        self.undecided: dict[Partition, set[int]] = {}
        """Partition -> numbers of the writers whose open transactions hold a position of it."""
        self._partitions_of = partitions_of
        self._seats: list[GroupSeat] = []
        self._seats_ever = 0

    def join(self, topics: Sequence[str]) -> GroupSeat:
        self._seats_ever += 1
        seat = GroupSeat(self._seats_ever, tuple(topics))
        self._seats.append(seat)
        self.rebalance()
        return seat

    def leave(self, seat: GroupSeat) -> None:
        if seat in self._seats:
            self._seats.remove(seat)
            self.rebalance()

    def holds(self, seat: GroupSeat) -> bool:
        return seat in self._seats

    def members(self) -> list[GroupMember]:
        return [GroupMember(f"{self.name}-{seat.number}", "memory", seat.holding) for seat in self._seats]

    def is_empty(self) -> bool:
        return not self._seats

    def subscribes(self, topics: Iterable[str]) -> bool:
        wanted = set(topics)
        return any(wanted.intersection(seat.topics) for seat in self._seats)

    def learn(self, seat: GroupSeat) -> None:
        """The member has heard what it is granted. Letting go of a partition lets the group give it away."""
        let_go = seat.holding - seat.granted
        seat.holding = seat.granted
        if let_go and self.assignor == "cooperative-sticky":
            self.rebalance()

    def rebalance(self) -> None:
        self.generation += 1
        if self.assignor == "range":
            shares = range_shares({seat.number: seat.topics for seat in self._seats}, self._partitions_of)
        else:
            shares = sticky_shares({seat.number: seat.granted for seat in self._seats}, self._every_partition())
        for seat in self._seats:
            seat.granted = shares[seat.number] - self._held_by_others(seat)

    def _every_partition(self) -> list[Partition]:
        topics = sorted({topic for seat in self._seats for topic in seat.topics})
        return [partition for topic in topics for partition in self._partitions_of(topic)]

    def _held_by_others(self, seat: GroupSeat) -> frozenset[Partition]:
        """Cooperative members take a partition over only when its holder has let go; eager ones have let go of all."""
        if self.assignor == "range":
            return NOTHING
        return NOTHING.union(*(other.holding for other in self._seats if other is not seat))


def range_shares(
    topics_of: Mapping[int, Sequence[str]], partitions_of: PartitionsOf
) -> dict[int, frozenset[Partition]]:
    """Kafka's range assignor: each topic by itself, so the same numbers of every topic go to the same member."""
    shares: dict[int, set[Partition]] = {number: set() for number in topics_of}
    for topic in {topic for topics in topics_of.values() for topic in topics}:
        takers = sorted(number for number, topics in topics_of.items() if topic in topics)
        partitions = partitions_of(topic)
        each, over = divmod(len(partitions), len(takers))
        at = 0
        for place, number in enumerate(takers):
            until = at + each + (place < over)
            shares[number].update(partitions[at:until])
            at = until
    return {number: frozenset(share) for number, share in shares.items()}


def sticky_shares(
    granted: Mapping[int, frozenset[Partition]], partitions: Sequence[Partition]
) -> dict[int, frozenset[Partition]]:
    """Even shares, in which as few partitions as can be change hands. The members all read the same topics."""
    if not granted:
        return {}
    each, over = divmod(len(partitions), len(granted))
    order = sorted(granted, key=lambda number: (-len(granted[number]), number))
    room = {number: each + (place < over) for place, number in enumerate(order)}
    shares = {number: set(sorted(granted[number].intersection(partitions))[: room[number]]) for number in order}
    taken = set().union(*shares.values())
    takers = iter([number for number in order for _ in range(room[number] - len(shares[number]))])
    for partition in partitions:
        if partition not in taken:
            shares[next(takers)].add(partition)
    return {number: frozenset(share) for number, share in shares.items()}
