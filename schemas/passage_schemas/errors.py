"""What can go wrong with a value on the wire."""


class SchemaError(ValueError):
    """The value and its schema don't agree. The message says what was seen, where, and what would mend it."""
