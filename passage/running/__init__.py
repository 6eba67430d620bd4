"""What stands around a clock or a worker while it runs, whoever started it: the command, a benchmark, a test.

    signals              SIGTERM and Ctrl-C ask for a graceful stop, and get an end
    watched
      turns, brokers     a turn that takes too long; whether any broker answers
      pages              /healthz, /readyz, /metrics
    log_lines            what it says as it goes
    collector            the cycle collector, told to look seldom

It owns the process, as no library may, and knows no arguments: those are the command's (`passage.cli`).
"""
