"""Random histories on the log in memory, and bundles of them that were tampered with, their sums made right again."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from passage_log.memory.store import MemoryRecord
from passage_processors.app import App
from passage_processors.model.process import Effects, Emit, Moment, Process, starts_on
from passage_processors.runtime.offline.bundle.bundle_log import open_bundle
from passage_processors.runtime.offline.bundle.container import Summed, read_records, write_records
from passage_processors.runtime.offline.bundle.manifest import FILE, Part, Span
from passage_processors.runtime.offline.comparison import OutputComparison, compare
from tests.processors.world import (
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
    suspended,
)

FEW_BYTES = 2_000
"""Of a part, so that a small history has many."""


@dataclass(frozen=True)
class CustomerWasTold:
    customer: str


@dataclass(frozen=True)
class Told:
    times: int = 0


class Telling(Process[Told]):
    """Emits for other keys than its aggregate's."""

    name = "telling"
    state = Told
    emits = (CustomerWasTold,)

    @starts_on(InvoiceBecameOverdue)
    def overdue(self, now: Moment[Told], fact: InvoiceBecameOverdue) -> Effects:
        customer = f"customer-{fact.invoice[-1]}"
        return [Emit(CustomerWasTold(customer), key=customer)]


def billing(**changes: object) -> App:
    settings: dict[str, object] = {"processes": (Telling(),), "inputs": {
        "billing": [InvoiceSent], "payments": [InvoicePaid],
    }}  # fmt: skip
    return invoices(overdue(), suspended(), **(settings | changes))


def lived(seed: int, days: int = 12) -> World:
    """Facts in time, late and ahead, garbage, aborted transactions, bursts that are cut, workers that crash; at the end
    the worker is somewhere in its work, or has done all of it."""
    choose = random.Random(seed)
    world = World(billing(), partitions=2)
    world.name(next_at=day(1))
    worker = world.worker(max_facts=choose.randint(1, 9), max_fires=choose.randint(1, 3))
    for number in range(1, days + 1):
        for _ in range(choose.randint(0, 4)):
            name = f"inv-{choose.randint(0, 30)}"
            at = day(max(0.001, number - choose.random() - (choose.random() < 0.2) * 3))
            if choose.random() < 0.6:
                world.fact(InvoiceSent(name, terms=choose.randint(1, 3)), at)
            else:
                world.fact(InvoicePaid(name), at, "payments")
        if choose.random() < 0.2:
            world.raw(b"k", choose.choice([b"garbage", None]), day(number - 0.5))
        world.tick(day(number), day(number + 1))
        for _ in range(choose.randint(0, 6)):
            worker.turn(0.0)
        if choose.random() < 0.2:
            world.log.expire(worker._member)
            worker = world.worker("b", max_facts=choose.randint(1, 9), max_fires=2)
    if choose.random() < 0.5:
        world.settle(worker)
    return world


def replayed(app: App, directory: Path) -> list[OutputComparison]:
    log = open_bundle(directory)
    log.check_fits(app)
    return list(compare(app, log))


def alike(compared: list[OutputComparison]) -> bool:
    return not any(one.difference for one in compared)


def altered(directory: Path, topic: str, change: Callable[[list[MemoryRecord]], Sequence[MemoryRecord]]) -> bool:
    """Change the records of each partition of a topic, and make all sums right again. False where nothing is other."""
    log = open_bundle(directory)
    spans, is_other = list(log.manifest.spans), False
    for place, span in enumerate(spans):
        before = [record for part in span.parts for record in read_records(directory / part.file, topic)]
        if span.topic == topic and before and (after := list(change(list(before)))) != before:
            spans[place], is_other = _written(directory, span, after), True
    (directory / FILE).write_text(replace(log.manifest, spans=tuple(spans)).as_text(), "utf-8")
    return is_other


def _written(directory: Path, span: Span, records: list[MemoryRecord]) -> Span:
    if not records:
        return replace(span, parts=())
    name = f"topics/{span.topic}/{span.partition}/altered.avro"
    with (directory / name).open("wb") as file:
        summed = Summed(file)
        write_records(summed, span.place, iter(records), 1 << 30)
    part = Part(name, len(records), summed.bytes, summed.sha256, span.from_offset, span.to_offset)
    return replace(span, parts=(part,))
