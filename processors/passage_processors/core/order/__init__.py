"""Which head goes first: the ticks there are, what the clock promised, and the merge of inputs by instant.

    ticks ─────┐
    promises ──┼──> timeline (merge) ──> runs of facts and ticks, in the one order
    instants ──┘

Read `timeline` first, which argues the order; `ticks` answers how many there were at an instant; `promises` before
which instant no more can come. `instants` are the loops that date and sort a batch. Knows no unit and no state.
"""
