"""Whether a worker counts with the native parts: where they were built, unless PASSAGE_NATIVE=0.

Those of another version, as a clone has them whose sources moved on, are left alone: a worker counts without them, and
says so.
"""

import os
from importlib import import_module
from types import ModuleType

import structlog

from passage_processors.core.step.parts import PURE, Parts
from passage_processors.errors import ProcessorError

_log = structlog.get_logger("passage.processors")

TWIN = 3
"""The version of the native parts this code knows how to use."""
VARIABLE = "PASSAGE_NATIVE"
TWINS = "passage_processors.native._twins"
_MEND = "make native builds them anew, or install the release again"


def chosen() -> Parts:
    """The parts to count with. Asked for each task, so that a test may have it either way."""
    return _found()[0]


def described() -> str:
    """Which parts count, and why not the native ones, for people."""
    parts, reason, _ = _found()
    return f"{parts.name} parts ({reason})" if reason else f"{parts.name} parts"


def tell() -> None:
    """Log which parts count, and why not the native ones; a warning where they are there and of no use."""
    parts, reason, is_amiss = _found()
    if not reason:
        _log.info("counting", parts=parts.name)
        return
    say = _log.warning if is_amiss else _log.info
    say("counting", parts=parts.name, reason=reason)


def _found() -> tuple[Parts, str, bool]:
    """The parts, why they are not the native ones, and whether somebody should see to that."""
    wanted = os.environ.get(VARIABLE, "").strip()
    if wanted not in ("", "0", "1"):
        raise ProcessorError(f"{VARIABLE}={wanted}: write 0 for the pure parts, or 1 (or nothing) for the native ones")
    if wanted == "0":
        return PURE, f"{VARIABLE}=0", False
    try:
        native = import_module(TWINS)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == TWINS:
            return PURE, "the native parts were not built", False
        return PURE, f"the native parts can't be loaded: {error}; {_MEND}", True
    version = getattr(native, "TWIN", None)
    if version != TWIN:
        return PURE, f"the native parts are of version {version}, wanted is {TWIN}: {_MEND}", True
    return _of(native), "", False


def _of(native: ModuleType) -> Parts:
    return Parts(
        "native",
        native.CaseBook,
        native.fold_plain,
        native.instants_of,
        native.first_from,
        native.runs_of,
        native.fire_burst,
    )
