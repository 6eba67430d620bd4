"""What can go wrong with the log, by what the caller must do about it."""

from passage_schemas.errors import PassageError


class LogError(PassageError):
    """The log could not do what was asked. The message says what was seen, where, and what would mend it."""


class Unreachable(LogError):
    """No broker answered within the time given. Mend the address or the network, then start again."""


class Unfit(LogError):
    """A topic or a setting is not as it must be. An operator has to change it; trying again won't help."""


class Refused(LogError):
    """The log refused one record (too large, too far in the future). The record is at fault, the writer lives on."""


class Fenced(LogError):
    """A newer writer holds this transactional id, or the group has moved on. Stop writing, drop memory, stand by."""


class WriterLost(LogError):
    """The transaction failed or its outcome is unknown. Throw the writer away, restore from the log, then go on."""


class Truncated(LogError):
    """The records asked for are no longer on the log. What was there can't be read: raise the topic's retention."""
