"""A real Kafka without Docker: one KRaft process, from jars that Maven fetches once.

Its data lives in a temporary directory and goes with the process.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from passage_trial.jars import why_not
from passage_trial.network import free_port, wait_until_it_answers
from passage_trial.server import Server, new_cluster_id

__all__ = ["broker", "why_not"]

START_TIMEOUT_SECONDS = 120
"""A quiet machine needs five; one on which twenty others waited for a processor took more than sixty."""

ALONE: Mapping[str, str] = {
    "node.id": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}


@contextmanager
def broker(
    port: int | None = None, settings: Mapping[str, str] | None = None, format_options: Sequence[str] = ()
) -> Iterator[str]:
    """A running broker's address, until the block ends. `settings` are server properties that replace or add to ours;
    one that names `listeners` keeps PLAINTEXT at `port` among them. `format_options` are StorageTool's, as
    `--add-scram`. Raises TrialError."""
    with tempfile.TemporaryDirectory(prefix="passage-kafka-", ignore_cleanup_errors=True) as directory:
        address, controller = f"127.0.0.1:{free_port(port)}", f"127.0.0.1:{free_port()}"
        server = Server(Path(directory), {**ALONE, **listening(address, controller, settings or {})})
        server.format(new_cluster_id(), *format_options)
        server.start()
        try:
            wait_until_it_answers(address, START_TIMEOUT_SECONDS, server.why_it_stopped)
            yield address
        finally:
            server.stop()


def listening(address: str, controller: str, more: Mapping[str, str]) -> dict[str, str]:
    """Where a broker alone listens, and what was asked for beside; its own listeners come on top of ours."""
    ours, advertised = f"PLAINTEXT://{address},CONTROLLER://{controller}", f"PLAINTEXT://{address}"
    also = f",{more['listeners']}" if "listeners" in more else ""
    return {
        "controller.quorum.voters": f"1@{controller}",
        **more,
        "listeners": ours + also,
        "advertised.listeners": advertised + also,
    }
