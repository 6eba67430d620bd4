"""What is due, in order, and where each schedule has come to. Pure.

    last ticks, from the log ──┐
    schedules, from the file ──┼──> plan ──> what is due, in order, and when to look again
    now, as an argument ───────┘     │
                                  progress   of each schedule: its next occurrence, and the late ones by its policy
                                     │
                                  sharing    equal rules are worked out once

Read `plan` first: which tick goes before which, and why a plan made afresh goes on as the old one would have. Then
`progress`, for where a schedule begins and what becomes of what is late.
"""
