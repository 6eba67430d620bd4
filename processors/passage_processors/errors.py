"""What can go wrong in a processor, by what the caller must do about it."""

from passage_schemas.errors import PassageError


class ProcessorError(PassageError):
    """The processor can't go on. The message says what was seen, where, and what would mend it."""


class AppError(ProcessorError):
    """The app, as written, can't work: raised when it is built, before the first fact."""


class Stopped(ProcessorError):
    """The worker stopped itself rather than go on writing what nobody wants (`on_error="stop"`, too many refusals)."""


class Impure(AppError):
    """A function of the app's gave two answers to one question: a replay would give a third."""
