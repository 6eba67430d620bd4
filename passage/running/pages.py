"""The pages a long-running command shows on its `--metrics-port`.

`/healthz`  200 while the process lives, else 503 and a line: why not. For whoever restarts it.
`/readyz`   200 while it does its part, or could, and what it waits for; else 503 and a line: why not. For whoever
            waits for it.
`/metrics`  for Prometheus.

What lives and what is ready is decided in the rooms; here it is asked for, from the server's threads.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from passage.errors import CommandError

TEXT = "text/plain; charset=utf-8"


class Health(Protocol):
    """Each in a line; None when all is well."""

    def why_not_alive(self) -> str | None: ...
    def why_not_ready(self) -> str | None: ...


class Pages:
    """A port that is ours from here on, though nobody is answered before `show`. `host`: all addresses by default; port
    0: one of the system's choice. Raises CommandError when it can't be had."""

    def __init__(self, port: int, host: str = "") -> None:
        try:
            self._server = _Server((host or "0.0.0.0", port), BaseHTTPRequestHandler)
        except OSError as error:
            raise CommandError(f"metrics port {port}: {error.strerror or error}; choose another port") from error

    def show(self, registry: CollectorRegistry, health: Health, but: Callable[[], str | None] = lambda: None) -> int:
        """Answer until the process ends; the port. `but`: what is waited for, in a line, though nothing is wrong."""
        self._server.RequestHandlerClass = _page(registry, health, but)
        threading.Thread(target=self._server.serve_forever, name="pages", daemon=True).start()
        return int(self._server.server_address[1])


def _page(registry: CollectorRegistry, health: Health, but: Callable[[], str | None]) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                encode, kind = choose_encoder(self.headers.get("Accept", ""))
                self._answer(200, kind, encode(registry))
            elif path in ("/healthz", "/readyz"):
                why_not = health.why_not_alive() if path == "/healthz" else health.why_not_ready()
                self._answer(200 if why_not is None else 503, TEXT, f"{why_not or self._ok()}\n".encode())
            else:
                self._answer(404, TEXT, b"there are /metrics, /healthz and /readyz\n")

        def _ok(self) -> str:
            waits = but()
            return "ok" if waits is None else f"ok, but {waits}"

        def _answer(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """A probe every few seconds is no news."""

    return Page


class _Server(ThreadingTCPServer):
    """Not http.server's own, which looks up the host's name when it starts and may wait for that."""

    allow_reuse_address = True
    daemon_threads = True
