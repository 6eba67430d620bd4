"""The steps for pytest-bdd in a run of pytest's own: a story that comes to something else is told by its line."""

import pytest

# Pytest forgets what a run in its own process has imported: what is here before, each run finds, and nothing twice.
from passage.cli.processors import app_argument  # noqa: F401
from tests.testing.test_plugin import APP

pytest_plugins = ["pytester", "passage.testing.steps"]


def test_what_is_wrong_is_told_under_the_line_that_says_it(pytester: pytest.Pytester) -> None:
    pytester.makefile(
        ".feature",
        wrong="""
Feature: Wrong
  Scenario: Misspelt
    Given an InvoiceWasSend of inv-1
  Scenario: Unfinished
    Given an InvoiceWasSent of inv-1
    When 30 days pass
    Then Nothing
  Scenario: One too many
    Given an InvoiceWasSent:
      | invoice |
      | inv-1   |
      | inv-2   |
    When 30 days pass
    Then InvoiceBecameOverdue of inv-1
""",
    )
    pytester.makeconftest('pytest_plugins = ["passage.testing.steps"]')
    pytester.syspathinsert()
    pytester.makepyfile(bdd_app=APP, test_wrong='from pytest_bdd import scenarios\nscenarios("wrong.feature")\n')
    pytester.makeini("[pytest]\npassage_app = bdd_app:app\n")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*wrong.feature:3: Given an InvoiceWasSend of inv-1",
            "no app here knows 'InvoiceWasSend'; did you mean 'InvoiceWasSent'?",
            "*wrong.feature:7: Then Nothing",
            "*nothing was expected, but InvoiceBecameOverdue(invoice='inv-1') followed",
            "*wrong.feature:14: Then InvoiceBecameOverdue of inv-1",
            "*nothing more was expected, but InvoiceBecameOverdue(invoice='inv-2') followed",
        ]
    )
