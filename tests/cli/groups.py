"""Every group of commands, by the words that are typed for it (none for those of no group): command to summary,
without the groups within."""

from passage.cli import clock, entry, processors
from passage.cli.processors import dead_letters

WITHIN = {"processors dead-letters": dead_letters.COMMANDS}

GROUPS = {
    "": entry.COMMANDS,
    "clock": clock.COMMANDS,
    "processors": {name: said for name, said in processors.COMMANDS.items() if f"processors {name}" not in WITHIN},
    **WITHIN,
}
