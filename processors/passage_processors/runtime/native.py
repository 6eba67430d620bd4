"""Whether a worker counts with the native parts: where `passage_native` is installed, unless PASSAGE_NATIVE=0."""

import os
from importlib import import_module
from importlib.util import find_spec

import structlog

from passage_processors.core.parts import PURE, Parts

_log = structlog.get_logger("passage.processors")

TWIN = 1
"""The version of the native parts this code knows how to use."""
VARIABLE = "PASSAGE_NATIVE"


def chosen() -> Parts:
    """The parts to count with. Asked for each task, so that a test may have it either way."""
    if os.environ.get(VARIABLE, "").strip() == "0" or find_spec("passage_native") is None:
        return PURE
    native = import_module("passage_native")
    if native.TWIN != TWIN:
        return PURE
    return Parts("native", native.CaseBook, native.fold_plain, native.instants_of, native.first_from, native.runs_of)


def tell() -> None:
    """Log which parts count, and why not the native ones."""
    parts = chosen()
    if parts.name == "native":
        _log.info("counting", parts="native")
        return
    reason = "passage_native is not installed"
    if os.environ.get(VARIABLE, "").strip() == "0":
        reason = f"{VARIABLE}=0"
    elif find_spec("passage_native") is not None:
        found = import_module("passage_native").TWIN
        reason = f"passage_native is of version {found}, wanted is {TWIN}: install the one of this release"
    _log.info("counting", parts="pure", reason=reason)
