"""`passage processors`: run a worker, look after an app's topics, see into it, replay it. One module for a command."""

from passage.cli.lazily import group

COMMANDS = {
    "run": "Be one of the app's workers, until SIGTERM or Ctrl-C.",
    "topics": "Look at the app's topics: whether they are as they must be.",
    "status": "Say who does which tasks, how far they came and what they wait for.",
    "due": "Show how many wake-ups come due on each tick to come.",
    "inspect": "Show an aggregate: its state, what it waits for, and its history.",
    "dead-letters": "See what could not be handled and why, and send it back once that is mended.",
    "replay": "Fold the recorded timeline again and compare.",
    "schema": "Print the schema of a fact, for a producer in another language.",
    "check": "Check an app, and that the clock's file has what it counts; no broker is asked.",
}

app = group("The processors: count ticks and say what follows.", COMMANDS)
