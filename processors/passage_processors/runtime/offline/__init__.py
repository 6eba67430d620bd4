"""What is asked of an app's topics without a worker, and never in its way.

    timeline, inputs ──> replay ──> comparison    does a replay derive what was written?
                          └───────> one_aggregate what did each fact and tick do to this one?
    dead letters ──────> dead_letters             what was refused, and how it is sent again

Read `replay` first. No worker imports this.
"""
