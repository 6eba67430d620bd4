"""An app's whole history in a directory, to be replayed where there is no Kafka.

    the log ──> export ──> journal      what is to be copied, and which parts are whole
                   │         │
                   └──> container ──> manifest       the last file, and by it the bundle is one
                             │           │
                             └── bundle_log <──┘     the same, as a log that can only be read
                                     │
                                  comparison         as it replays a cluster's

Records are copied as bytes and never decoded. Offsets stay what they were, with their holes, so the cuts hold as they
stand. Read `manifest` first. It is a room of `offline`: asked of the log beside the workers, and never in their way.
"""
