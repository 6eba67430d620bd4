"""How a task comes back: from its changelog, or from a snapshot and the changelog's end.

    gate (what the group committed) ──> restore ──> changelog ──────────────────> the task as it was
                                          └───────> snapshots ──> snapshot_file ──┘

Read `gate` first, then `restore`; `snapshots` says when a file may be used, `snapshot_file` how it is laid out.
"""
