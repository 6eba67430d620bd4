"""Whether a task can go on from a cut where it is: on the log it was written on, with no tick gone that it needs."""

from passage_processors.app import App
from passage_processors.core.ticks import TickHistory
from passage_processors.errors import ProcessorError
from passage_schemas.cut import Cut


def check_fits(cut: Cut, app: App, ticks: TickHistory, cluster: str, where: str) -> None:
    """`ticks`: all there are; `where`: the state the cut is of. Raises ProcessorError."""
    if cut.number and cut.cluster != cluster:
        raise ProcessorError(
            f"{where} was written on cluster {cut.cluster}, this is {cluster}: its offsets mean nothing here; point "
            "the app at its own cluster"
        )
    for schedule in sorted(app.counted):
        floor = ticks.floor(schedule)
        if cut.number and cut.tick_sequence < floor.sequence:
            raise ProcessorError(
                f"{where} has folded the ticks up to {cut.tick_sequence}, but {schedule} is kept from tick "
                f"{floor.sequence + 1} on: what it missed is gone; raise the schedule's keep_days above the longest "
                "time a worker may be down, and start the app anew under another name"
            )
    if cut.tick_sequence > ticks.last:
        raise ProcessorError(
            f"{where} has folded tick {cut.tick_sequence}, but {app.ticks_topic} ends at {ticks.last}: ticks were "
            "lost, or this is another topic"
        )
