"""The fold: facts and ticks in, derived events and changed state out. Pure: the caller brings time and records.

    model ──> program ──> step ──> output        `program`   an app, compiled: what each type of fact does
                 │          │                    `step`      one fact or one tick, and what comes of it
                 ▼          ▼                    `state`     what is kept of each aggregate, as the changelog's bytes
               state <── order                   `order`     the ticks there are, and which head goes first

Imports go step > program > state > order > model. Read `step.fold` first: all else is there for it. Then
`order.timeline`, which says what is folded next; `state.cases`, what waits; `program.handlers`, what a fact means.
"""
