"""What is wrong with what a command was asked: neither the clock's fault, nor the app's, nor the log's."""

from passage_schemas.errors import PassageError


class CommandError(PassageError):
    """An option, an argument or a place it names can't be had so. The message says which, and what would do."""
