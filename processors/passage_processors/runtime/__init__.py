"""Around the fold: reading, restoring, waiting, committing, retrying. One worker, a task for each partition it owns.

    clock_feed ─────┐
    inputs/ ────────┼──> worker ──> task (merge, fold) ──> commit ──> one transaction
    restore/ ───────┘       └─────> lookout ──> waits: what stands in the way, said

Read `worker` first: a turn is told there from poll to commit. Then `task`, `commit`, `restore.restore`, and
`inputs.readiness` for why a head waits. `offline/` looks at the log without a worker: replay, comparison, dead letters.
"""
