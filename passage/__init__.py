"""Passage: the passage of time as a fact on the log. This is the front door: what users import."""

from passage.scenario import Scenario, day_passes, days_pass, ticks_pass, workday_passes, workdays_pass
from passage_processors import App, AppError, Case, Policy, ProcessorError

__all__ = [
    "App",
    "AppError",
    "Case",
    "Policy",
    "ProcessorError",
    "Scenario",
    "day_passes",
    "days_pass",
    "ticks_pass",
    "workday_passes",
    "workdays_pass",
]
