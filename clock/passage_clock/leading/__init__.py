"""Who may publish, and the publishing: from standing by to office and back.

    the group, by its seat ──┐                                        ┌─ stand by    what has come, who leads?
    the log, by a follower ──┼──> service ──causes──> leadership ─────┤
    the wall ────────────────┘    a step             stages, pure     └─ office      fence, barrier, settle, publish
                                  at a time

Read `leadership` first: it names every stage and every way between them, and `candidacy` goes these ways. Then
`service`, which looks at the log and does what the stage says; then `office`, for what makes a time in office safe to
begin, and what it writes. `duties` are what a leader does with one, step by step. All else here answers one question of
theirs: would a promise be broken (`promises`), is the wall right (`broker_time`, `skew`), what may be let go
(`retention`), what stands in the way (`lookout`, `obstacles`, `waits`), who is told (`observer`).
"""
