"""Whether this candidate lives, and whether it can take over: for whoever restarts it or waits for it.

`/healthz`  200 while the loop steps. A broker that is down is no reason to restart a clock, so its steps may take long.
`/readyz`   200 in office, or standing by with everything readable read and fit to lead; else 503 and a line: why.
`/metrics`  for Prometheus.

Refuses to touch the clock: it is told by the clock's thread and asked by the server's, and keeps plain values only.
"""

import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from passage_clock.errors import ClockError
from passage_clock.leading.leadership import Leadership, Stage
from passage_clock.leading.observer import Quiet
from passage_clock.wall import Wall

# Longer than the longest time a Kafka client may be asked to wait for a broker (30 s), twice in one step.
STALLED_SECONDS = 90.0

TEXT = "text/plain; charset=utf-8"

WHY_NOT_READY = {
    Stage.OPENING: "taking office: waiting for the fence",
    Stage.MARKING: "taking office: writing the barrier",
    Stage.READING: "taking office: reading up to the barrier",
    Stage.SETTLING: "taking office: recording the schedules",
    Stage.HELD: "in office, but this machine's clock is ahead of the broker's: publishing nothing",
    Stage.BACKING_OFF: "the log failed this candidate; it will try again in a moment",
    Stage.FENCED: "a newer leader's fence was met; standing back for it",
    Stage.REFUSING: "the log has seen newer configuration or data; bring this replica up to date",
    Stage.STOPPED: "stopped",
}


class Health(Quiet):
    """An observer."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._stage = Stage.STANDING_BY
        self._stepped_at = wall.monotonic()
        self._has_reached_the_log = False
        self._outdated: str | None = None

    def moved(self, before: Leadership, after: Leadership) -> None:
        del before
        self._stage = after.stage

    def stepped(self, monotonic: float, has_reached_the_log: bool) -> None:
        self._stepped_at, self._has_reached_the_log = monotonic, has_reached_the_log

    def outdated(self, why: str | None) -> None:
        self._outdated = why

    def why_not_alive(self) -> str | None:
        seconds = self._wall.monotonic() - self._stepped_at
        return f"no step for {seconds:.0f} s" if seconds > STALLED_SECONDS else None

    def why_not_ready(self) -> str | None:
        stage = self._stage
        if stage is Stage.STANDING_BY and not self._has_reached_the_log:
            return "standing by, but the log has not been read to its end yet"
        if stage is Stage.STANDING_BY and self._outdated is not None:
            return f"standing by, but it may not lead: {self._outdated}; bring this replica up to date"
        return self.why_not_alive() or WHY_NOT_READY.get(stage)


def serve(port: int, host: str, registry: CollectorRegistry, health: Health) -> int:
    """Answer on `host` until the process ends; the port, of the system's choice for 0. Raises ClockError when it can't
    be had."""

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
        raise ClockError(f"metrics port {port}: {error.strerror or error}; choose another port") from error
    threading.Thread(target=server.serve_forever, name="pages", daemon=True).start()
    return int(server.server_address[1])


class _Server(ThreadingTCPServer):
    """Not http.server's own, which looks up the host's name when it starts and may wait for that."""

    allow_reuse_address = True
    daemon_threads = True
