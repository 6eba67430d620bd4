"""Ctrl-C while a command is still on its way in: it just ends, and shows nobody where its imports had come to."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 120.0

COMMAND = ("-c", "from passage.cli import main; main()")


@pytest.mark.parametrize(
    ("arguments", "importing"),
    [
        ((*COMMAND, "clock", "plan", "-c", "examples/overdue_invoices/clock.yaml"), "typer"),
        ((*COMMAND, "processors", "run", "examples.overdue_invoices:app"), "typer"),
        (("-m", "passage_trial"), "confluent_kafka"),
        (("-m", "examples.overdue_invoices.demo"), "structlog"),
        (("-m", "examples.overdue_invoices.listen"), "structlog"),
        (("-m", "examples.overdue_invoices.send", "invoice", "4711"), "structlog"),
        (("examples/overdue_invoices/subscriber.py",), "fastavro"),
        (("-m", "examples.telecom_ordering"), "structlog"),
        (("-m", "examples.three_ways"), "structlog"),
    ],
    ids=lambda value: " ".join(value[-3:]) if isinstance(value, tuple) else "",
)
def test_a_command_that_still_imports_ends_without_a_word(arguments: Sequence[str], importing: str) -> None:
    """`importing` is a module it has just imported, and others are to come."""
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=ROOT, env={"PATH": os.environ["PATH"]}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.split("|")[-1].strip() == importing:
                break
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=BOUND_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert [line for line in told.splitlines() if not line.startswith("import time:")] == []
    assert out == ""
    assert process.returncode == -signal.SIGINT
