"""Passage: the passage of time as a fact on the log. This is the front door: what users import."""

from passage_processors import App, AppError, Case, Policy, ProcessorError

__all__ = ["App", "AppError", "Case", "Policy", "ProcessorError"]
