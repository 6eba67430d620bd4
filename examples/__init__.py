"""Examples: each one runs, and is a test."""

import signal
import sys

if sys.argv[0] == "-m":
    # `python -m examples...` on its way in: a Ctrl-C among the imports ends it silently. What has to be left in order
    # sets its own handler, once it is there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
