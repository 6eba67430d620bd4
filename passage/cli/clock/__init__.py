"""`passage clock`: run the clock, look ahead, look back, and ask the leader for something. One module for a command."""

from passage.cli.lazily import group

COMMANDS = {
    "run": "Be a candidate: stand by, and lead when it is this one's turn.",
    "plan": "List the ticks to come, by this configuration alone.",
    "topics": "Look at the clock's topics: whether they are as they must be.",
    "pause": "Ask the leader to publish no more ticks of a schedule.",
    "resume": "Ask the leader to take a paused schedule up again.",
}

app = group("The clock: publishes a tick for every period that ends.", COMMANDS)
