"""`passage clock resume`: a paused schedule's ticks again."""

from passage.cli.clock.requests import ByOption, ReasonOption, ask, asker
from passage.cli.options import DEFAULT_CONNECT_SECONDS, BootstrapOption, ConfigOption, ConnectOption, JsonOption
from passage_clock.config import load
from passage_clock.records.control import StatusAsk


def resume(
    schedule: str,
    config: ConfigOption,
    reason: ReasonOption = "resumed",
    by: ByOption = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Ask the leader to take a paused schedule up again.

    What it missed comes first, in order, by its misfire policy."""
    asked = StatusAsk(schedule, "active", asker(by), reason)
    ask(load(config), bootstrap, connect_timeout_seconds, asked, json)
