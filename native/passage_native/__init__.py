"""Native twins of the parts of `passage_processors` a worker spends its time in.

Each does what the pure part of the same name does, and is held to the same tests; `passage_processors.runtime.native`
decides which of them a worker takes.
"""

from passage_native._twins import CaseBook, fire_burst, first_from, fold_plain, hashed, instants_of, iso_of, runs_of

TWIN = 3
"""Grows with every change of what the twins' callers may expect; a worker takes only the one it knows."""

__all__ = [
    "TWIN",
    "CaseBook",
    "fire_burst",
    "first_from",
    "fold_plain",
    "hashed",
    "instants_of",
    "iso_of",
    "runs_of",
]
