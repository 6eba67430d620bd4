"""The log, and the only room that knows it is Kafka's: readers, members, writers.

    port ──────> what a log promises to the rooms above: read_committed, transactions that fence, groups
     │  │
     │  └──> memory    the same without a broker, for tests, demos and simulations
     └─────> kafka     the only place where Kafka's client is called

    around it    ranges            a stretch of the log, read once
                 preflight         whether the topics are as they must be
                 aside, waiting    questions that may take long, and who waits for one
                 hanging           transactions that Kafka left without an end

Read `port` and `errors` first: whatever stands above knows no more. One suite of tests holds both adapters to it.
"""
