"""Nothing stands still in silence: each way to wait is put in, and read off log, metric, health, readiness, status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from passage_log.port import Committed
from passage_processors.monitoring.metrics import WorkerMetrics
from passage_processors.monitoring.status import STILL_SECONDS, status
from passage_processors.runtime.waits import WHATS, What
from passage_processors.runtime.worker import Worker
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from tests.clock.faults import FaultyLog, FaultyReader, Wire
from tests.processors.world import InvoiceSent, World, day, invoices, overdue

BILLING = Partition("billing", 0)


class Scene:
    """One worker, the seconds that pass for it, and its wire to the log."""

    def __init__(self, of: str = "day.utc") -> None:
        self.world = World(invoices(overdue(of=of)))
        self.world.name(next_at=day(1))
        self.seconds = 0.0
        self.wire = Wire()
        self.end: Callable[[], object] = lambda: None
        """What ends the fault."""

    @property
    def worker(self) -> Worker:
        if not hasattr(self, "_worker"):
            log = FaultyLog(self.world.log, wire=self.wire)
            self._worker = Worker(self.world.app, log, "a", monotonic=lambda: self.seconds)
        return self._worker

    def settle(self) -> None:
        self.world.settle(self.worker)

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.seconds += 1.0
            self.worker.turn(0.0)


def an_undecided_transaction(topic: str) -> Callable[[Scene], None]:
    def put_in(scene: Scene) -> None:
        zombie = scene.world.log.writer("zombie")
        zombie.open()
        zombie.begin()
        zombie.append(Partition(topic, 0), b"x", b"y", 1)
        scene.end = zombie.abort

    return put_in


def an_undecided_transaction_upstream(scene: Scene) -> None:
    scene.settle()
    an_undecided_transaction("billing")(scene)
    scene.world.days(1, 1)


def a_predecessor_whose_transaction_is_undecided(scene: Scene) -> None:
    before = scene.world.worker("before")
    scene.world.settle(before)
    zombie = scene.world.log.writer("invoices-before")
    zombie.open()
    zombie.begin()
    zombie.append(Partition("invoices.changelog", 0), b"x", b"y", 1)
    zombie.send_positions({BILLING: Committed(0, "")}, before._member)
    before._member.close()
    scene.end = zombie.abort


def a_stalled_reader(topic: str) -> Callable[[Scene], None]:
    def put_in(scene: Scene) -> None:
        scene.settle()
        scene.world.log.stall(Partition(topic, 0))
        scene.world.fact(InvoiceSent("inv-1"), day(0.5))
        scene.world.days(1, 1)

    return put_in


def a_broker_that_is_gone(scene: Scene) -> None:
    scene.settle()
    scene.wire.is_cut = True

    def back() -> None:
        scene.wire.is_cut = False

    scene.end = back


def a_clock_that_is_down(scene: Scene) -> None:
    scene.settle()
    scene.world.fact(InvoiceSent("inv-1"), day(1.1))
    scene.end = lambda: scene.world.days(1, 1)


def a_member_with_other_inputs(scene: Scene) -> None:
    other = scene.world.log.member("invoices", ["billing"], "range")
    for _ in range(3):
        scene.worker.turn(0.0)
        other.poll(1, 0.0)
    scene.end = other.close


@dataclass(frozen=True)
class Fault:
    put_in: Callable[[Scene], None]
    what: What
    hint: str
    is_ready: bool
    state: str
    """As `status` has it, an hour later."""


NOT_FOLDED = "nothing to fold, but an undecided transaction at "
FAULTS = {
    "undecided on the ticks": Fault(
        an_undecided_transaction("passage.ticks"), "ticks", "an undecided transaction at passage.ticks[0]@0",
        False, NOT_FOLDED + "passage.ticks[0]@0",
    ),
    "undecided on the schedules": Fault(
        an_undecided_transaction("passage.schedules"), "ticks", "an undecided transaction at passage.schedules[0]@1",
        False, NOT_FOLDED + "passage.schedules[0]@1",
    ),
    "undecided on the changelog": Fault(
        an_undecided_transaction("invoices.changelog"), "changelog",
        "an undecided transaction at invoices.changelog[0]@0", False, NOT_FOLDED + "invoices.changelog[0]@0",
    ),
    "undecided on an input": Fault(
        an_undecided_transaction_upstream, "inputs", "an undecided transaction at billing[0]@0",
        True, "stands still: an undecided transaction at billing[0]@0",
    ),
    "a predecessor's transaction": Fault(
        a_predecessor_whose_transaction_is_undecided, "gate", "undecided",
        False, NOT_FOLDED + "invoices.changelog[0]@",
    ),
    "no broker": Fault(a_broker_that_is_gone, "ticks", "no broker answered", True, "at rest"),
    "clock down": Fault(a_clock_that_is_down, "clock", "the clock is behind or down", True, "waits for the clock"),
    "a group that gives nothing": Fault(
        a_member_with_other_inputs, "group", "partitions [0] belong to none of them", False, "nobody owns it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_waits_says_so_everywhere_and_goes_on_when_it_may(name: str) -> None:
    fault, scene = FAULTS[name], Scene()
    fault.put_in(scene)
    metrics = WorkerMetrics(scene.worker)
    with capture_logs() as said:
        scene.pass_time(60)
    lines = [line for line in said if line["event"] == f"waiting_for_{fault.what}"]
    assert len(lines) >= 3
    assert all(fault.hint in line["hint"] for line in lines)
    assert lines[-1]["waited_seconds"] >= 30
    assert lines[-1]["log_level"] == "warning"
    assert metrics.health.why_not_alive() is None
    waited = {what: figure(metrics, what) for what in WHATS}
    assert waited[fault.what] >= 30
    why_not, but = metrics.health.why_not_ready(), metrics.health.but()
    assert (why_not is None) == fault.is_ready
    assert fault.hint in ((but if why_not is None else why_not) or "")
    now = Instant(day(1.2))
    (task,) = status(scene.world.app, scene.world.log, [0], now).tasks
    assert task.state.startswith(fault.state)
    assert task.is_well == (fault.state == "at rest")

    scene.end()
    if fault.what == "inputs":
        scene.world.fact(InvoiceSent("inv-9"), day(0.9))
    with capture_logs() as said:
        scene.pass_time(60)
    assert "restored" in {line["event"] for line in said} or scene.worker.stage == "folding"
    assert scene.worker.stage == "folding"
    assert {what: figure(metrics, what) for what in WHATS} == dict.fromkeys(WHATS, 0)
    assert metrics.health.why_not_ready() is metrics.health.but() is None
    assert f"waited_for_{fault.what}" in {line["event"] for line in said}


def figure(metrics: WorkerMetrics, what: str) -> float:
    labels = {"app": "invoices", "what": what}
    return metrics.registry.get_sample_value("passage_processor_waiting_seconds", labels) or 0.0


@pytest.mark.parametrize("topic", ["passage.ticks", "billing", "invoices.requests"])
def test_a_reader_that_is_stuck_is_opened_anew(topic: str) -> None:
    scene = Scene()
    a_stalled_reader(topic)(scene)
    scene.pass_time(60)
    assert scene.worker.tasks[0].sequence == 1
    assert scene.worker.tasks[0].cut.inputs[0].count == 1
    assert scene.worker.waits.line is None


def test_a_restore_whose_reader_is_stuck_opens_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.world.fact(InvoiceSent("inv-1"), day(0.5))
    before = scene.world.worker("before")
    scene.world.settle(before)
    before.close()
    changelog, stalled = Partition("invoices.changelog", 0), list[Partition]()
    told = FaultyReader.assign

    def assign(reader: FaultyReader, positions: Mapping[Partition, int]) -> None:
        told(reader, positions)
        if changelog in positions and not stalled:
            scene.world.log.stall(changelog)
            stalled.append(changelog)

    monkeypatch.setattr(FaultyReader, "assign", assign)
    scene.worker.turn(0.0)
    assert (scene.worker.stage, stalled) == ("restoring", [changelog])
    scene.pass_time(60)
    assert scene.worker.stage == "folding"
    assert scene.worker.tasks[0].cut.open == 1


def test_a_worker_that_stands_by_while_others_do_all_there_is_waits_for_nothing() -> None:
    scene = Scene()
    other = scene.world.worker("other")
    scene.world.settle(other, scene.worker)
    spare = scene.worker if not scene.worker.tasks else other
    with capture_logs() as said:
        for _ in range(100):
            scene.seconds += 1.0
            scene.worker.turn(0.0)
            other.turn(0.0)
    assert WorkerMetrics(spare).health.why_not_ready() is None
    assert not [line for line in said if line["event"].startswith("waiting_for")]


def test_a_schedule_the_clock_never_named_is_said_by_worker_and_status() -> None:
    scene = Scene(of="day.utx")
    scene.settle()
    scene.world.fact(InvoiceSent("inv-1"), day(0.5))
    with capture_logs() as said:
        scene.pass_time(30)
    assert any(line["event"] == "waiting_for_clock" and "did you mean 'day.utc'" in line["hint"] for line in said)
    assert "never named" in (WorkerMetrics(scene.worker).health.but() or "")
    (task,) = status(scene.world.app, scene.world.log, [0], Instant(day(0.5) + int(STILL_SECONDS * 2_000_000))).tasks
    assert (task.state.partition(":")[0], task.is_well) == ("waits for the clock", False)
