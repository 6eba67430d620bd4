"""Records made of hostile bytes in every place are each folded or refused, on a real Kafka, and the stream goes on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.processors.hostile import FORMATS, GOOD

pytestmark = pytest.mark.kafka

BOUND_SECONDS = 300


@pytest.mark.parametrize("kind", FORMATS)
def test_a_worker_accounts_for_every_record_whatever_it_is_made_of(
    kafka_bootstrap: str, topic_name: Callable[..., str], kind: str
) -> None:
    seen = _in_a_process_of_its_own(kafka_bootstrap, topic_name("hostile"), kind)
    assert (seen["folded"], seen["behind"]) == (seen["sent"], 0)
    assert {f"inv-{number * seen['sent_each']}" for number in range(GOOD)} <= set(seen["derived"])
    assert seen["letters"] == sorted(set(seen["letters"]))
    assert not set(seen["letters"]) & set(seen["tombstones"])
    assert seen["unreadable"] > 0
    assert seen["headers_read"] == seen["headers_sent"]
    assert seen["histories"] > 0
    assert seen["schedules"] == [20]
    assert seen["is_replayed"]


def _in_a_process_of_its_own(bootstrap: str, prefix: str, kind: str) -> dict[str, Any]:
    made = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.processors.hostile", bootstrap, prefix, kind],
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"},
        capture_output=True, text=True, timeout=BOUND_SECONDS, check=False,
    )  # fmt: skip
    assert made.returncode == 0, f"ended with {made.returncode}: {made.stderr[-3000:]}"
    told: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return told
