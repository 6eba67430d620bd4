"""What others want to know of a clock: is it well, how far has it come, is its topic whole. Nothing here writes.

    from the candidate, as it goes     metrics    for Prometheus     health    for whoever restarts it or waits for it
    from the log, by anybody           status     who leads, each schedule's last tick and its next
                                       verify     every tick there, once, in order and as it was published
                                       late       closures that were announced too late to count

Read `status` to see what can be known without asking the clock, and `verify` for what vouches for what on its topic.
"""
