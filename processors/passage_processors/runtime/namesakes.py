"""Two workers with one name fence each other for ever; each sees it: fenced again and again with the group at rest."""

from passage_processors.errors import ProcessorError

_TOO_OFTEN, _FORGIVEN_AFTER = 10, 10
"""So many fences without a rebalance are a name given twice; so many commits in between are not."""


class Namesakes:
    """Of the worker with this transactional id."""

    def __init__(self, transactional_id: str) -> None:
        self._id = transactional_id
        self._fenced = 0
        self._commits_since = 0

    def group_moved(self) -> None:
        """It may have been the group that moved on."""
        self._fenced = 0

    def committed(self) -> None:
        self._commits_since += 1

    def fenced(self) -> None:
        """Raises ProcessorError when there must be another."""
        self._fenced = self._fenced + 1 if self._commits_since < _FORGIVEN_AFTER else 1
        self._commits_since = 0
        if self._fenced >= _TOO_OFTEN:
            raise ProcessorError(
                f"worker {self._id}: fenced {self._fenced} times with the group at rest, so another worker has the "
                "same name; give each its own (--name, PASSAGE_WORKER)"
            )
