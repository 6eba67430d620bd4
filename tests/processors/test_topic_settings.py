"""What an app's topics must be like: a setting that would lose or misdate a fact is refused before the first one."""

from typing import Any

import pytest

from passage_log.errors import Unfit
from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_processors.app import App
from passage_processors.errors import AppError
from passage_processors.runtime.topics import app_topics, check_topics, create_topics
from tests.processors.world import invoices, overdue

WEEKEND_MS = 3 * 86_400_000


def checked(app: App, **settings: dict[str, str]) -> list[str]:
    """What is said of the app's topics, each as it should be but for these."""
    log = MemoryLog()
    fit = {one.topic: one.as_topic(2) for one in app_topics(app)}
    for name, changed in settings.items():
        topic = {"billing": "billing", "output": app.output, "requests": app.requests}[name]
        fit[topic] = Topic(topic, 2, {**fit[topic].settings, **changed})
    log.create(list(fit.values()))
    try:
        assert check_topics(log, app) == 2
    except Unfit as error:
        return str(error).splitlines()
    return []


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "an input that is compacted": (
        "billing", {"cleanup.policy": "compact"},
        "topic billing: cleanup.policy=compact, so compaction would remove records that have a successor of the same "
        "key; set cleanup.policy=delete, or list the topic in the app's `compacted`, if of each key only the last fact "
        "counts",
    ),
    "one that is compacted and deleted": ("billing", {"cleanup.policy": "compact,delete"}, "set cleanup.policy=delete"),
    "an output that is compacted": (
        "output", {"cleanup.policy": "compact"}, "topic billing.derived: cleanup.policy=compact, so compaction would",
    ),
    "an output that is compacted and deleted": ("output", {"cleanup.policy": "delete, compact"}, "set cleanup"),
    "an input that keeps a minute": (
        "billing", {"retention.ms": "60000"},
        f"topic billing: retention.ms=60000, so whoever was away for longer finds records deleted unread; set "
        f"retention.ms={WEEKEND_MS}, or lower the app's `longest_outage_seconds`, if facts may be lost so soon",
    ),
    "an input that keeps nothing": ("billing", {"retention.ms": "0"}, f"set retention.ms={WEEKEND_MS}"),
    "an input that keeps a moment too little": (
        "billing", {"retention.ms": str(WEEKEND_MS - 1)}, f"set retention.ms={WEEKEND_MS}",
    ),
    "an input dated by the broker": (
        "billing", {"message.timestamp.type": "LogAppendTime"}, "set message.timestamp.type=CreateTime",
    ),
    "an output that forgets": ("output", {"retention.ms": str(WEEKEND_MS)}, "set retention.ms=-1"),
    "requests that are compacted": ("requests", {"cleanup.policy": "compact"}, "set cleanup.policy=delete"),
}  # fmt: skip


@pytest.mark.parametrize(("topic", "settings", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_lose_a_fact_is_refused_with_the_setting_that_mends_it(
    topic: str, settings: dict[str, str], said: str
) -> None:
    (line,) = checked(invoices(overdue()), **{topic: settings})

    assert said in line


ALLOWED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a broker's defaults": ({}, {"retention.ms": "604800000", "cleanup.policy": "delete"}),
    "as long as it must": ({}, {"retention.ms": str(WEEKEND_MS)}),
    "for ever": ({}, {"retention.ms": "-1"}),
    "a table of latest values": ({"compacted": ["billing"]}, {"cleanup.policy": "compact", "retention.ms": "60000"}),
    "a table that is none yet": ({"compacted": ["billing"]}, {}),
    "facts that may be lost after an hour": ({"longest_outage_seconds": 3600.0}, {"retention.ms": "3600000"}),
    "facts that may be lost at once": ({"longest_outage_seconds": 0.0}, {"retention.ms": "0"}),
}


@pytest.mark.parametrize(("said", "settings"), ALLOWED.values(), ids=ALLOWED.keys())
def test_what_the_app_says_it_can_do_with_is_taken(said: dict[str, Any], settings: dict[str, str]) -> None:
    assert checked(invoices(overdue(), **said), billing=settings) == []


def test_a_table_that_is_deleted_by_age_too_must_keep_what_it_has() -> None:
    app = invoices(overdue(), compacted=["billing"])

    (line,) = checked(app, billing={"cleanup.policy": "compact,delete", "retention.ms": "60000"})

    assert f"set retention.ms={WEEKEND_MS}" in line


def test_the_grace_is_waited_for_as_well() -> None:
    app = invoices(overdue(), grace_seconds=3600.0)

    (line,) = checked(app, billing={"retention.ms": str(WEEKEND_MS)})

    assert f"set retention.ms={WEEKEND_MS + 3_600_000}" in line


def test_an_outage_without_an_end_wants_a_topic_that_keeps_for_ever() -> None:
    app = invoices(overdue(), longest_outage_seconds=float("inf"))

    (line,) = checked(app, billing={"retention.ms": str(WEEKEND_MS)})

    assert "set retention.ms=-1" in line
    assert checked(app, billing={"retention.ms": "-1"}) == []


def test_topics_the_app_creates_are_fit_and_keep_what_a_replay_wants() -> None:
    log, app = MemoryLog(), invoices(overdue())
    log.create([one.as_topic() for one in app_topics(app) if one.topic in (app.ticks_topic, app.schedules_topic)])

    create_topics(log, app, 2)

    assert check_topics(log, app) == 2
    billing = log.describe(["billing"])["billing"]
    assert billing is not None
    assert billing.settings["retention.ms"] == "-1"


def test_a_compacted_topic_that_is_no_input_is_refused_by_name() -> None:
    with pytest.raises(AppError, match=r"compacted: 'biling' is none of the app's inputs; did you mean 'billing'\?"):
        invoices(overdue(), compacted=["biling"])
    with pytest.raises(AppError, match="longest_outage_seconds=-1; it can't be negative"):
        invoices(overdue(), longest_outage_seconds=-1)
