"""The `passage` command: as little as can stand between a user's Ctrl-C and a traceback.

What it needs is imported only when it runs, and after a Ctrl-C has been told to end it silently.
"""

import signal


def main() -> None:
    """Run the command and exit: 0 fine, 1 a comparison differs, 2 something the user can mend."""
    # Python's own handler raises wherever an import has come to; what has to be left in order sets its own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from passage.cli.entry import enter

    enter()


__all__ = ["main"]
