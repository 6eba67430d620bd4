"""The count: processors that wait for ticks, and say what follows."""

from passage_processors.app import App
from passage_processors.core.policy import Case, Policy
from passage_processors.errors import AppError, ProcessorError
from passage_processors.runtime.worker import Worker

__all__ = ["App", "AppError", "Case", "Policy", "ProcessorError", "Worker"]
