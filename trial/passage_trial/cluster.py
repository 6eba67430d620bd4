"""Several real brokers on this machine, each of which can be killed and started again on its own data.

Every process is broker and controller at once, topics are kept by three where there are three, and a write counts when
two have it: the least that survives the loss of any one. For fault tests; it refuses to be a way to run Kafka.
"""

import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from passage_trial.network import free_port, wait_until_it_answers
from passage_trial.server import Server, new_cluster_id, stop_all

START_TIMEOUT_SECONDS = 120

CLUSTERED: Mapping[str, str] = {
    # A broker that was killed and comes back leads again what it led only when asked; the tests want no such luck.
    "auto.leader.rebalance.enable": "false",
    # How soon the controller takes a broker that is silent for dead. By default nine seconds and two.
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
    # How soon a replica that hangs no longer holds back the writes of the others. By default thirty seconds.
    "replica.lag.time.max.ms": "10000",
}


class Cluster:
    """Running brokers, by number: 0, 1, 2. `bootstrap` names all of them."""

    def __init__(self, servers: list[Server], addresses: list[str]) -> None:
        self._servers = servers
        self._addresses = addresses

    @property
    def bootstrap(self) -> str:
        return ",".join(self._addresses)

    @property
    def numbers(self) -> range:
        return range(len(self._servers))

    def kill(self, number: int) -> None:
        """kill -9. Its data directory stays as it is."""
        self._servers[number].kill()

    def pause(self, number: int) -> None:
        """SIGSTOP: connections stay, and nobody answers. `kill` ends it all the same."""
        self._servers[number].pause()

    def resume(self, number: int) -> None:
        """It goes on, after a pause."""
        self._servers[number].resume()

    def stop(self, number: int) -> None:
        """SIGTERM, as in a rolling restart: it hands its leaderships over first. One that does not end is killed."""
        self._servers[number].stop()

    def restart(self, number: int) -> None:
        """Start one that was killed or stopped on its own data; does not wait for it: `wait_for` does."""
        self._servers[number].start()

    def wait_for(self, number: int) -> None:
        """Until this broker answers. Raises TrialError when it stopped or takes too long."""
        wait_until_it_answers(self._addresses[number], START_TIMEOUT_SECONDS, self._servers[number].why_it_stopped)


@contextmanager
def cluster(brokers: int = 3, settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Brokers that answer, until the block ends. `settings` are server properties for every one. Raises TrialError."""
    with tempfile.TemporaryDirectory(prefix="passage-cluster-", ignore_cleanup_errors=True) as directory:
        addresses = [f"127.0.0.1:{free_port()}" for _ in range(brokers)]
        controllers = [f"127.0.0.1:{free_port()}" for _ in range(brokers)]
        servers = [
            Server(
                Path(directory) / str(number),
                {
                    **replicated(brokers),
                    **CLUSTERED,
                    "node.id": str(number),
                    "listeners": f"PLAINTEXT://{addresses[number]},CONTROLLER://{controllers[number]}",
                    "advertised.listeners": f"PLAINTEXT://{addresses[number]}",
                    "controller.quorum.voters": ",".join(f"{n}@{address}" for n, address in enumerate(controllers)),
                    **(settings or {}),
                },
            )
            for number in range(brokers)
        ]
        identity = new_cluster_id()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.format(identity), servers))
        running = Cluster(servers, addresses)
        try:
            for server in servers:
                server.start()
            for number in running.numbers:
                running.wait_for(number)
            yield running
        finally:
            stop_all(servers)


def replicated(brokers: int) -> dict[str, str]:
    """Every topic on up to three brokers; a write counts when all but one of them have it."""
    copies = min(brokers, 3)
    enough = str(max(1, copies - 1))
    return {
        "default.replication.factor": str(copies),
        "min.insync.replicas": enough,
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": enough,
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": enough,
    }
