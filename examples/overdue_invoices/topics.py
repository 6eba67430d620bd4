"""The topics this example needs, and why they are set so.

The facts are from 2012. A topic that deletes by age would lose them while they are being written, so nothing here is
ever deleted by age.

    PASSAGE_BOOTSTRAP=host:port python -m examples.overdue_invoices.topics
"""

import os
import sys
from collections.abc import Sequence

from examples.overdue_invoices import app
from examples.overdue_invoices.facts import PARTITIONS
from passage_clock import Topics
from passage_log.errors import LogError
from passage_log.kafka import KafkaLog
from passage_log.port import Topic
from passage_processors import App

KEPT = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
COMPACTED = {"cleanup.policy": "compact", "retention.ms": "-1", "retention.bytes": "-1"}


def topics_of(of: App, clock: Topics) -> list[Topic]:
    """Those of the app, in as many partitions as its facts have, and those of the clock, in one each."""
    kept = [*of.inputs, of.output, of.timeline, of.dead_letters]
    return [
        *(Topic(name, PARTITIONS, KEPT) for name in kept),
        Topic(of.changelog, PARTITIONS, COMPACTED),
        Topic(clock.ticks, 1, COMPACTED),
        Topic(clock.schedules, 1, COMPACTED),
        # The broker's own time on its records is what the clock compares its own with.
        Topic(clock.control, 1, {**COMPACTED, "message.timestamp.type": "LogAppendTime"}),
    ]


def main(arguments: Sequence[str]) -> int:
    bootstrap = os.environ.get("PASSAGE_BOOTSTRAP")
    if arguments or not bootstrap:
        print("set PASSAGE_BOOTSTRAP=host:port and give no arguments: makes the example's topics", file=sys.stderr)
        return 2
    topics = topics_of(app, Topics())
    try:
        KafkaLog(bootstrap).create(topics)
    except LogError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"on {bootstrap}: {', '.join(topic.name for topic in topics)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
