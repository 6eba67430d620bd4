"""Java and Kafka's jars, which Maven fetches once: what it takes to run a Kafka without Docker.

The jars stay in a cache (`.kafka/` here, or $PASSAGE_CACHE).
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from passage_trial.errors import TrialError

KAFKA = "kafka-4.3.1"
POM = Path(__file__).with_name("pom.xml")
MAVEN = ("mvn", "-q", "-B", "dependency:copy-dependencies")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
OLDEST_JAVA = 17
FETCH_TIMEOUT_SECONDS = 600


def why_not() -> str | None:
    """The reason why a Java broker can't be started here; None if it can."""
    return why_no_jars(KAFKA)


def why_no_jars(name: str) -> str | None:
    """The reason why the jars called `name` can't be had or run here; None if they can."""
    java = _java()
    if java is None:
        return "there is no Java"
    major = _major(java)
    if major < OLDEST_JAVA:
        return f"Java is version {major}, older than {OLDEST_JAVA}"
    if shutil.which("mvn") is None and not (cache() / name).is_dir():
        return f"there is no Maven (mvn) to fetch {name} with"
    return None


def fetch_jars() -> Path:
    """The directory of Kafka's jars, fetched by Maven when it isn't there yet. Raises TrialError."""
    return fetch(KAFKA, POM)


def fetch(name: str, pom: Path) -> Path:
    """The directory, called `name` in the cache, of the jars this pom depends on. Raises TrialError."""
    jars = cache() / name
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="fetching-", ignore_cleanup_errors=True) as directory:
        project = Path(directory)
        shutil.copy(pom, project / "pom.xml")
        run(
            [*MAVEN, "-f", str(project / "pom.xml"), f"-DoutputDirectory={project / 'jars'}"],
            f"Maven could not fetch {name}; is there a network, or a mirror in ~/.m2/settings.xml?",
        )
        # Renamed when whole: a fetch that was interrupted leaves nothing that looks like the jars.
        if not jars.is_dir():
            (project / "jars").rename(jars)
    return jars


def command(jars: Path, *options: str) -> list[str]:
    """Java with Kafka on its class path; the main class and its arguments follow. Raises TrialError."""
    return [*java_command(*options), "-cp", f"{jars}/*"]


def java_command(*options: str) -> list[str]:
    """Java; what it is to run follows. Raises TrialError."""
    java = _java()
    if java is None:
        raise TrialError(f"there is no Java; install version {OLDEST_JAVA} or newer, or set JAVA_HOME")
    return [java, *options]


def run(arguments: list[str], complaint: str) -> None:
    """Raises TrialError, which begins with the complaint, when the program fails or does not end."""
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_SECONDS)
    except FileNotFoundError as error:
        raise TrialError(f"{complaint} ({arguments[0]} is not installed)") from error
    except subprocess.TimeoutExpired as error:
        raise TrialError(f"{complaint} (no end after {FETCH_TIMEOUT_SECONDS} s)") from error
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        raise TrialError(f"{complaint} (exit code {done.returncode}: {lines[0]})")


def copy(artifact: str, directory: Path, what: str) -> Path:
    """Have Maven put one file into an empty directory: `group:name:version:type[:classifier]`. Raises TrialError."""
    run(
        ["mvn", "-q", "-B", COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={directory}"],
        f"Maven could not fetch {what}; is there a network, or a mirror in ~/.m2/settings.xml?",
    )
    (copied,) = directory.iterdir()
    return copied


def cache() -> Path:
    """Where what was fetched once is kept."""
    return Path(os.environ.get("PASSAGE_CACHE") or ".kafka").resolve()


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    of_home = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    return of_home or shutil.which("java")


def _major(java: str) -> int:
    """17 of `openjdk version "17.0.15"`, 8 of `java version "1.8.0_292"`."""
    banner = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    numbers = re.search(r'version "(?:1\.)?(\d+)', banner)
    return int(numbers.group(1)) if numbers else 0
