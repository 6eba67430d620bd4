"""Who is accused of having another's name, and who isn't: a broker calls a transaction's time-out a fence, too."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_log.errors import Unreachable
from passage_log.memory.writer import MemoryWriter
from passage_log.port import GroupMember
from passage_processors import ProcessorError, Worker
from passage_processors.runtime.own_writer import Namesakes, transactional_id
from tests.processors.world import InvoiceSent, World, day, invoices, overdue

TIMEOUT_SECONDS = 15.0
TWICE = [GroupMember("a-1", "h", frozenset(), "a"), GroupMember("a-2", "h", frozenset(), "a")]
OTHERS = [GroupMember("a-1", "h", frozenset(), "a"), GroupMember("b-2", "h", frozenset(), "b")]


def fenced(namesakes: Namesakes, times: int, every_seconds: float = 1.0, took_seconds: float = 0.01) -> None:
    for number in range(times):
        namesakes.begins(number * every_seconds)
        namesakes.failed(True, number * every_seconds + took_seconds)


def of(members: Sequence[GroupMember]) -> Namesakes:
    return Namesakes("invoices/a", TIMEOUT_SECONDS, lambda: members)


def test_ten_fences_while_two_in_the_group_bear_one_name_are_a_namesakes() -> None:
    with pytest.raises(ProcessorError, match=r"invoices/a: fenced 10 times .* give each its own"):
        fenced(of(TWICE), 10)


@pytest.mark.parametrize("members", [OTHERS, OTHERS[:1], []])
def test_nobody_is_accused_who_is_not_in_the_group(members: list[GroupMember]) -> None:
    fenced(of(members), 100)


def test_a_fence_that_a_time_out_explains_is_not_counted() -> None:
    fenced(of(TWICE), 100, every_seconds=20.0, took_seconds=TIMEOUT_SECONDS)


def test_fences_of_a_while_ago_are_forgotten() -> None:
    fenced(of(TWICE), 100, every_seconds=10.0)


def test_fences_are_forgiven_by_commits_and_by_a_group_that_moves() -> None:
    namesakes = of(TWICE)
    for _ in range(10):
        fenced(namesakes, 9)
        namesakes.group_moved()
        fenced(namesakes, 9)
        for _ in range(10):
            namesakes.committed()


def test_brokers_that_do_not_say_who_is_there_accuse_nobody() -> None:
    def silent() -> Sequence[GroupMember]:
        raise Unreachable("no broker answered")

    fenced(Namesakes("invoices/a", TIMEOUT_SECONDS, silent), 100)


def test_a_worker_whose_transactions_all_time_out_works_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(50))
    seconds = itertools.count()
    worker = Worker(world.app, world.log, "a", monotonic=lambda: next(seconds) * 0.02)
    commit = MemoryWriter.commit

    def slow(writer: MemoryWriter, *arguments: object) -> None:
        world.log.time_out(transactional_id(world.app.name, "a"))
        commit(writer, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(MemoryWriter, "commit", slow)
        world.fact(InvoiceSent("inv-1"), day(0.5))
        while worker.totals.restarts < 25:
            worker.turn(0.0)
    while not worker.totals.commits:
        worker.turn(0.0)


NAMES = st.text(st.sampled_from("ab-/._% "), min_size=1, max_size=6)


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_two_workers_have_one_transactional_id(app: str, worker: str, other_app: str, other: str) -> None:
    ids = transactional_id(app, worker), transactional_id(other_app, other)
    assert (ids[0] == ids[1]) == ((app, worker) == (other_app, other))


def test_an_apps_ids_have_a_prefix_of_their_own() -> None:
    """What docs/how-to/security.md grants."""
    assert transactional_id("invoices", "one") == "invoices/one"
    assert not transactional_id("invoices-eu", "one").startswith("invoices/")
