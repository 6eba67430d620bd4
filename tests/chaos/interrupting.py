"""Every way to interrupt one transaction, each a story on a world of its own; `side_by_side` tells them all at once.

Nearly all of a story is waiting (six seconds for a session, fifteen for a transaction), so a dozen take as long as one.
"""

import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

from tests.chaos.orders_world import all_of, folded
from tests.chaos.processes import LONG_SECONDS, Process
from tests.chaos.stopped_world import STORY, StoppedWorld
from tests.chaos.stopping import STOPS_AT_TRANSACTION
from tests.chaos.wire import Api, Wire

Telling = tuple[object, list[str]]
"""What the worker itself says of it, and what is wrong in the end."""
Story = Callable[[str], Telling]


def killed(moment: str, heir: str) -> Story:
    """kill -9. The heir bears its name, and ends at once what it left open, or another, and waits for its timeout."""

    def story(bootstrap: str) -> Telling:
        world = StoppedWorld(bootstrap)
        try:
            world.kill_a_worker(moment)
            world.take_over(heir)
            world.finish()
            return None, world.differences()
        finally:
            world.close()

    return story


def killed_in_the_commit(fate: Literal["lost", "late", "done"], heir: str) -> Story:
    """kill -9 while it waits for the answer: the request never arrived, arrives when it is dead, or was carried out."""

    def story(bootstrap: str) -> Telling:
        world, wire = StoppedWorld(bootstrap), Wire(bootstrap)
        try:
            trap = wire.trap(Api.END_TXN, STOPS_AT_TRANSACTION, "answer" if fate == "done" else "request")
            process = world.start_a_worker("never", signal.SIGKILL, bootstrap=wire.bootstrap)
            trap.wait()
            process.kill()
            if fate == "lost":
                trap.cut()
            else:
                trap.go()
            world.take_over(heir)
            world.finish()
            return None, world.differences()
        finally:
            wire.close()
            world.close()

    return story


def stopped(moment: str, mutant: str = "honest") -> Story:
    """SIGSTOP past its session and, where it had begun one, its transaction's timeout; then it goes on."""

    def story(bootstrap: str) -> Telling:
        world = StoppedWorld(bootstrap)
        try:
            zombie = world.stop_a_worker(moment, mutant)
            world.take_over()
            outcome = world.resume(zombie)
            world.finish()
            return outcome, world.differences()
        finally:
            world.close()

    return story


def cut_in_the_commit(lost: Literal["request", "answer"]) -> Story:
    """The connection is cut. The client asks again, so the outcome is known in the end, but not how often it asked."""

    def story(bootstrap: str) -> Telling:
        world, wire = StoppedWorld(bootstrap), Wire(bootstrap)
        process = world.start_a_worker("never", signal.SIGKILL, bootstrap=wire.bootstrap)
        try:
            trap = wire.trap(Api.END_TXN, STOPS_AT_TRANSACTION, lost)
            trap.wait()
            trap.cut()
            return work_off(world, process), world.differences()
        finally:
            process.kill()
            wire.close()
            world.close()

    return story


def never_answered(carried_out: bool) -> Story:
    """The connection stands and no answer comes: nobody can tell the outcome but the log. What was held comes late."""

    def story(bootstrap: str) -> Telling:
        world, wire = StoppedWorld(bootstrap), Wire(bootstrap)
        process = world.start_a_worker("never", signal.SIGKILL, bootstrap=wire.bootstrap)
        try:
            trap = wire.trap(Api.END_TXN, STOPS_AT_TRANSACTION, "answer" if carried_out else "request")
            trap.wait()
            process.wait_for("transaction_failed")
            trap.go()
            return work_off(world, process), world.differences()
        finally:
            process.kill()
            wire.close()
            world.close()

    return story


def blocked(bootstrap: str) -> Telling:
    """Nothing passes any more, past its session and its transaction's timeout; an heir takes over. Then all that was
    sent arrives."""
    world, wire = StoppedWorld(bootstrap), Wire(bootstrap)
    process = world.start_a_worker("never", signal.SIGKILL, bootstrap=wire.bootstrap)
    try:
        trap = wire.trap(Api.END_TXN, STOPS_AT_TRANSACTION)
        trap.wait()
        wire.block()
        trap.go()
        world.take_over()
        wire.unblock()
        process.wait_for("transaction_failed")
        end(process)
        world.finish()
        return said(process), world.differences()
    finally:
        process.kill()
        wire.close()
        world.close()


def late_copy(mutant: str) -> Story:
    """The request for the end is under way when its connection is cut. Asked again, the broker ends the transaction.
    The first copy arrives when events of a later one are there and its cut is not, and then the worker is killed."""

    def story(bootstrap: str) -> Telling:
        world, wire = StoppedWorld(bootstrap), Wire(bootstrap)
        process = world.start_a_worker("piecemeal", signal.SIGKILL, mutant, wire.bootstrap)
        try:
            copy = wire.trap(Api.END_TXN, STOPS_AT_TRANSACTION)
            copy.wait()
            events = wire.trap(Api.PRODUCE, naming=world.app.output)
            copy.cut_client()
            events.wait()
            following = wire.trap(Api.PRODUCE)
            events.go()
            following.wait()
            copy.go()
            copy.wait_until_answered()
            process.kill()
            following.cut()
            world.take_over("stopped")
            world.finish()
            return said(process), world.differences()
        finally:
            process.kill()
            wire.close()
            world.close()

    return story


def work_off(world: StoppedWorld, process: Process) -> set[object]:
    """Let the same process do all the rest; what it has said of its transactions."""
    deadline = time.monotonic() + LONG_SECONDS
    while folded(world.app, world.log, STORY).all != all_of(STORY):
        assert time.monotonic() < deadline, f"it does not finish: {process.events[-10:]}"
        process.listen()
        time.sleep(0.2)
    end(process)
    return said(process)


def end(process: Process) -> None:
    code = process.end("assigned")
    assert code == 0, f"told to stop, it ended with {code}: {process.events[-5:]}"


def said(process: Process) -> set[object]:
    process.take_told()
    return {one["event"] for one in process.events} & {"commit_doubtful", "transaction_failed"}


def side_by_side(stories: Mapping[str, Story], bootstrap: str) -> Mapping[str, Future[Telling]]:
    with ThreadPoolExecutor(len(stories)) as pool:
        return {name: pool.submit(story, bootstrap) for name, story in stories.items()}
