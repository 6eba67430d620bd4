"""The plugin in a run of pytest's own, as a user's suite has it: found by its entry point, cheap, and clear."""

import subprocess
import sys

import pytest

# Pytest forgets what a run in its own process has imported: what is here before, each run finds, and nothing twice.
from passage.cli.processors import app_argument  # noqa: F401

pytest_plugins = ["pytester"]


APP = """
from dataclasses import dataclass
from passage import App, Policy

@dataclass(frozen=True)
class InvoiceWasSent:
    invoice: str

@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str

app = App(
    "invoices", inputs={"billing": [InvoiceWasSent]}, output="billing.derived",
    policies=[Policy(name="overdue", starts_on=InvoiceWasSent, after=30, of="day.utc", emits=InvoiceBecameOverdue,
                     event=lambda case: InvoiceBecameOverdue(case.key))],
)
"""
TEST = """
from passage import days_pass, until
from {module} import InvoiceBecameOverdue, InvoiceWasSent

def test_overdue(scenario):
    scenario.given(InvoiceWasSent("inv-1"), days_pass(29)).when(days_pass(1)).then(InvoiceBecameOverdue("inv-{number}"))
"""


def suite(pytester: pytest.Pytester, module: str, number: int, ini: str) -> pytest.RunResult:
    """A user's directory with an app, a test of it and pytest's own file; run in this process."""
    pytester.syspathinsert()
    pytester.makepyfile(**{module: APP, f"test_{module}": TEST.format(module=module, number=number)})
    pytester.makeini(f"[pytest]\n{ini}\n")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")


def test_a_scenario_is_played_of_the_app_that_pytests_file_names(pytester: pytest.Pytester) -> None:
    suite(pytester, "plugin_told", 1, "passage_app = plugin_told:app").assert_outcomes(passed=1)


def test_a_failed_scenario_prints_its_story_under_the_users_own_line(pytester: pytest.Pytester) -> None:
    result = suite(pytester, "plugin_failing", 2, "passage_app = plugin_failing:app")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">   *scenario.given(InvoiceWasSent(*",
            "E   *InvoiceBecameOverdue followed, but with invoice 'inv-1' where 'inv-2' was expected",
            "E   *what happened*what followed*what was expected",
            "E   *given*2026-01-05 12:00*InvoiceWasSent",
            "E   *✗*2026-02-04 00:00*InvoiceBecameOverdue*InvoiceBecameOverdue",
        ]
    )
    result.stdout.no_fnmatch_line("*scenario/scenario.py*")


@pytest.mark.parametrize(
    ("module", "ini", "said"),
    [
        ("plugin_silent", "", "which app is tested? write passage_app = MODULE:APP into pytest's own file"),
        ("plugin_wrong", "passage_app = plugin_wrong:nobody", "passage_app: plugin_wrong:nobody: module plugin_wrong"),
    ],
)  # fmt: skip
def test_who_tests_no_app_is_told_in_one_line(pytester: pytest.Pytester, module: str, ini: str, said: str) -> None:
    result = suite(pytester, module, 1, ini)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{said}*"])


def test_the_plugin_imports_no_more_than_pytest_has() -> None:
    """It is loaded in every run of whoever has Passage installed."""
    told = "import sys, pytest; had = set(sys.modules); import passage.testing.plugin; print(*set(sys.modules) - had)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=300)
    assert sorted(done.stdout.split()) == ["passage", "passage.testing", "passage.testing.plugin"]


KAFKA = """
def test_there_is_one(kafka):
    assert kafka == "broker.test:9092"
"""


def test_the_kafka_of_a_test_is_the_one_that_the_environment_names(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(KAFKA)
    monkeypatch.setenv("PASSAGE_BOOTSTRAP", "broker.test:9092")
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist").assert_outcomes(passed=1)


def test_without_a_kafka_a_test_that_needs_one_fails_in_one_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(KAFKA)
    monkeypatch.delenv("PASSAGE_BOOTSTRAP", raising=False)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["a Kafka is needed: name one in PASSAGE_BOOTSTRAP, e.g. 127.0.0.1:9092"])
