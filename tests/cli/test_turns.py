"""A turn that takes too long is named from another thread, and one that hangs in a call to the log ends the process."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

import passage.running.brokers as brokers_module
import passage.running.turns as turns_module
from passage.running.brokers import Brokers
from passage.running.turns import HUNG, LAST_SECONDS, LONG_SECONDS, Turns
from passage.running.watched import Watched, _Told
from passage_log.errors import Unfit, Unreachable
from passage_log.waiting import asking
from tests.cli.test_stopping import BOUND_SECONDS, hears


class Seconds:
    """The seconds that pass for whoever watches."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        for module in (brokers_module, turns_module):
            monkeypatch.setattr(module, "monotonic", lambda: self.now)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    return Seconds(monkeypatch)


class Ended(Exception):
    pass


class Scene:
    """A thread at work, watched by hand."""

    def __init__(self, seconds: Seconds, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = seconds
        self.turned_at = 0.0
        self.is_folding = False
        self.broker_answers = True
        self.brokers = Brokers(self._ask, "kafka:9092")
        self.turns = Turns(lambda: self.turned_at, lambda: self.is_folding, self.brokers)

        def ended(code: int) -> None:
            raise Ended(code)

        monkeypatch.setattr(os, "_exit", ended)

    def _ask(self) -> None:
        if not self.broker_answers:
            self.seconds.now += 4.0
            raise Unreachable("no broker answered")

    def beats(self, number: int) -> list[dict[str, object]]:
        with capture_logs() as said:
            for _ in range(number):
                self.seconds.now += 1.0
                self.turns.look()
        return [dict(line) for line in said]


@pytest.fixture
def scene(seconds: Seconds, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(seconds, monkeypatch)


def within_the_log(do: Callable[[], object]) -> None:
    """As in a call to the log: what is asked stands in `passage_log.waiting`, and a frame of that room on the stack."""
    exec("def call(do):\n    do()\ncall(do)", {"__name__": "passage_log.kafka.pretended", "do": do})


def test_a_turn_that_takes_long_is_said_every_ten_seconds_and_so_is_its_end(scene: Scene) -> None:
    said = scene.beats(35)
    assert [line["event"] for line in said] == ["turn_takes_long"] * 3
    assert [line["seconds"] for line in said] == [10.0, 20.0, 30.0]
    scene.turned_at = 1.0
    (end,) = scene.beats(1)
    assert (end["event"], end["seconds"]) == ("turn_ended", 34.0)
    assert scene.beats(9) == []


def test_what_is_asked_of_the_log_is_named(scene: Scene) -> None:
    with asking("group orders: its committed positions"):
        told: list[list[dict[str, object]]] = []
        within_the_log(lambda: told.append(scene.beats(12)))
    (line,) = told[0]
    assert "group orders: its committed positions" in str(line["waiting_for"])


def test_what_another_thread_asks_of_the_log_is_not_what_the_turn_waits_for(scene: Scene) -> None:
    told: list[list[dict[str, object]]] = []
    asked, ends = threading.Event(), threading.Event()

    def ask_beside() -> None:
        with asking("group orders: its members"):
            asked.set()
            ends.wait()

    beside = threading.Thread(target=ask_beside)
    beside.start()
    asked.wait()
    within_the_log(lambda: told.append(scene.beats(12)))
    ends.set()
    beside.join()
    (line,) = told[0]
    assert "its members" not in str(line["waiting_for"])


def test_one_that_hangs_in_a_call_to_the_log_ends_the_process_with_one_line(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Ended) as ended:
        within_the_log(lambda: scene.beats(int(LAST_SECONDS + LONG_SECONDS + 5)))
    assert ended.value.args == (HUNG,)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("passage: a turn has taken")
    assert line.endswith("though a broker answers; ended, to be started anew")


def test_a_broker_that_is_gone_explains_it_and_nothing_ends(scene: Scene) -> None:
    scene.broker_answers = False
    scene.brokers.look()
    within_the_log(lambda: scene.beats(1000))
    scene.broker_answers = True
    scene.brokers.look()
    within_the_log(lambda: scene.beats(int(LAST_SECONDS - 5)))
    with pytest.raises(Ended):
        within_the_log(lambda: scene.beats(10))


def test_a_users_own_handler_is_named_and_never_ended(scene: Scene) -> None:
    scene.is_folding = True
    said = scene.beats(1001)
    assert len(said) == 100
    assert all(str(line["waiting_for"]).startswith("a handler of the app's own, at ") for line in said)
    assert "test_turns.py" in str(said[0]["waiting_for"])


def test_time_in_which_the_process_was_stopped_does_not_count(scene: Scene) -> None:
    scene.beats(2)
    scene.seconds.now += 3600.0
    assert scene.beats(5) == []
    assert scene.turns.seconds < LONG_SECONDS


def test_that_no_broker_answers_is_said_less_and_less_often_and_its_end_once(scene: Scene) -> None:
    scene.broker_answers = False
    with capture_logs() as said:
        for _ in range(60):
            scene.brokers.look()
            scene.seconds.now += 1.0
        silent = scene.brokers.seconds
        scene.broker_answers = True
        scene.brokers.look()
        scene.brokers.look()
    *silences, end = said
    assert {line["event"] for line in silences} == {"no_broker_answers"}
    assert 4 <= len(silences) <= 8
    assert all(line["bootstrap"] == "kafka:9092" and str(line["since"]).endswith("Z") for line in silences)
    assert (end["event"], end["after_seconds"]) == ("a_broker_answers_again", round(silent, 1))
    assert scene.brokers.seconds == 0


def test_who_refuses_us_is_there(seconds: Seconds) -> None:
    def refused() -> None:
        raise Unfit("wrong password")

    brokers = Brokers(refused, "kafka:9092")
    brokers.look()
    assert brokers.silent_since is None


class Well:
    """The health of a command that is well by its own account."""

    def why_not_alive(self) -> str | None:
        return None

    def why_not_ready(self) -> str | None:
        return None


def test_health_is_red_by_its_own_account_and_readiness_while_no_broker_answers(scene: Scene) -> None:
    watched = Watched(scene.turns, scene.brokers)
    told, registry = _Told(Well(), watched), CollectorRegistry()
    watched.measure(registry)
    assert (told.why_not_alive(), told.why_not_ready(), watched.line) == (None, None, None)
    scene.broker_answers = False
    for _ in range(3):
        scene.brokers.look()
    scene.beats(12)
    assert told.why_not_alive() is None
    assert "no broker has answered at kafka:9092 for 2" in (told.why_not_ready() or "")
    assert "a turn has taken 11 s, waiting for " in (watched.line or "")
    assert (registry.get_sample_value("passage_turn_seconds") or 0) == 11
    assert (registry.get_sample_value("passage_brokers_silent_seconds") or 0) >= 12


def test_sigusr1_writes_the_stacks_of_all_threads(tmp_path: Path) -> None:
    code = (
        "import threading, time\nfrom passage.running.turns import write_stacks_when_asked\n"
        "def waits_here(): time.sleep(600)\n"
        "threading.Thread(target=waits_here, daemon=True).start()\nwrite_stacks_when_asked()\nwaits_here()"
    )
    with (tmp_path / "err").open("w+", encoding="utf-8") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stderr=err,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            bell = threading.Event()
            for _ in range(int(BOUND_SECONDS * 10)):
                if hears(process.pid, signal.SIGUSR1):
                    break
                bell.wait(0.1)
            process.send_signal(signal.SIGUSR1)
            for _ in range(int(BOUND_SECONDS * 10)):
                if (tmp_path / "err").read_text(encoding="utf-8").count("waits_here") >= 2:
                    break
                bell.wait(0.1)
            assert process.poll() is None
            assert (tmp_path / "err").read_text(encoding="utf-8").count("waits_here") >= 2
        finally:
            process.kill()
            process.wait()
