"""`passage clock schema`: the JSON Schema of the configuration, for editors."""

from passage_clock.config import schema_text


def schema() -> None:
    """Print the configuration's JSON Schema, for editors.

    It is the published one: a file it refuses, the clock refuses too."""
    print(schema_text(), end="")
