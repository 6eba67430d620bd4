# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""One module, so that the inner loop calls the book's openers and closers without a detour through Python."""

include "cases.pxi"
include "hot.pxi"
include "burst.pxi"

import sys

if sys.byteorder != "little":
    raise ImportError("passage_native knows little-endian machines only; the pure part does the same work")
