"""Two releases of the holiday lists side by side, as in a rolling upgrade: the older replica must not lead.

Both are installed: ours, and a copy of it beside it that says it is older and knows no Christmas Day.
"""

import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from uuid import uuid4

import pytest

from passage_clock.calendars import holidays_version
from passage_clock.config import ClockConfig, load
from passage_clock.leading.service import places
from passage_clock.records.topics import check_topics
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from tests.clock.candidate_process import Process
from tests.clock.world import whole

pytestmark = pytest.mark.kafka

OLDER = "0.1"
CHRISTMAS = "2024-12-25"


@pytest.fixture(scope="module")
def older_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put before ours on the path."""
    folder = tmp_path_factory.mktemp("older")
    installed = Path(str(distribution("holidays").locate_file("holidays")))
    shutil.copytree(installed, folder / "holidays", ignore=shutil.ignore_patterns("__pycache__"))
    metadata = folder / f"holidays-{OLDER}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: holidays\nVersion: {OLDER}\n")
    country = folder / "holidays" / "countries" / "netherlands.py"
    with_christmas = country.read_text()
    without = with_christmas.replace('self._add_christmas_day(tr("Eerste kerstdag"))', "pass")
    assert without != with_christmas
    country.write_text(without)
    return folder


Start = Callable[[str], Process]


@pytest.fixture
def path(kafka_bootstrap: str, tmp_path: Path) -> Path:
    run = uuid4().hex[:8]
    path = tmp_path / "clock.yaml"
    path.write_text(
        f"bootstrap: {kafka_bootstrap}\ngroup: clock.{run}\n"
        f"topics: {{ticks: t.{run}, schedules: s.{run}, control: c.{run}, triggers: x.{run}}}\n"
        "schedules:\n"
        "  - {name: second.utc, every: second, zone: UTC}\n"
        "  - {name: workday.nl, every: workday, calendar: NL, zone: Europe/Amsterdam, starts_at: 2024-12-23}\n"
    )
    check_topics(KafkaLog(kafka_bootstrap), load(path, {}), create=True)
    return path


@pytest.fixture
def start(path: Path, older_release: Path) -> Iterator[Start]:
    """Starts a candidate; one whose name begins with `older` has the older lists."""
    started: list[Process] = []

    def process(name: str) -> Process:
        environ = {"PYTHONPATH": str(older_release)} if name.startswith("older") else {}
        started.append(Process(path, name, environ))
        return started[-1]

    yield process
    for one in started:
        one.kill()


def workdays(config: ClockConfig) -> list[Tick]:
    """The ticks of workday.nl; those of all schedules must be whole."""
    assert config.bootstrap is not None
    log = KafkaLog(config.bootstrap)
    reader, partition = log.reader(), places(config).ticks
    end = reader.end(partition)
    reader.assign({partition: EARLIEST})
    ticks: list[Tick] = []
    while reader.position(partition) < end:
        records = reader.poll(10_000, 0.5)
        ticks += [TICK.decode(value) for record in records if (value := record.value()) is not None]
    reader.close()
    log.close()
    assert whole(ticks) == []
    return [tick for tick in ticks if tick.schedule == "workday.nl"]


def test_the_older_replica_refuses_office_aloud_and_the_newer_ones_lead(path: Path, start: Start) -> None:
    newer = start("newer")
    newer.wait_for("office_taken")
    newer.wait_for("tick_published")
    older = start("older")
    older.wait_for("standing_by")
    assert newer.end() == 0

    refused = older.wait_for("office_refused", "office_taken")
    assert refused["reason"] == f"holidays {holidays_version()} leads, ours is {OLDER}"
    successor = start("successor")
    successor.wait_for("office_taken")
    successor.wait_for("tick_published")
    assert (successor.end(), older.end()) == (0, 0)

    ticks = workdays(load(path, {}))
    assert {tick.calendar for tick in ticks} == {f"NL, holidays {holidays_version()}"}
    assert CHRISTMAS not in {tick.period for tick in ticks}


def test_the_newer_replica_leads_after_the_older_and_there_is_no_way_back(path: Path, start: Start) -> None:
    older = start("older")
    older.wait_for("office_taken")
    older.wait_for("tick_published")
    newer = start("newer")
    newer.wait_for("standing_by")
    assert older.end() == 0
    newer.wait_for("office_taken")
    newer.wait_for("tick_published")
    again = start("older-again")
    again.wait_for("standing_by")
    assert newer.end() == 0

    refused = again.wait_for("office_refused", "office_taken")
    assert refused["reason"] == f"holidays {holidays_version()} leads, ours is {OLDER}"
    assert again.end() == 0
    ticks = workdays(load(path, {}))
    assert {tick.calendar for tick in ticks} == {f"NL, holidays {OLDER}"}
    assert CHRISTMAS in {tick.period for tick in ticks}  # It was published, and a published tick never changes.
