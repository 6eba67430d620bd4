"""`passage processors dead-letters`: what was refused and why, and sending it back once that is mended."""

from passage.cli.lazily import group

COMMANDS = {
    "list": "List what could not be handled, and why.",
    "show": "Show dead letters whole: their headers, and the fact.",
    "requeue": "Send dead letters back, once what was wrong is mended.",
}

app = group("See what could not be handled and why, and send it back once that is mended.", COMMANDS)
