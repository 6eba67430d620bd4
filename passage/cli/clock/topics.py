"""`passage clock topics`: what the clock's topics must be, and making them so."""

from passage.cli.clock.clock_log import check, open_clock_log
from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    BootstrapOption,
    ConfigOption,
    ConnectOption,
    CreateOption,
    JsonOption,
)
from passage.cli.terminal import columns, tell, tell_json
from passage_clock.config import load
from passage_clock.records.topics import clock_topics


def topics(
    config: ConfigOption,
    bootstrap: BootstrapOption = None,
    create: CreateOption = False,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Look at the clock's topics: whether they are as they must be."""
    settled = load(config)
    log = open_clock_log(settled, bootstrap, connect_timeout_seconds)
    wanted = clock_topics(settled)
    before = log.describe([one.topic for one in wanted])
    check(log, settled, create)
    log.close()
    if json:
        tell_json(
            [
                {
                    "topic": one.topic, "partitions": one.partitions, "settings": one.settings(),
                    "created": before[one.topic] is None,
                }
                for one in wanted
            ]
        )  # fmt: skip
        return
    table = columns("topic", "partitions", "settings", "")
    for one in wanted:
        settings = (f"{name}={value}" for name, value in one.settings().items())
        made = "created" if before[one.topic] is None else "was there"
        table.add_row(one.topic, str(one.partitions), " ".join(settings), made if create else "")
    tell(table)
