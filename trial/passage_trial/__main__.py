"""`python -m passage_trial`: one Kafka in the foreground until Ctrl-C."""

import argparse
import os
import signal
import sys
import threading

from passage_trial import TrialError, choose

DEFAULT_PORT = 9092


def _without_a_given_one() -> dict[str, str]:
    """Whoever asks for a Kafka wants one started, whatever the shell still names."""
    return {name: value for name, value in os.environ.items() if name != "PASSAGE_BOOTSTRAP"}


def _say(why: str) -> None:
    print(why, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m passage_trial", description="Run one Kafka until Ctrl-C.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="where it listens (default: %(default)s)")
    port = parser.parse_args().port
    if not 0 < port < 1 << 16:
        print(f"--port {port}: a port is a number from 1 to 65535", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with choose("kafka", port, _without_a_given_one(), _say) as trial:
            print(f"PASSAGE_BOOTSTRAP={trial.bootstrap}\nCtrl-C stops it.", flush=True)
            threading.Event().wait()
    except TrialError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
