"""Tests that read like the business: given these facts and these days, then this event.

    Scenario(app).given(CustomerWasInvoiced("inv-1"), days_pass(29)).when(day_passes()).then(
        InvoiceBecameOverdue("inv-1")
    )

    passing    the words for time: days_pass, until
    facts      the word for facts that stand in a file
    world      the real clock and the real workers, on the log in memory: what passes here passes on Kafka
    story      what happened, as a table: what a failed assertion prints
    scenario   given, when, then: read it first

Refuses to know what time it is: it stands still but for `days_pass` and its like, which publish every tick between.
"""

from passage.scenario.facts import facts_from
from passage.scenario.passing import (
    Passing,
    day_passes,
    days_pass,
    ticks_pass,
    until,
    workday_passes,
    workdays_pass,
)
from passage.scenario.scenario import MONDAY_NOON, Scenario

__all__ = [
    "MONDAY_NOON",
    "Passing",
    "Scenario",
    "day_passes",
    "days_pass",
    "facts_from",
    "ticks_pass",
    "until",
    "workday_passes",
    "workdays_pass",
]
