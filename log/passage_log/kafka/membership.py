"""Whether a group still knows a member that owns nothing: the group itself is asked, by another client, aside.

Behind a broker's restart a client may be in no group for as long as anybody looked on, while that broker answers
others (both workers of a test at once, behind one of 87 restarts). A request to join waits five minutes for its answer,
and what keeps the client waiting it doesn't say. The group does: who only waits to be given something is in its list.
So a member that is not listed, again and again while brokers answer, must begin anew with another client.

Refuses to judge one that owns anything: it hears of its end by its heartbeats.
"""

import time
from collections.abc import Callable, Collection

from passage_log.aside import Aside
from passage_log.errors import LogError
from passage_log.port import GroupMember

ASK_EVERY_SECONDS = 3.0
MOST_SECONDS_BETWEEN = 30.0
"""Of one that is listed and has nothing, as a standby has: asked less and less, for each question is a connection."""

PATIENCE_SECONDS = 8.0
"""From the first answer without it: joining takes a second or two where somebody answers, and then one is listed."""
MOST_PATIENCE_SECONDS = 60.0


class Membership:
    """Of one member. Belongs to its thread. `members` asks the group; it may take its time."""

    def __init__(
        self, members: Callable[[], Collection[GroupMember]], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._members = members
        self._monotonic = monotonic
        self._aside = Aside("passage-membership", self._ask)
        self._answer: frozenset[str] | LogError | None = None
        """The members' ids, or why they were not told; until it was looked at."""
        self.given()

    def given(self) -> None:
        """The group has given it something."""
        self._begin(PATIENCE_SECONDS)

    def begin_anew(self) -> None:
        """With another client, which is given more time than this one: perhaps all is only slow."""
        self._begin(min(2 * self._patience, MOST_PATIENCE_SECONDS))

    def _begin(self, patience_seconds: float) -> None:
        self._patience = patience_seconds
        self._unlisted_since: float | None = None
        self._every_seconds = ASK_EVERY_SECONDS
        self._ask_at = self._monotonic() + ASK_EVERY_SECONDS

    def is_lost(self, own_id: Callable[[], str | None]) -> bool:
        """`own_id`: under which it takes itself for a member; none when it does not. At once; asks when it is time."""
        now = self._monotonic()
        if now >= self._ask_at and self._aside.ask():
            self._ask_at = now + self._every_seconds
        answer, self._answer = self._answer, None
        if answer is None:
            return False
        if isinstance(answer, LogError):
            self._unlisted_since = None
        elif own_id() in answer:
            self._unlisted_since = None
            self._every_seconds = min(2 * self._every_seconds, MOST_SECONDS_BETWEEN)
        else:
            self._unlisted_since = now if self._unlisted_since is None else self._unlisted_since
            self._every_seconds = ASK_EVERY_SECONDS
        return self._unlisted_since is not None and now - self._unlisted_since >= self._patience

    def _ask(self) -> None:
        try:
            self._answer = frozenset(member.id for member in self._members())
        except LogError as error:
            # No broker answers, or it may not be asked: that is said elsewhere, and no sign that the member is lost.
            self._answer = error
