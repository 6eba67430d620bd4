"""Native twins of the core's hottest parts: a room without Python of its own, whose extension need not be there.

Each does what the pure part of the same name does, and is held to the same tests. `processors/build_native.py` builds
them, and `passage_processors.runtime.native` decides whether a worker takes them.
"""
