"""What names occurrences: one module for each way of saying when. Pure.

    by the zone's clock     periods, fiscal
    by days                 days, of the sets that `dayset` has
    by an expression        cron, recurring (RRULE, whose civil times `intervals` names)
    by somebody's doors     hours of a company, sessions of a market
    by other rules          nth, composed, filtered

    civil times ──> moments ──> instants: what becomes of a time that a zone skips, or has twice

Read `rule` first: what holds for each of them, and is tested for each. Then any one; those made of other rules know
these only as rules.
"""

from passage_clock.rules.rule import Occurrence, Rule

__all__ = ["Occurrence", "Rule"]
