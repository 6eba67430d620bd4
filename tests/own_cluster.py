"""Brokers of a test's own, to be stopped, killed and started again. A test that needs them and has none fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from passage_trial import java
from passage_trial.cluster import Cluster, cluster


@contextmanager
def own_cluster(brokers: int) -> Iterator[Cluster]:
    os.environ.setdefault("PASSAGE_CACHE", str(Path(__file__).parents[1] / ".kafka"))
    problem = java.why_not()
    if problem is not None:
        pytest.fail(f"brokers that can be stopped are needed, and {problem}", pytrace=False)
    with cluster(brokers) as running:
        yield running
