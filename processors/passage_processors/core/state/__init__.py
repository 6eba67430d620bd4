"""What a task keeps of each aggregate, as the changelog's own bytes.

    books ──> cases ──────> case         a policy's: one open wake-up, or a marker
         ├──> instances ──> instance     a process's: state, marks and wake-ups in one value
         └──> reports                    only what failed
                 │
                 ▼
    due_index (who is told at which ordinal)   markers (how long an end is remembered)   columns, keys (its layout)

Read `case` and `cases` first, then `due_index`. Knows ticks, but no app: whoever fills a book says what it is for.
"""
