"""An app, compiled: what each type of fact does to which unit, and what may be said of it.

    policy ──> repetition ─┐
    process ───────────────┼──> units ──> handlers ──> inputs (by topic) ──┐
    report ────────────────┘                                               ├──> program
    events (as they are written)   refusals (as they are told) ────────────┘

Read `handlers` first, then `units`; `meaning` is what the kept bytes mean.
Made once when the app is, shared by all its tasks, and never changed.
"""
