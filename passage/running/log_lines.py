"""How the log lines of a running clock or worker look, and where they go: standard error, lines for a person at a
terminal, JSON where something else reads them. Standard output is for answers.
"""

import logging
import os
import sys
from typing import TextIO, cast

import structlog

from passage.errors import CommandError
from passage_schemas.given.did_you_mean import did_you_mean

LEVEL_VARIABLE = "PASSAGE_LOG_LEVEL"

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def tell_logs(*more: structlog.typing.Processor, is_brief: bool = False) -> None:
    """Structured logs on standard error, `PASSAGE_LOG_LEVEL` and up: by default INFO, of a command that only answers a
    question (`is_brief`) WARNING. `more` processors come first. Raises CommandError."""
    level = log_level(os.environ.get(LEVEL_VARIABLE, ""), logging.WARNING if is_brief else logging.INFO)
    for_people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            *more,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=not is_brief,
    )


def log_level(given: str, default: int) -> int:
    """Raises CommandError for a word that is no level."""
    word = given.strip().upper()
    if word and word not in LEVELS:
        raise CommandError(f"{LEVEL_VARIABLE}={given}: there is no such level; {did_you_mean(word, LEVELS)}")
    return logging.getLevelNamesMapping()[word] if word else default


class _StandardError:
    """What is standard error when a line is written: a progress bar puts itself in its place, to stay below."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()
