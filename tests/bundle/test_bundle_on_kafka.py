"""An export beside a worker that goes on, on a real Kafka, killed in its midst; its bundle is replayed without one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from passage_log.kafka import KafkaLog
from passage_processors.runtime.offline.bundle.manifest import FILE, read_manifest
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from tests.cli.command import Command, command
from tests.cli.test_processors_seeing import Site
from tests.cli.test_replay_beside_a_worker import a_worker, days_going_by, site, wait_for_more

__all__ = ["site"]

pytestmark = pytest.mark.kafka

KILLED = """
import os, signal, sys
from pathlib import Path
from passage.cli.processors.app_argument import load_app
from passage_log.kafka import KafkaLog
from passage_processors.runtime.offline.bundle.export import export
asked, real = 0, os.fsync
def killing(descriptor):
    global asked
    asked += 1
    if asked == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)
os.fsync = killing
export(load_app(sys.argv[1]), KafkaLog(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.fixture
def passage(capsys: pytest.CaptureFixture[str]) -> Command:
    return command(capsys)


def killed(site: Site, bootstrap: str, directory: Path, at: int) -> int:
    """By kill -9, when it asks for the `at`-th time that something be on the disk."""
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join([os.getcwd(), *sys.path])}
    arguments = [sys.executable, "-c", KILLED, site.where, bootstrap, str(directory), str(at)]
    return subprocess.run(arguments, stderr=subprocess.DEVNULL, env=variables, check=False).returncode


def test_exported_beside_a_worker_and_killed_it_goes_on_and_is_replayed_alike(
    site: Site, passage: Command, kafka_bootstrap: str, kafka_log: KafkaLog, tmp_path: Path
) -> None:
    directory = tmp_path / "bundle"
    where = ["--out", directory, "--bootstrap", kafka_bootstrap]
    with a_worker(site, kafka_bootstrap), days_going_by(site):
        wait_for_more(kafka_log, Partition(site.app.output, 0))
        for at in (4, 6):
            assert killed(site, kafka_bootstrap, directory, at) == -signal.SIGKILL
            assert not (directory / FILE).exists()
            wait_for_more(kafka_log, Partition(site.app.output, 0))
        exported = passage("export", site.where, *where)
    assert exported.code == 0, exported.err
    manifest = read_manifest(directory)
    assert manifest.cluster == kafka_log.cluster_id()
    assert {task.partition for task in manifest.tasks} == {0, 1}
    assert passage("export", site.where, *where).told.endswith("name another directory, or remove this one")

    said = passage("replay", directory, "--app", site.where)
    assert said.code == 0, said.out
    assert said.out.count("identical") == 2
    assert said.out.count("equal as a set") == 1
    rows = [line.split() for line in said.out.splitlines()[1:3]]
    for row, written in zip(rows, manifest.digests, strict=False):
        assert int(row[1]) >= written.events > 0


def lived(site: Site) -> None:
    for number in range(60):
        site.sent(f"inv-{number}", 1 + number % 3, site.now)
    for number in range(1, 6):
        site.tick(Instant(site.now + number), Instant(site.now + number + 1))
    site.settled().close()


def test_a_bundle_says_what_a_replay_on_the_cluster_says(
    site: Site, passage: Command, kafka_bootstrap: str, tmp_path: Path
) -> None:
    lived(site)
    assert passage("export", site.where, "--out", tmp_path / "bundle", "--bootstrap", kafka_bootstrap).code == 0
    there = passage("processors", "replay", site.where, "--bootstrap", kafka_bootstrap)
    here = passage("replay", tmp_path / "bundle", "--app", site.where)
    assert there.out == here.out
    digests = [one.sha256 for one in read_manifest(tmp_path / "bundle").digests]
    assert all(digest in here.out for digest in digests)
    assert len(digests) == 3
