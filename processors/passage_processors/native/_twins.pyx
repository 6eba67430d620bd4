# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""One module, so that the inner loop calls the book's openers and closers without a detour through Python."""

TWIN = 3
"""Grows with every change of what the twins' callers may expect; a worker takes only the one it knows."""

include "cases.pxi"
include "hot.pxi"
include "burst.pxi"

import sys

if sys.byteorder != "little":
    raise ImportError("the native parts know little-endian machines only; the pure ones do the same work")
