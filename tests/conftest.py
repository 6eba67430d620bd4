"""What all tests share: one Kafka for the whole session, started only when a test asks for it.

A test that needs a Kafka and can't have one fails. It is never skipped: a suite that passes without a broker would
say that the platform works on Kafka when nobody looked.
"""

import os
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from passage_log.kafka import KafkaLog
from passage_trial import TrialError, docker, java
from passage_trial import registry as trial_registry
from passage_trial.network import free_port, wait_until_it_answers

# No example is judged by the time it took: machines are shared, and a slow moment is no counterexample.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# What Maven fetches is kept beside the sources, wherever the tests are started from.
_CACHE = str(Path(__file__).parents[1] / ".kafka")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: files go to workers whole, and at the end the others would wait two minutes for it."""
    items.sort(key=lambda item: item.path.parent.name != "simulation")


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    """For pytest-docker: the broker a trial runs, too."""
    return str(docker.COMPOSE_FILE)


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a real Kafka: PASSAGE_BOOTSTRAP if it is set, else one in Docker, else one from Maven's jars."""
    given = os.environ.get("PASSAGE_BOOTSTRAP")
    if given:
        yield given
    elif docker.why_not() is None:
        yield _in_docker(request)
    else:
        yield from _as_a_process()


@pytest.fixture(scope="session")
def registry_address() -> Iterator[str]:
    """The address of a real schema registry: PASSAGE_REGISTRY if it is set, else Apicurio, from Maven."""
    given = os.environ.get("PASSAGE_REGISTRY")
    if given:
        yield given
        return
    os.environ.setdefault("PASSAGE_CACHE", _CACHE)
    try:
        with trial_registry.registry() as address:
            yield address
    except TrialError as error:
        pytest.fail(f"a schema registry is needed: {error}", pytrace=False)


def _in_docker(request: pytest.FixtureRequest) -> str:
    port = free_port()
    os.environ.update(docker.variables(port))
    # Asked for by name, so that nobody needs Docker who has another Kafka.
    request.getfixturevalue("docker_services")
    wait_until_it_answers(f"127.0.0.1:{port}", docker.START_TIMEOUT_SECONDS, lambda: None)
    return f"127.0.0.1:{port}"


def _as_a_process() -> Iterator[str]:
    os.environ.setdefault("PASSAGE_CACHE", _CACHE)
    problem = java.why_not()
    if problem is not None:
        pytest.fail(
            f"a Kafka is needed: {docker.why_not()} and {problem}; name one in PASSAGE_BOOTSTRAP", pytrace=False
        )
    try:
        with java.broker() as bootstrap:
            yield bootstrap
    except TrialError as error:
        pytest.fail(f"a Kafka is needed: {error}", pytrace=False)


@pytest.fixture
def kafka_log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    log = KafkaLog(kafka_bootstrap)
    yield log
    log.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A scheduler that can't be run beside its importer here is skipped, and told in the end in capitals."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = {str(one.longrepr[2]).removeprefix("Skipped: ") for one in skipped if isinstance(one.longrepr, tuple)}
    for reason in sorted(one for one in reasons if "NOT TESTED" in one):
        terminalreporter.write_line(reason)


_topics_named = count(1)


@pytest.fixture
def topic_name(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Makes names of topics and groups that no other test and no earlier run has used."""
    test = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
    return lambda base="topic": f"{base}.{test}.{os.getpid()}.{next(_topics_named)}"
