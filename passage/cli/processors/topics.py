"""`passage processors topics`: what the app's topics must be, and making them so."""

from typing import Annotated

import typer

from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    CreateOption,
)
from passage.cli.processors.app_argument import load_app, open_app_log
from passage.cli.terminal import columns, tell
from passage_processors.runtime.topics import app_topics, check_topics, create_topics

MOST_PARTITIONS = 100_000
"""More than a whole Kafka of today keeps."""


def topics(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    create: CreateOption = False,
    partitions: Annotated[int, typer.Option(min=1, max=MOST_PARTITIONS, help="How many, for those created.")] = 4,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Look at the app's topics: whether they are as they must be."""
    found = load_app(where)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    before = log.describe([wanted.topic for wanted in app_topics(found)])
    if create:
        create_topics(log, found, partitions)
    count = check_topics(log, found)
    table = columns("topic", "partitions", "settings", "")
    for wanted in app_topics(found, count):
        settings = " ".join(f"{name}={value}" for name, value in wanted.settings().items())
        made = "created" if before[wanted.topic] is None else "was there"
        table.add_row(wanted.topic, str(wanted.partitions), settings, made if create else "")
    tell(table)
    log.close()
