"""An operator's ask that a parked wake-up be tried again. A fact among the app's others, so that a replay obeys it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WakeUpResumed:
    """Field for field as in `wake_up_resumed.avsc`."""

    unit: str
    aggregate: str
    wake_up: str
    requested_by: str = ""
    reason: str = ""
