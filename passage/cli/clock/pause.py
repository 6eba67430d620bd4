"""`passage clock pause`: no more ticks of one schedule, until `resume`."""

from passage.cli.clock.requests import ByOption, ReasonOption, ask, asker
from passage.cli.options import DEFAULT_CONNECT_SECONDS, BootstrapOption, ConfigOption, ConnectOption, JsonOption
from passage_clock.config import load
from passage_clock.records.control import StatusAsk


def pause(
    schedule: str,
    config: ConfigOption,
    reason: ReasonOption,
    by: ByOption = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Ask the leader to publish no more ticks of a schedule.

    What it misses meanwhile is dealt with by its misfire policy when it is resumed: by default, nothing is lost."""
    asked = StatusAsk(schedule, "paused", asker(by), reason)
    ask(load(config), bootstrap, connect_timeout_seconds, asked, json)
