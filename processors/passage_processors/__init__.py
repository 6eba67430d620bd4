"""The count: processors that wait for ticks, and say what follows."""

from passage_processors.app import App
from passage_processors.errors import AppError, ProcessorError
from passage_processors.model.policy import Case, Policy
from passage_processors.model.process import (
    Cancel,
    Effects,
    Emit,
    End,
    Mark,
    Moment,
    Process,
    Remember,
    Wake,
    on,
    starts_on,
    wakes,
)
from passage_processors.model.report import Passed, Report
from passage_processors.model.ticks import full_days
from passage_processors.runtime.worker import Worker

__all__ = [
    "App",
    "AppError",
    "Cancel",
    "Case",
    "Effects",
    "Emit",
    "End",
    "Mark",
    "Moment",
    "Passed",
    "Policy",
    "Process",
    "ProcessorError",
    "Remember",
    "Report",
    "Wake",
    "Worker",
    "full_days",
    "on",
    "starts_on",
    "wakes",
]
