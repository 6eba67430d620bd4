"""What can be refused and why: a fact or an answer that can't be folded, and whatever a user's own code raises.

An error is told in one line, whatever it is made of; what says nothing of its cause is passed on.
"""

from collections.abc import Sequence

from passage_processors.errors import Impure
from passage_schemas.errors import Interrupted, SchemaError

RAISED = BaseException
"""What a user's own code may raise: anything, an exit and a cancellation too. It costs one cause, and the stream goes
on."""

NOT_THEIRS = (Impure, Interrupted, KeyboardInterrupt)
"""But for these, which say nothing of the cause and are no answer: the worker drops the step, or ends."""

MOST_SAID = 2_000
"""Characters of a reason: what a person reads, and no error can make a letter too large for its topic."""


class RefusedFact(ValueError):
    """This fact or answer can't be folded, for a reason of its own. The message says what, and how to mend it."""


def said(error: BaseException, ours: Sequence[type[Exception]] = (SchemaError, RefusedFact)) -> str:
    """An error in one line: ours already say what, where and how to mend it. Never raises, whatever the error is made
    of: its class is asked nothing, and its words only so that it does not matter what they do."""
    kind = type(error)
    try:
        text = shortened(" ".join(str(error).split())) or "no message"
    except KeyboardInterrupt:
        raise
    except RAISED as another:
        text = f"it has no words: its __str__ raised {_NAME_OF(type(another))}"
    return text if issubclass(kind, tuple(ours)) else f"{_NAME_OF(kind)}: {text}"


_NAME_OF = type.__dict__["__name__"].__get__
"""Past a metaclass that has a name of its own making."""


def shortened(text: str) -> str:
    """As text that can be written anywhere: no halves of characters, and no more than a person reads."""
    return text[:MOST_SAID].encode(errors="backslashreplace").decode()
