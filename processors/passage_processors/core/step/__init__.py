"""One step: facts and ticks in, output out; nothing is applied before all of the users' code has answered.

    a fact ──> fold ──> parts (nobody looks inside: a loop)
                 ├────> task_state ──> books, and the output so far
                 └────> chain (who hears it, and what they emit, breadth first)
    a tick ──> fold ──> firing ──> burst (a policy's cases: a loop), chain, or a report

Read `fold`, then `firing`, then `chain`. `letters` tells of what failed, `parts` says which loops have a native twin.
"""
