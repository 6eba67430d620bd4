"""What has been read of the inputs and not folded, and whether its head may go.

    records ──> backpressure (how much is kept in memory) ──> readiness (may a tick pass? may a fact?) ──> task
                   └──> key_checks (do the keys name what is counted, where they should?)

Read `readiness` first: all that a task waits for is decided there.
"""
