"""What every long-running command is watched by: its turns, the brokers, and the pages that tell of both."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Gauge

from passage.running.brokers import ANSWER_WITHIN_SECONDS, Brokers
from passage.running.pages import Health, Pages
from passage.running.turns import Turns, write_stacks_when_asked
from passage_log.kafka import KafkaLog


def watch(
    log: KafkaLog,
    topic: str,
    turned_at: Callable[[], float],
    is_folding: Callable[[], bool] = lambda: False,
    leave: Callable[[], None] = lambda: None,
) -> "Watched":
    """Watch the thread that calls this, from here on; `topic`: one that is there. The rest are those of `Turns`."""
    write_stacks_when_asked()
    asking = log.hurried(ANSWER_WITHIN_SECONDS)
    brokers = Brokers(lambda: asking.look_for_broker(topic), log.bootstrap)
    watched = Watched(Turns(turned_at, is_folding, brokers, leave), brokers)
    brokers.start()
    watched.turns.start()
    return watched


class Watched:
    """A command's turns and its brokers."""

    def __init__(self, turns: Turns, brokers: Brokers) -> None:
        self.turns = turns
        self.brokers = brokers

    def show(
        self,
        pages: Pages,
        registry: CollectorRegistry,
        health: Health,
        but: Callable[[], str | None] = lambda: None,
    ) -> int:
        """Serve the pages of the command's own health and metrics, with what is known here. `but` as of `Pages`."""
        self.measure(registry)
        return pages.show(registry, _Told(health, self), lambda: _joined([self.line, but()]))

    def measure(self, registry: CollectorRegistry) -> None:
        """The two figures of every long-running command."""
        turn = Gauge("passage_turn_seconds", "How long the turn under way has taken", registry=registry)
        turn.set_function(lambda: self.turns.seconds)
        silent = Gauge("passage_brokers_silent_seconds", "How long no broker has answered", registry=registry)
        silent.set_function(lambda: self.brokers.seconds)

    @property
    def line(self) -> str | None:
        """What either has to say, for people."""
        return _joined([self.brokers.line, self.turns.line])

    def because(self, why_not: str | None) -> str | None:
        """Why not, with what explains it."""
        return None if why_not is None else _joined([why_not, self.line])


class _Told:
    """The command's own health, and why it may be so. Not ready while no broker answers: it could not do its part."""

    def __init__(self, health: Health, watched: Watched) -> None:
        self._health = health
        self._watched = watched

    def why_not_alive(self) -> str | None:
        return self._watched.because(self._health.why_not_alive())

    def why_not_ready(self) -> str | None:
        why_not = self._watched.because(self._health.why_not_ready())
        return why_not or self._watched.brokers.line


def _joined(lines: Sequence[str | None]) -> str | None:
    return "; ".join(line for line in lines if line) or None
