"""What stands on the clock's topics: written by the leader, read by everyone, asked by operators.

    topic        records
    ticks        ticks, one by one (`ticks`); barriers and resignations (`terms`)
    schedules    what each schedule is and has promised (`entries`), which tells two files apart (`differing`)
    control      what operators ask (`control`); probes of the broker's time (`terms`)
    triggers     events out of turn (`triggers`)

    the first three ──> `follower` ──> `clock_state`, all that a leader has to know

Read `topics` first, for what each must be and why, then `clock_state`, then `follower`. The others are a kind of record
each, with how it is written and read, and know nothing of who leads.
"""
