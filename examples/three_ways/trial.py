"""A real PostgreSQL to try things on: one server on an empty directory, reached over a socket in it, gone afterwards.

Needs Debian's package `postgresql` (its programs, not its service). Refuses to touch a database that is there already:
no TCP port is opened, nothing is kept. PASSAGE_POSTGRES names one of your own instead, as a libpq connection string.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.05
PR_SET_PDEATHSIG = 1

INSTALL = "apt-get update && apt-get install --yes --no-install-recommends postgresql"


class NoPostgres(Exception):
    """There is none, or it does not start. The message says what would mend it."""


def programs() -> Path | None:
    """Where the newest PostgreSQL's programs are: Debian keeps them out of the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


def install() -> None:
    """Installs Debian's packages, and says so. Raises NoPostgres where that can't be done."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoPostgres(f"no PostgreSQL here; install it (as root: {INSTALL}) or name one in PASSAGE_POSTGRES")
    print(f"no PostgreSQL here, so it is installed from Debian's packages: {INSTALL}", file=sys.stderr, flush=True)
    # RUNLEVEL=1: Debian's own service, on port 5432, is not started by being installed. We want only the programs.
    done = subprocess.run(
        ["sh", "-c", INSTALL], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoPostgres(f"PostgreSQL could not be installed: {(done.stderr or done.stdout).strip()[-300:]}")


@contextmanager
def postgres() -> Iterator[str]:
    """A connection string, until the block ends: PASSAGE_POSTGRES if it is set, else a server started for us.
    Raises NoPostgres."""
    given = os.environ.get("PASSAGE_POSTGRES")
    if given:
        yield given
        return
    bin_ = programs()
    if bin_ is None:
        raise NoPostgres(f"no PostgreSQL here; install it (as root: {INSTALL}) or name one in PASSAGE_POSTGRES")
    # Not pytest's directories nor a long TMPDIR: a socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="passage-pg-", dir="/tmp", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        user = _unprivileged(home)
        _run([str(bin_ / "initdb"), "--auth=trust", "--username=passage", "--encoding=UTF8", "--no-locale",
              f"--pgdata={home / 'data'}"], user)  # fmt: skip
        with (home / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [str(bin_ / "postgres"), "-D", str(home / "data"), "-k", str(home), "-c", "listen_addresses="],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home, user=user,
                # Its own group: a Ctrl-C at the terminal is for us, and we stop it in order.
                start_new_session=True, preexec_fn=_die_with_parent(),
            )  # fmt: skip
        try:
            where = f"host={home} user=passage dbname=postgres"
            _wait_until_it_answers(where, server, home / "server.log")
            yield where
        finally:
            _stop(server)


def _unprivileged(home: Path) -> str | None:
    """PostgreSQL refuses to be root, so root's server runs as Debian's user for it (or nobody). None: as we are."""
    if os.geteuid() != 0:
        return None
    user = "postgres" if _there_is("postgres") else "nobody"
    shutil.chown(home, user)
    return user


def _there_is(user: str) -> bool:
    return subprocess.run(["id", "-u", user], capture_output=True, check=False).returncode == 0


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd="/")
    if done.returncode:
        raise NoPostgres(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-300:]}")


def _wait_until_it_answers(where: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = monotonic() + START_TIMEOUT_SECONDS
    while True:
        if server.poll() is not None:
            raise NoPostgres(f"PostgreSQL stopped: {log.read_text('utf-8', 'replace').strip()[-300:]}")
        try:
            psycopg.connect(where).close()
            return
        except psycopg.OperationalError as error:
            if monotonic() > deadline:
                raise NoPostgres(f"PostgreSQL did not answer within {START_TIMEOUT_SECONDS:g} s: {error}") from error
        sleep(LOOK_AGAIN_SECONDS)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """SIGINT is PostgreSQL's fast shutdown; SIGQUIT for one that does not end in time (never SIGKILL: it would leave
    its children and shared memory behind)."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(STOP_TIMEOUT_SECONDS)


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux the kernel stops the server if we are killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
