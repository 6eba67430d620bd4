"""Why something did, or didn't, happen to one aggregate.

    offline.one_aggregate ──> effects   what a fact or a tick did, unit by unit, or why it did nothing
                         └──> counts    which ticks were counted, of each count there was
                                 │
                                 ▼
    explainer (with where all of it lies on the log) ──> verdicts, in a line each

Read `answer` first, then `explainer`. Writes nothing and joins no group.
"""
