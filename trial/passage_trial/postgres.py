"""A real PostgreSQL to try things on: one server on an empty directory, reached over a socket in it, gone afterwards.

Its programs are those installed here (Debian's package `postgresql`), else Maven fetches them once, into the cache that
Kafka's jars are in. Refuses to touch a database that is there already: no TCP port is opened, nothing is kept.
PASSAGE_POSTGRES names one of your own instead, as a libpq connection string.
"""

import os
import platform
import shutil
import signal
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg

from passage_trial.errors import NoPostgres, TrialError
from passage_trial.jars import cache, copy
from passage_trial.server import die_with_parent

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.05

VERSION = "15.12.0"
"""Of what is fetched: PostgreSQL 15, by zonky.io, who package its programs for tests."""
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64v8", "arm64": "arm64v8"}
NAME_ONE = "install Debian's package postgresql, or name a server of yours in PASSAGE_POSTGRES"


def programs() -> Path | None:
    """Where the newest PostgreSQL's programs are that are installed: Debian keeps them out of the PATH."""
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if installed:
        return max(installed, key=lambda path: int(path.parent.name))
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


def fetch() -> Path:
    """The programs' archive, fetched by Maven when it isn't there yet (14 MB). Raises NoPostgres."""
    kind = f"{platform.system().lower()}-{MACHINES.get(platform.machine().lower(), platform.machine())}"
    archive = cache() / f"postgres-{VERSION}-{kind}.jar"
    if archive.is_file():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="fetching-", ignore_cleanup_errors=True) as directory:
        artifact = f"io.zonky.test.postgres:embedded-postgres-binaries-{kind}:{VERSION}:jar"
        try:
            copy(artifact, Path(directory), f"PostgreSQL {VERSION}").rename(archive)
        except TrialError as error:
            raise NoPostgres(f"no PostgreSQL here: {error}; {NAME_ONE}") from error
    return archive


def unpack(archive: Path, home: Path) -> Path:
    """Where the programs are then: beside the data, for the server's user must be able to read them."""
    with zipfile.ZipFile(archive) as jar:
        (name,) = (name for name in jar.namelist() if name.endswith(".txz"))
        with jar.open(name) as inside, tarfile.open(fileobj=inside, mode="r|xz") as packed:
            packed.extractall(home / "programs", filter="data")
    return home / "programs" / "bin"


@contextmanager
def postgres(*settings: str) -> Iterator[str]:
    """A connection string, until the block ends: PASSAGE_POSTGRES if it is set, else a server started for us, with
    `settings` such as `fsync=off`. Raises NoPostgres."""
    given = os.environ.get("PASSAGE_POSTGRES")
    if given:
        yield given
        return
    # Not pytest's directories nor a long TMPDIR: a socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="passage-pg-", dir="/tmp", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        bin_ = programs() or unpack(fetch(), home)
        user = _unprivileged(home)
        _run([str(bin_ / "initdb"), "--auth=trust", "--username=passage", "--encoding=UTF8", "--no-locale",
              f"--pgdata={home / 'data'}"], user)  # fmt: skip
        with (home / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [str(bin_ / "postgres"), "-D", str(home / "data"), "-k", str(home),
                 *(part for setting in ("listen_addresses=", *settings) for part in ("-c", setting))],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home, user=user,
                # Its own group: a Ctrl-C at the terminal is for us, and we stop it in order.
                start_new_session=True, preexec_fn=die_with_parent(signal.SIGQUIT),
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
