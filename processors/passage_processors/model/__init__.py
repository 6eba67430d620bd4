"""What a user writes, and nothing that runs.

    declaration     an app: topics, units, how long it waits
        policy      after so many ticks, unless something happened, an event
        process     a state, several wake-ups, an end
        report      on each tick, an event
    ticks           how many are counted (`full_days`), and one that passed
    purity          whether what was written asks a clock, chance or a file

Read `policy` first, then `process`. Knows no record, no state and no log.
"""
