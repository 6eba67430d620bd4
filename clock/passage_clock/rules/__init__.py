"""What names occurrences: one module for each way of saying when."""

from passage_clock.rules.rule import Occurrence, Rule

__all__ = ["Occurrence", "Rule"]
