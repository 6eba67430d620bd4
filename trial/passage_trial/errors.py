"""What may go wrong with a broker or a database that is only there to try things on."""

from passage_log.errors import LogError


class TrialError(LogError):
    """No log to try things on can be had as asked. The message says what is missing and how to get it."""


class NoPostgres(TrialError):
    """There is none, or it does not start. The message says what would mend it."""
