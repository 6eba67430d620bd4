"""The adapter for teams that already run Faust: an app's policies inside a Faust worker, at least once.

    import faust
    from passage_processors.faust import attach

    app = faust.App("billing", broker="kafka://localhost:9092", stream_wait_empty=False)
    passage = attach(app, overdue_invoices, partitions=8)     # an `App`, the very one the engine runs

    @app.agent(passage.ticks)
    async def on_tick(ticks):
        async for tick in ticks: ...                          # typed, each once or more per partition

What it folds, in which order, and what the derived events are called is the engine's own code. What differs is how it
gets out: no transaction, so an event may be written twice, under one id. `pump` says in which order, and why.
"""

from passage_processors.faust.attachment import Attached, attach

__all__ = ["Attached", "attach"]
