"""The start and cancel of `bench/facts.py`'s policy, in Quix Streams: run by `quix.py`, in an environment of its own.

    python _quix_worker.py BOOTSTRAP FACTS COUNT COMMIT_SECONDS DIRECTORY START_PREFIX

Quix keeps state per key in RocksDB and writes a changelog; a checkpoint commits state, offsets and changelog in one
transaction. Prints its figures as JSON. Imports nothing of Passage: it is not installed there.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

PREFIX_BYTES = 10


def main(bootstrap: str, facts: str, count: str, commit_seconds: str, directory: str, start_prefix: str) -> None:
    quix: Any = importlib.import_module("quixstreams")
    app = quix.Application(
        broker_address=bootstrap,
        consumer_group=f"quix-{Path(directory).name}",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=float(commit_seconds),
        state_dir=directory,
        loglevel="WARNING",
    )
    start, wanted = bytes.fromhex(start_prefix), int(count)
    done, began = 0, (0.0, 0.0)

    def fold(value: bytes, _key: bytes, timestamp: int, _headers: object, state: Any) -> None:
        """Open a case where there is none; close the one there is."""
        nonlocal done, began
        if done == 0:
            began = time.perf_counter(), time.process_time()
        if value[:PREFIX_BYTES] == start:
            if state.get("case") is None:
                state.set("case", timestamp)
        elif state.get("case") is not None:
            state.delete("case")
        done += 1
        if done == wanted:
            app.stop()

    topic = app.topic(facts, value_deserializer="bytes", key_deserializer="bytes")
    app.dataframe(topic).update(fold, stateful=True, metadata=True)
    app.run()  # returns once the last checkpoint is committed
    seconds, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    print(json.dumps({"rate": done / seconds, "cpu": cpu / done * 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
