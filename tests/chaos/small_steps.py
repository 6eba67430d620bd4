"""A candidate or a worker in a process of its own that takes small steps, so that many transactions can be interrupted.

    python -m tests.chaos.small_steps clock CONFIG NAME BATCH_TICKS
    python -m tests.chaos.small_steps worker BOOTSTRAP NAME MAX_FACTS MAX_FIRES

But for the size of its steps it is what `passage clock run` and `passage processors run` are.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from passage.running.log_lines import tell_logs
from passage.running.signals import stopped_by_signals
from passage.running.turns import write_stacks_when_asked
from passage_clock import MachineWall, load
from passage_clock.leading.service import Clock
from passage_log.kafka import KafkaLog
from passage_processors import Worker
from tests.chaos.invoices import app


def main(arguments: Sequence[str]) -> None:
    kind, where, name, *sizes = arguments
    tell_logs()
    stop = stopped_by_signals()
    if kind == "clock":
        config = load(Path(where), {})
        assert config.bootstrap is not None
        log = KafkaLog(config.bootstrap)
        Clock(config, log, MachineWall(), name, batch_ticks=int(sizes[0])).run(stop)
    else:
        max_facts, max_fires = map(int, sizes)
        log = KafkaLog(where)
        Worker(app, log, name, max_facts=max_facts, max_fires=max_fires).run(stop.is_set)
    log.close()


if __name__ == "__main__":
    write_stacks_when_asked()
    main(sys.argv[1:])
