"""Whether this worker lives, and whether it does its part: for whoever restarts it or waits for it.

`/healthz`  200 while the loop turns. A broker that is down is no reason to restart a worker: turns may take long.
`/readyz`   200 while its tasks are restored, or it stands by for others'; else 503 and a line: why.
`/metrics`  for Prometheus.

Refuses to touch the worker: it is asked by the server's thread, and reads plain values only.
"""

import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from passage_processors.errors import ProcessorError
from passage_processors.runtime.worker import Stage

# A turn may hold a look at the gate (5 s), a writer's opening and a commit, each as long as a client may be asked to
# wait for a broker (30 s).
STALLED_SECONDS = 90.0

TEXT = "text/plain; charset=utf-8"

WHY_NOT_READY: dict[Stage, str] = {
    "joining": "joining: the ticks there are have not been read yet",
    "restoring": "restoring: reading its tasks' state from the changelog",
}


class Watched(Protocol):
    """What health asks of a worker."""

    @property
    def stage(self) -> Stage: ...
    @property
    def turned_at(self) -> float: ...
    def monotonic(self) -> float: ...


class Health:
    """Asked from another thread than the worker's."""

    def __init__(self, worker: Watched) -> None:
        self._worker = worker

    def why_not_alive(self) -> str | None:
        seconds = self._worker.monotonic() - self._worker.turned_at
        return f"no turn for {seconds:.0f} s" if seconds > STALLED_SECONDS else None

    def why_not_ready(self) -> str | None:
        return self.why_not_alive() or WHY_NOT_READY.get(self._worker.stage)


def serve(port: int, host: str, registry: CollectorRegistry, health: Health) -> int:
    """Answer on `host` until the process ends; the port, of the system's choice for 0. Raises ProcessorError when it
    can't be had."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                encode, kind = choose_encoder(self.headers.get("Accept", ""))
                self._answer(200, kind, encode(registry))
            elif path in ("/healthz", "/readyz"):
                why_not = health.why_not_alive() if path == "/healthz" else health.why_not_ready()
                self._answer(200 if why_not is None else 503, TEXT, f"{why_not or 'ok'}\n".encode())
            else:
                self._answer(404, TEXT, b"there are /metrics, /healthz and /readyz\n")

        def _answer(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """A probe every few seconds is no news."""

    try:
        server = _Server((host or "0.0.0.0", port), Page)
    except OSError as error:
        raise ProcessorError(f"metrics port {port}: {error.strerror or error}; choose another port") from error
    threading.Thread(target=server.serve_forever, name="pages", daemon=True).start()
    return int(server.server_address[1])


class _Server(ThreadingTCPServer):
    """Not http.server's own, which looks up the host's name when it starts and may wait for that."""

    allow_reuse_address = True
    daemon_threads = True
