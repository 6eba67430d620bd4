"""A question to the log, put beside the turn: an answer may take as long as a client waits for one, and a group shares
out nothing while a member of it does not poll.

Refuses to say when it is time to ask, and what came of it: both are the asker's.
"""

from collections.abc import Callable
from threading import Thread


class Aside:
    """`question` asks, and keeps what it hears; it runs in a thread of its own, one at a time."""

    def __init__(self, name: str, question: Callable[[], None]) -> None:
        self._name = name
        self._question = question
        self._asking: Thread | None = None

    def ask(self) -> bool:
        """False: it is being asked still."""
        if self._asking is not None and self._asking.is_alive():
            return False
        self._asking = Thread(target=self._question, name=self._name, daemon=True)
        self._asking.start()
        return True
