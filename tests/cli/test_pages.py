"""The pages behind --metrics-port, as Prometheus and a cluster's probes ask for them."""

import socket
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest
from prometheus_client import CollectorRegistry, Gauge

from passage.errors import CommandError
from passage.running.pages import Pages


@dataclass
class Health:
    """What a room would say of its loop."""

    dead: str | None = None
    unready: str | None = None

    def why_not_alive(self) -> str | None:
        return self.dead

    def why_not_ready(self) -> str | None:
        return self.unready


def answer(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def test_one_port_answers_for_metrics_life_and_readiness() -> None:
    registry, health = CollectorRegistry(), Health(unready="restoring")
    Gauge("leader", "1 while in office", registry=registry).set(1)
    port = Pages(0, "127.0.0.1").show(registry, health)
    assert answer(port, "/healthz") == (200, "ok\n")
    assert answer(port, "/readyz") == (503, "restoring\n")

    health.dead, health.unready = "no turn for 91 s", None

    assert answer(port, "/healthz") == (503, "no turn for 91 s\n")
    assert answer(port, "/readyz?verbose") == (200, "ok\n")
    status, body = answer(port, "/metrics")
    assert (status, "leader 1.0" in body) == (200, True)
    assert answer(port, "/") == (404, "there are /metrics, /healthz and /readyz\n")


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"metrics port {port}: .*; choose another port"):
            Pages(port, "127.0.0.1")
