"""Ports and waiting: what every broker a trial starts needs."""

import socket
from collections.abc import Callable
from time import monotonic, sleep

from passage_log.errors import Unreachable
from passage_log.kafka import KafkaLog
from passage_trial.errors import TrialError

LOOK_AGAIN_SECONDS = 0.1


def free_port(wanted: int | None = None) -> int:
    """`wanted`, if it is free, else any free one. Raises TrialError when the wanted one is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the broker itself binds: a port whose last connections are just dying down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise TrialError(
                f"port {wanted} on 127.0.0.1 is in use; stop what listens there, or choose another port "
                "(make kafka PORT=9192)"
            ) from error
        return int(probe.getsockname()[1])


def wait_until_it_answers(address: str, timeout_seconds: float, why_it_stopped: Callable[[], str | None]) -> None:
    """Until a broker at `address` tells its cluster's id. Raises TrialError when it stopped or the time is up."""
    deadline = monotonic() + timeout_seconds
    while not _accepts(address):
        _give_up_if(why_it_stopped(), address, deadline, timeout_seconds)
        sleep(LOOK_AGAIN_SECONDS)
    log = KafkaLog(address, connect_timeout_seconds=max(1.0, deadline - monotonic()))
    try:
        log.cluster_id()
    except Unreachable as error:
        raise TrialError(why_it_stopped() or str(error)) from error
    finally:
        log.close()


def _accepts(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _give_up_if(stopped: str | None, address: str, deadline: float, timeout_seconds: float) -> None:
    if stopped:
        raise TrialError(stopped)
    if monotonic() > deadline:
        raise TrialError(f"the Kafka started at {address} did not answer within {timeout_seconds:g} s")
