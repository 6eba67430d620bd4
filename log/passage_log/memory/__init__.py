"""The log in memory: the whole of the port's promises without a broker, for demos, tests and simulations.

    log ──> reader, writer ──> state     what all of one log share, under one lock
                                 ├──> store    a partition: a list whose index is the offset
                                 └──> group    who owns what, and which generation may commit

It keeps what bites on Kafka: offsets have holes, undecided transactions hide what follows them, a newer writer fences
the older, a deposed member's commit is refused. It refuses to ask what time it is: the broker's clock is an argument.
Nothing is ever written to disk, and nothing is deleted unless told to (`compact`, `truncate`). Read `store` first.
"""

from passage_log.memory.log import MemoryLog

__all__ = ["MemoryLog"]
