"""`passage clock trigger`: a schedule's event once, out of turn. Never a tick."""

from passage.cli.clock.clock_log import named, open_clock_log
from passage.cli.clock.requests import ByOption, ReasonOption, asker, write
from passage.cli.options import DEFAULT_CONNECT_SECONDS, BootstrapOption, ConfigOption, ConnectOption, JsonOption
from passage.cli.terminal import out, tell_json
from passage_clock.config import load
from passage_clock.records.control import trigger_asked
from passage_clock.wall import MachineWall


def trigger(
    schedule: str,
    config: ConfigOption,
    reason: ReasonOption,
    by: ByOption = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Ask the leader for a schedule's event once, out of turn.

    It goes to the triggers topic and is no tick: it has no ordinal, and nothing counts it."""
    settled = load(config)
    found = named(settled.schedules, schedule)
    asked = trigger_asked(schedule, asker(by), reason, MachineWall().now())
    write(open_clock_log(settled, bootstrap, connect_timeout_seconds), settled, asked)
    if json:
        tell_json({"schedule": schedule, "asked": "trigger", "id": asked.id, "by": asked.by, "reason": reason})
    else:
        out.print(f"asked the leader: one {found.event} of {schedule}, id {asked.id}", highlight=False)
