"""What can go wrong with what users write and with a value on the wire, and the root over the rooms' errors."""


class PassageError(Exception):
    """Something could not be done. The message says what was seen, where, and what would mend it."""


class ConfigError(PassageError):
    """A file is wrong. One line: file, line, field, what was seen, how to mend it."""


class SchemaError(PassageError, ValueError):
    """The value and its schema don't agree. The message says what was seen, where, and what would mend it."""


class Interrupted(Exception):
    """Something beside the value was needed to read or write it, and did not do its part. Nothing is known to be wrong
    with the value: don't refuse it, drop what was begun and come back. Raised together with the log's own errors."""
