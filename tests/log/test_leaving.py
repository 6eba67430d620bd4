"""Leaving a group ends, whatever the group has told the client meanwhile."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.log.world import BOUND_SECONDS


@pytest.mark.kafka
def test_members_that_have_not_heard_yet_that_they_were_thrown_out_can_leave(
    kafka_bootstrap: str, topic_name: Callable[..., str]
) -> None:
    arguments = [sys.executable, "-m", "tests.log.thrown_out", kafka_bootstrap, topic_name("left")]
    assert subprocess.run(arguments, timeout=2 * BOUND_SECONDS, check=False).returncode == 0


@pytest.mark.kafka
def test_what_is_closed_or_discarded_leaves_no_thread_of_the_client_behind(
    kafka_bootstrap: str, topic_name: Callable[..., str]
) -> None:
    arguments = [sys.executable, "-m", "tests.log.let_go", kafka_bootstrap, topic_name("let-go")]
    assert subprocess.run(arguments, timeout=3 * BOUND_SECONDS, check=False).returncode == 0
