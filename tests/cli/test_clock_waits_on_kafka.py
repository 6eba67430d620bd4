"""A clock on a real Kafka that has to wait: its log, its pages and `passage clock status` say for what.

Each row puts one fault in, reads all of them until they tell of it, takes it out, and reads them until all is well.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from passage_clock.config import load
from passage_clock.leading.service import places
from passage_clock.records.topics import check_topics
from passage_log.kafka import KafkaLog
from passage_schemas.log_record import Partition
from passage_trial.cluster import cluster
from passage_trial.network import free_port
from tests.cli.command import Command
from tests.clock.candidate_process import Process

pytestmark = pytest.mark.kafka

BOUND_SECONDS = 180.0
"""On every wait: a broker that starts on a busy machine takes a minute by itself."""


@dataclass
class Running:
    """A candidate in a process of its own, with its pages."""

    path: Path
    process: Process
    port: int
    passage: Command

    def page(self, name: str) -> str:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=10) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            with error:
                return error.read().decode()
        except URLError:
            return ""

    def until(self, page: str, says: str) -> str:
        deadline = time.monotonic() + BOUND_SECONDS
        while says not in (said := self.page(page)):
            assert time.monotonic() < deadline, f"/{page} never said {says!r}, but {said!r}"
            time.sleep(0.2)
        return said

    def waits_in_status(self, says: str) -> str:
        deadline = time.monotonic() + BOUND_SECONDS
        while says not in (said := self.passage("clock", "status", "-c", self.path).out):
            assert time.monotonic() < deadline, f"status never said {says!r}, but {said!r}"
        return said


class Started:
    """Starts candidates of one clock, on topics of its own, and leaves none."""

    def __init__(self, bootstrap: str, folder: Path, passage: Command) -> None:
        run = uuid4().hex[:8]
        self._path = folder / "clock.yaml"
        self._path.write_text(
            f"bootstrap: {bootstrap}\ngroup: clock.{run}\n"
            f"topics: {{ticks: t.{run}, schedules: s.{run}, control: c.{run}, triggers: x.{run}}}\n"
            "schedules: [{name: second.utc, every: second, zone: UTC}]\n"
        )
        self.config, self.log = load(self._path, {}), KafkaLog(bootstrap)
        check_topics(self.log, self.config, create=True)
        self._passage = passage
        self._started: list[Process] = []

    def __call__(self, name: str, environ: Mapping[str, str] | None = None) -> Running:
        port = free_port()
        options = ("--metrics-port", str(port), "--connect-timeout-seconds", "5")
        self._started.append(Process(self._path, name, environ, options))
        return Running(self._path, self._started[-1], port, self._passage)

    def close(self) -> None:
        for one in self._started:
            one.kill()
        self.log.close()


@pytest.fixture
def start(kafka_bootstrap: str, tmp_path: Path, passage: Command) -> Iterator[Started]:
    started = Started(kafka_bootstrap, tmp_path, passage)
    yield started
    started.close()


@contextmanager
def undecided(log: KafkaLog, place: Partition) -> Iterator[None]:
    """Somebody's transaction that stays open."""
    rogue = log.writer(f"rogue.{uuid4().hex}", 120.0)
    rogue.open()
    rogue.begin()
    rogue.deliver(place, b"rogue", None, 1)
    try:
        yield
    finally:
        rogue.abort()
        rogue.discard()


@pytest.mark.parametrize("kind", ["ticks", "schedules", "control"])
def test_behind_an_undecided_transaction_it_says_so_and_takes_office_when_it_is_over(start: Started, kind: str) -> None:
    place: Partition = getattr(places(start.config), kind)
    with undecided(start.log, place):
        clock = start("waits")
        told = clock.process.wait_for("waiting")
        said = f"an undecided transaction at {place.topic}[0]@"
        assert said in str(told["hint"])
        assert said in clock.until("readyz", said)
        assert clock.page("healthz") == "ok\n"
        assert 'passage_clock_waiting_seconds{what="log"} 0.0\n' not in clock.page("metrics")
        assert said in clock.waits_in_status(said)
    clock.process.wait_for("office_taken")
    clock.until("readyz", "ok\n")
    assert 'passage_clock_waiting_seconds{what="log"} 0.0\n' in clock.page("metrics")
    assert clock.process.end() == 0


def test_a_leader_behind_whose_ticks_a_transaction_is_open_says_that_nobody_reads_them(
    start: Started,
) -> None:
    clock = start("leads")
    clock.process.wait_for("tick_published")
    with undecided(start.log, places(start.config).ticks):
        clock.until("readyz", "in office, but waiting")
        clock.process.wait_for("waiting")
        clock.waits_in_status("an undecided transaction")
    clock.until("readyz", "ok\n")
    assert clock.process.end() == 0


def test_who_has_another_file_refuses_and_says_so_everywhere(start: Started) -> None:
    leader = start("leads")
    leader.process.wait_for("tick_published")
    led = leader.path.read_text()
    leader.path.write_text(led.replace("second.utc, every: second", "minute.utc, every: minute"))
    second = start("second")
    said = "it lacks second.utc; it adds minute.utc"
    assert said in str(second.process.wait_for("may_not_lead")["reason"])
    assert said in second.until("readyz", said)
    assert second.page("healthz") == "ok\n"
    assert said in str(second.process.wait_for("waiting")["hint"])
    assert 'passage_clock_waiting_seconds{what="fitness"} 0.0\n' not in second.page("metrics")
    assert said in second.waits_in_status(said)
    assert leader.process.end() == 0
    assert said in str(second.process.wait_for("office_refused")["reason"])
    assert "refusing office" in second.until("readyz", said)
    assert second.process.end() == 0


AHEAD = """
import os, time

real = time.time_ns
time.time_ns = lambda: real() + (10_000_000_000 if os.path.exists(os.environ["AHEAD"]) else 0)
"""


def test_a_clock_whose_wall_is_ahead_says_so_everywhere(start: Started, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(AHEAD)
    (ahead := tmp_path / "ahead").touch()
    clock = start("ahead", {"PYTHONPATH": str(tmp_path), "AHEAD": str(ahead)})
    said = "s ahead of the broker's, by more than max_skew_seconds: 2"
    assert said in str(clock.process.wait_for("waiting")["hint"])
    assert said in clock.until("readyz", said)
    assert clock.page("healthz") == "ok\n"
    clock.until("metrics", 'passage_clock_stage{stage="held"} 1.0')
    assert said in clock.waits_in_status(said)
    ahead.unlink()
    clock.process.wait_for("tick_published")
    clock.until("readyz", "ok\n")
    assert clock.process.end() == 0


@pytest.mark.chaos
def test_without_a_broker_leader_and_standby_say_so_until_it_is_back(tmp_path: Path, passage: Command) -> None:
    with cluster(1) as broker:
        started = Started(broker.bootstrap, tmp_path, passage)
        try:
            leader = started("leader")
            leader.process.wait_for("tick_published")
            standby = started("standby")
            standby.until("readyz", "ok\n")
            for strike in (broker.kill, broker.pause):
                strike(0)
                for clock in (leader, standby):
                    clock.until("readyz", "waiting for")
                    clock.until("readyz", "(log)")
                    assert clock.page("healthz").startswith("ok")
                    assert 'passage_clock_waiting_seconds{what="log"} 0.0\n' not in clock.page("metrics")
                    clock.process.wait_for("waiting")
                unanswered = passage("clock", "status", "-c", leader.path, "--connect-timeout-seconds", "3")
                assert (unanswered.code, "no broker answered" in unanswered.err) == (2, True)
                broker.kill(0)
                broker.restart(0)
                broker.wait_for(0)
                for clock in (leader, standby):
                    clock.until("readyz", "ok\n")
                    clock.process.wait_for("waited")
            assert (standby.process.end(), leader.process.end()) == (0, 0)
        finally:
            started.close()
