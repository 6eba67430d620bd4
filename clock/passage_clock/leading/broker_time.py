"""Whether this machine's wall may be published by: what the broker told of the time, and how long that vouches for it.

Remembers the last answer, over all of a candidate's offices; `skew` judges it. Refuses to act: what a wall that is
ahead leads to is the service's to decide.
"""

from passage_clock.leading.log_lines import tell_skew
from passage_clock.leading.observer import Observer
from passage_clock.leading.office import Office
from passage_clock.leading.skew import WallReading, may_probe, must_probe
from passage_clock.wall import Wall


class BrokerTime:
    """Belongs to one thread. `name` is the candidate's, for the log."""

    def __init__(self, name: str, max_skew_seconds: float, wall: Wall, observer: Observer) -> None:
        self._name = name
        self._limit = max_skew_seconds
        self._wall = wall
        self._observer = observer
        self._probed: WallReading | None = None
        self.skew_seconds = 0.0
        """Of the wall, by the last answer."""

    def vouched(self, office: Office) -> WallReading | None:
        """A reading of the wall for which an answer vouches, this or the last one; None: it is ahead."""
        now = WallReading.of(self._wall)
        if self._probed is not None and not must_probe(self._probed, self.skew_seconds, now, self._limit):
            return now
        return None if self.is_ahead(office) else self._probed

    def may_ask(self) -> bool:
        """Whether it is time to ask again, if nothing else is to be done."""
        return self._probed is not None and may_probe(self._probed, WallReading.of(self._wall))

    def is_ahead(self, office: Office) -> bool:
        """Ask. Raises what `Office.probe` raises."""
        self.skew_seconds, self._probed = office.probe()
        self._observer.probed(self.skew_seconds)
        tell_skew(self._name, self.skew_seconds, self._limit)
        return self.skew_seconds > self._limit
