"""`passage processors`: run an app's worker, look after its topics, replay its timeline. One module for a command."""

from passage.cli.lazily import group

COMMANDS = {
    "run": "Be one of the app's workers, until SIGTERM or Ctrl-C.",
    "topics": "Look at the app's topics: whether they are as they must be.",
    "replay": "Fold the recorded timeline again and compare.",
}

app = group("The processors: count ticks and say what follows.", COMMANDS)
