"""Clock and worker on a broker that lets nobody do what was not granted: every way in, and what a shut one says."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

from passage_clock.config import ClockConfig
from passage_clock.leading.service import Clock, places
from passage_clock.records.control import trigger_asked
from passage_clock.records.topics import check_topics
from passage_clock.schedules import periodic
from passage_clock.wall import MachineWall
from passage_log.errors import LogError, Unfit, Unreachable
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST
from passage_processors import Worker
from passage_processors.monitoring.due import due
from passage_processors.monitoring.inspection import inspect
from passage_processors.monitoring.status import status
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.topics import check_topics as check_topics_of
from passage_processors.runtime.topics import create_topics
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_trial.network import free_port
from tests.clock.world import SECOND, Stages
from tests.log.secured import PASSWORD, Right, Secured, secured_broker
from tests.processors.world import InvoiceSent, invoices, overdue

pytestmark = pytest.mark.kafka

GUIDE = Path(__file__).parents[2] / "docs/how-to/security.md"

LONG_SECONDS = 30.0


def rights(heading: str) -> list[Right]:
    """The rows of the table below this heading of the guide."""
    text = GUIDE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([a-z ]+) \| `([^`]+)` \| (\w+) \|", text, re.MULTILINE)
    return [Right(*row) for row in rows]


CLOCK = rights("What the clock may do")
WORKER = rights("What a worker may do")
LOOKING = rights("What looking at an app takes")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("certificates")) as running:
        open_log = KafkaLog(running.open_address)
        check_topics(open_log, ClockConfig(schedules=()), create=True)
        open_log.close()
        yield running


_clocks_run = count(1)


def run_a_clock(secured: Secured, address: str, client: dict[str, str], name: str | None = None) -> int:
    """Checks the topics and leads, as `passage clock run` does, until a tick is readable. A new schedule each time, so
    that there is something to record, under a new generation, and an operator's ask, so that there is one to answer."""
    generation = next(_clocks_run)
    since = Instant(MachineWall().now() // SECOND * SECOND - 5 * SECOND)
    schedule = periodic(name or f"second.{generation}", "second", "UTC", starts_at=since)
    config = ClockConfig(schedules=(schedule,), bootstrap=address, client=client, generation=generation)
    log, stages = KafkaLog(address, dict(client), connect_timeout_seconds=10), Stages()
    check_topics(log, config)
    ask_for_a_trigger(secured, config)
    clock = Clock(config, log, MachineWall(), "only", stages)
    deadline = monotonic() + LONG_SECONDS
    try:
        while stages.last_sequence == 0:
            assert monotonic() < deadline, f"no tick: {clock.leadership}"
            wait = clock.step()
            if clock.member is not None and wait > 0:
                clock.member.poll(1, min(wait, 0.05))
        clock.stop()
    finally:
        clock.close()
        log.close()
    return stages.last_sequence


def ask_for_a_trigger(secured: Secured, config: ClockConfig) -> None:
    log, now = KafkaLog(secured.open_address), MachineWall().now()
    trigger = trigger_asked(config.schedules[0].name, "an operator", "to see it answered", now)
    appender = log.appender()
    appender.append(places(config).control, trigger.key, trigger.encode(), milliseconds_of(now))
    appender.flush()
    appender.close()


@pytest.mark.parametrize("way", ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER", "certificate"])
def test_a_clock_leads_with_exactly_the_rights_the_guide_lists(secured: Secured, way: str) -> None:
    secured.grant(CLOCK)
    if way == "certificate":
        assert run_a_clock(secured, secured.tls_address, secured.tls()) > 0
    else:
        assert run_a_clock(secured, secured.sasl_address, secured.sasl(way)) > 0


@pytest.mark.parametrize("missing", CLOCK, ids=lambda right: f"{right.operation}-{right.name}")
def test_without_one_of_them_it_stops_and_names_it(secured: Secured, missing: Right) -> None:
    secured.grant([right for right in CLOCK if right != missing])
    with pytest.raises(Unfit) as told:
        run_a_clock(secured, secured.sasl_address, secured.sasl("PLAIN"))
    names_the_right(str(told.value), missing)


def test_a_subscriber_reads_with_exactly_the_right_the_guide_lists(secured: Secured) -> None:
    secured.grant(CLOCK)
    assert run_a_clock(secured, secured.tls_address, secured.tls()) > 0
    secured.grant(rights("What a subscriber may do"))
    reader = KafkaLog(secured.sasl_address, secured.sasl("SCRAM-SHA-256")).reader()
    reader.assign({Partition("passage.ticks", 0): EARLIEST})
    deadline = monotonic() + LONG_SECONDS
    while not reader.poll(100, 0.5):
        assert monotonic() < deadline
    reader.close()


# --- a worker --------------------------------------------------------------------------------------------------------

COUNTED = "counted.seconds"
APP = invoices(overdue(of=COUNTED, after=1))


@pytest.fixture(scope="module")
def with_an_app(secured: Secured) -> Secured:
    """The clock has ticked the schedule that the app counts, which is then in no file any more and holds nobody."""
    log = KafkaLog(secured.open_address)
    create_topics(log, APP, 1)
    log.close()
    run_a_clock(secured, secured.open_address, {}, COUNTED)
    return secured


def give_it_work(secured: Secured, invoice: str) -> None:
    """A fact that is due at once, one that can't be read, and ticks to come: an event and a dead letter follow."""
    log = KafkaLog(secured.open_address)
    appender, billing = log.appender(), Partition("billing", 0)
    for value in (event_codec(InvoiceSent).encode(InvoiceSent(invoice)), b"garbage"):
        appender.append(billing, invoice.encode(), value, milliseconds_of(MachineWall().now()) - 3_600_000)
    appender.flush()
    appender.close()
    log.close()
    run_a_clock(secured, secured.open_address, {})


def run_a_worker(address: str, client: dict[str, str]) -> None:
    """Checks the topics and works, as `passage processors run` does, until an event and a letter are committed."""
    log = KafkaLog(address, client, connect_timeout_seconds=10)
    check_topics_of(log, APP)
    worker = Worker(APP, log, "one")
    deadline = monotonic() + LONG_SECONDS
    try:
        while not (worker.totals.events and worker.totals.letters):
            assert monotonic() < deadline, f"nothing came of it: {worker.totals}"
            worker.turn(0.05)
    finally:
        worker.close()
        log.close()


def look_at_the_app(address: str, client: dict[str, str]) -> None:
    """Everything the commands that only look ask of the log."""
    log = KafkaLog(address, client, connect_timeout_seconds=10)
    check_topics_of(log, APP)
    try:
        assert status(APP, log, [0], MachineWall().now(), with_due=True).tasks[0].cut > 0
        assert due(APP, log, [0], [COUNTED], 10)
        assert inspect(APP, log, 1, "inv-looked-at", None, None, 10).history
        assert digest(replay(APP, log, 0)) == digest_of_output(APP, log, 0)
    finally:
        log.close()


@pytest.mark.parametrize("missing", WORKER, ids=lambda right: f"{right.operation}-{right.name}")
def test_a_worker_without_one_of_its_rights_stops_and_names_it(with_an_app: Secured, missing: Right) -> None:
    give_it_work(with_an_app, f"inv-{missing.operation}-{missing.name}")
    with_an_app.grant([right for right in WORKER if right != missing])
    with pytest.raises(Unfit) as told:
        run_a_worker(with_an_app.sasl_address, with_an_app.sasl("PLAIN"))
    names_the_right(str(told.value), missing)


@pytest.mark.parametrize("way", ["PLAIN", "certificate"])
def test_a_worker_works_with_exactly_the_rights_the_guide_lists(with_an_app: Secured, way: str) -> None:
    give_it_work(with_an_app, f"inv-{way}")
    with_an_app.grant(WORKER)
    client = with_an_app.tls() if way == "certificate" else with_an_app.sasl(way)
    run_a_worker(with_an_app.tls_address if way == "certificate" else with_an_app.sasl_address, client)


def test_looking_at_an_app_takes_exactly_the_rights_the_guide_lists(with_an_app: Secured) -> None:
    give_it_work(with_an_app, "inv-looked-at")
    run_a_worker(with_an_app.open_address, {})
    address, client = with_an_app.sasl_address, with_an_app.sasl("PLAIN")
    with_an_app.grant(LOOKING)
    look_at_the_app(address, client)
    for missing in LOOKING:
        with_an_app.grant([right for right in LOOKING if right != missing])
        with pytest.raises(Unfit) as told:
            look_at_the_app(address, client)
        names_the_right(str(told.value), missing)


def names_the_right(told: str, missing: Right) -> None:
    # Who may neither read nor write a topic may not describe it either, and that is asked for first.
    # Of the topics of a transaction the broker doesn't tell which; then all of them are named.
    names = rf"(\S+ or )*{re.escape(missing.name)}( or \S+)*"
    grant = rf"grant this client's principal ({missing.operation}|Describe) on {missing.kind} {names}$"
    assert re.search(grant, told)
    assert "\n" not in told


@pytest.mark.parametrize(
    ("client", "line"),
    [
        (lambda secured: secured.sasl("PLAIN", "wrong"), "check client sasl.username and sasl.password"),
        (lambda secured: secured.sasl("SCRAM-SHA-256", "wrong"), "check client sasl.username and sasl.password"),
        (lambda secured: secured.sasl("PLAIN", authority="stranger"), "set client ssl.ca.location to the authority"),
        (lambda secured: secured.sasl("SCRAM-SHA-512"), "set client sasl.mechanism to one of the broker's"),
    ],
    ids=["wrong-password", "wrong-password-by-scram", "unknown-authority", "wrong-mechanism"],
)
def test_whom_the_broker_refuses_is_told_why(
    secured: Secured, client: Callable[[Secured], dict[str, str]], line: str
) -> None:
    told = complaint(secured.sasl_address, client(secured))
    assert told.startswith(f"the brokers at {secured.sasl_address} refuse this client: ")
    assert line in told


def test_whoever_brings_no_certificate_where_one_is_wanted_is_told_so(secured: Secured) -> None:
    without = {"security.protocol": "SSL", "ssl.ca.location": secured.tls()["ssl.ca.location"]}
    assert "the broker wants a certificate of this client" in complaint(secured.tls_address, without)


def test_a_listener_that_hangs_up_at_once_may_want_tls_or_know_none(secured: Secured) -> None:
    # Whoever is refused is told at once. This is said when the time is over, which must be enough to be hung up on.
    assert "does it want TLS?" in complaint(secured.tls_address, {}, Unreachable, 4.1)
    assert "does it speak no TLS?" in complaint(secured.open_address, secured.tls(), Unreachable, 4.1)


def complaint(address: str, client: dict[str, str], kind: type[LogError] = Unfit, seconds: float = 20) -> str:
    log = KafkaLog(address, client, connect_timeout_seconds=seconds)
    with pytest.raises(kind) as told:
        log.describe(["passage.ticks"])
    assert PASSWORD not in str(told.value)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    ("client", "line"),
    [
        ({"sasl.passwort": PASSWORD}, 'client settings: No such configuration property: "sasl.passwort"; check its'),
        ({"security.protocol": "SASL"}, 'client settings: Invalid value "SASL" for configuration property'),
        ({"ssl.ca.location": "/nowhere/ca.pem", "security.protocol": "SSL"}, "client settings: ssl.ca.location failed"),
    ],
    ids=["unknown", "protocol", "file"],
)
def test_a_setting_the_client_does_not_know_is_told_in_one_line(client: dict[str, str], line: str) -> None:
    with pytest.raises(Unfit) as told:
        KafkaLog("127.0.0.1:1", client)
    assert str(told.value).startswith(line)
    assert PASSWORD not in str(told.value)


def passage(config: Path) -> "subprocess.CompletedProcess[str]":
    command = ["clock", "topics", "-c", str(config), "--connect-timeout-seconds", "1"]
    return subprocess.run(
        [sys.executable, "-c", "from passage.cli import main; main()", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG_SECONDS,
        env={"PASSAGE_LOG_LEVEL": "DEBUG", "PYTHONPATH": ":".join(sys.path)},
    )


@pytest.mark.parametrize("trouble", ["wrong password", "nobody there", "not allowed"])
def test_the_command_says_one_line_and_no_secret(secured: Secured, trouble: str, tmp_path: Path) -> None:
    secured.grant([])
    address = f"127.0.0.1:{free_port()}" if trouble == "nobody there" else secured.sasl_address
    client = secured.sasl("PLAIN") | ({"sasl.username": "nobody"} if trouble == "wrong password" else {})
    lines = "".join(f"  {name}: {value}\n" for name, value in client.items())
    config = tmp_path / "clock.yaml"
    config.write_text(f"bootstrap: {address}\nclient:\n{lines}schedules: []\n", encoding="utf-8")
    done = passage(config)
    assert done.returncode == 2
    [line] = done.stderr.splitlines() if trouble != "not allowed" else set(done.stderr.splitlines())
    assert line.startswith("passage: ")
    assert PASSWORD not in done.stdout + done.stderr


def test_not_even_the_clients_own_debugging_repeats_a_secret(
    secured: Secured, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secured.grant(CLOCK)
    for mechanism in ("PLAIN", "SCRAM-SHA-256"):
        reader = KafkaLog(secured.sasl_address, {**secured.sasl(mechanism), "debug": "all"}).reader()
        ticks = Partition("passage.ticks", 0)
        reader.assign({ticks: EARLIEST})
        assert reader.end(ticks) >= 0
        reader.poll(1, 1.0)
        reader.close()
    assert "for SASL mechanism SCRAM-SHA-256" in caplog.text
    assert PASSWORD not in caplog.text
