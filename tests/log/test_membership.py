"""A member whose client waits in vain for its group joins it by another; one that is given nothing stays."""

from collections.abc import Collection
from itertools import pairwise
from typing import Literal, get_args

import pytest
import structlog

from passage_log.aside import Aside
from passage_log.errors import LogError, Unreachable
from passage_log.kafka import KafkaLog
from passage_log.kafka.membership import (
    ASK_EVERY_SECONDS,
    MOST_PATIENCE_SECONDS,
    MOST_SECONDS_BETWEEN,
    PATIENCE_SECONDS,
    Membership,
)
from passage_log.port import Assignor, GroupMember, Topic
from tests.chaos.wire import Api, Wire
from tests.log.world import wait

US, OTHER = "us", "another"
LISTED, UNLISTED, SILENT = {US, OTHER}, {OTHER}, Unreachable("no broker answers")
LONG_SECONDS = 600
TOPIC = "membership"
HELD: tuple[Literal["request", "answer"], ...] = ("request", "answer")


class AtOnce(Aside):
    def ask(self) -> bool:
        self._question()
        return True


class Scene:
    """A member that looks every second, and what its group answers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.answer: Collection[str] | LogError = LISTED
        self.asked_at: list[float] = []
        self.membership = Membership(self._members, lambda: self.now)
        self.membership._aside = AtOnce("membership", self.membership._ask)

    def _members(self) -> list[GroupMember]:
        self.asked_at.append(self.now)
        if isinstance(self.answer, LogError):
            raise self.answer
        return [GroupMember(one, "host", frozenset()) for one in self.answer]

    def lost_after(self, seconds: int, own_id: str | None = US) -> float | None:
        """The first moment at which it is lost, within so many seconds."""
        for _ in range(seconds):
            self.now += 1
            if self.membership.is_lost(lambda: own_id):
                return self.now
        return None


def test_one_that_is_listed_is_never_lost_and_asks_less_and_less() -> None:
    scene = Scene()
    assert scene.lost_after(LONG_SECONDS) is None
    between = [after - before for before, after in pairwise(scene.asked_at)]
    assert between == sorted(between)
    assert (between[0], between[-1]) == (ASK_EVERY_SECONDS, MOST_SECONDS_BETWEEN)


@pytest.mark.parametrize(("answer", "own_id"), [(UNLISTED, US), ((), US), (LISTED, None), ((), ""), (LISTED, "")])
def test_one_that_is_not_listed_is_lost_when_its_patience_is_over(answer: Collection[str], own_id: str | None) -> None:
    scene = Scene()
    scene.answer = answer
    lost_at = scene.lost_after(LONG_SECONDS, own_id)
    assert lost_at is not None
    first, last = scene.asked_at[0], scene.asked_at[-1]
    assert last == lost_at
    assert PATIENCE_SECONDS <= last - first < PATIENCE_SECONDS + ASK_EVERY_SECONDS


@pytest.mark.parametrize("between", [LISTED, SILENT])
def test_only_answers_in_a_row_count(between: Collection[str] | LogError) -> None:
    scene = Scene()
    for _ in range(20):
        scene.answer = UNLISTED
        assert scene.lost_after(round(PATIENCE_SECONDS) - 1) is None
        scene.answer = between
        assert scene.lost_after(round(MOST_SECONDS_BETWEEN) + 1) is None


def test_nobody_is_lost_while_no_broker_answers() -> None:
    scene = Scene()
    scene.answer = SILENT
    assert scene.lost_after(LONG_SECONDS) is None
    assert len(scene.asked_at) == LONG_SECONDS / ASK_EVERY_SECONDS


def test_each_client_is_given_more_time_than_the_one_before_until_one_is_given_something() -> None:
    scene = Scene()
    scene.answer = UNLISTED
    took: list[float] = []
    for _ in range(6):
        began = scene.now
        lost_at = scene.lost_after(LONG_SECONDS)
        assert lost_at is not None
        took.append(lost_at - began)
        scene.membership.begin_anew()
    assert took == sorted(took)
    assert took[0] < 2 * PATIENCE_SECONDS < took[1]
    assert MOST_PATIENCE_SECONDS <= took[-1] == took[-2]
    scene.membership.given()
    began = scene.now
    assert scene.lost_after(LONG_SECONDS) == began + took[0]


class Stuck:
    """A member whose second request to join, by which it would be in, or the answer to it, is held for good."""

    def __init__(self, bootstrap: str, assignor: Assignor, held: Literal["request", "answer"]) -> None:
        self.group = f"membership.{assignor}.{held}"
        self.wire = Wire(bootstrap)
        self.trap = self.wire.trap(Api.JOIN_GROUP, nth=2, at=held)
        self.log = KafkaLog(self.wire.bootstrap)
        self.member = self.log.member(self.group, [TOPIC], assignor)

    def close(self) -> None:
        self.trap.cut()
        self.member.close()
        self.log.close()
        self.wire.close()


@pytest.mark.kafka
def test_a_member_whose_joining_is_never_answered_joins_by_another_client(kafka_bootstrap: str) -> None:
    """The client would wait five minutes for that answer. All at once, for it is nearly all waiting; and beside them
    a standby, which owns nothing and is where it belongs."""
    log = KafkaLog(kafka_bootstrap)
    log.create([Topic(TOPIC, 1)])
    with structlog.testing.capture_logs() as said:
        pair = [log.member("membership.standby", [TOPIC], "range") for _ in range(2)]
        stuck = [Stuck(kafka_bootstrap, assignor, held) for assignor in get_args(Assignor) for held in HELD]
        members = [one.member for one in stuck]
        wait([*pair, *members], lambda: all(one.assignment().partitions for one in members))
    assert all(one.trap.has_caught for one in stuck)
    assert sorted(one["group"] for one in said if one["event"] == "membership_lost") == sorted(
        one.group for one in stuck
    )
    assert [bool(one.assignment().partitions) for one in pair].count(True) == 1
    for member in pair:
        member.close()
    for one in stuck:
        one.close()
    log.close()
