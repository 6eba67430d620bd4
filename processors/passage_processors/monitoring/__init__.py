"""What can be seen of an app: live in its worker (`health`, `metrics`), and on the log, whoever runs it.

    worker ──> health ──> metrics
    the log ──> clock_view ──┐
            └─> entries ─────┼──> status (how far), due (what waits), inspection (one aggregate's life)
    its timeline, folded ────┴──> explanation (why something happened to one aggregate, or didn't)

Read `status` first. It looks and changes nothing.
"""
