"""Whether a worker counts with the native parts: where `passage_native` is installed, unless PASSAGE_NATIVE=0.

Parts of another version, or built for another Python, are left alone: a worker counts without them, and says so.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import structlog

from passage_processors.core.parts import PURE, Parts
from passage_processors.errors import ProcessorError

_log = structlog.get_logger("passage.processors")

TWIN = 3
"""The version of the native parts this code knows how to use."""
VARIABLE = "PASSAGE_NATIVE"
_PACKAGE = "passage_native"


def chosen() -> Parts:
    """The parts to count with. Asked for each task, so that a test may have it either way."""
    return _found()[0]


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
    if find_spec(_PACKAGE) is None:
        return PURE, f"{_PACKAGE} is not installed", False
    try:
        native = import_module(_PACKAGE)
    except ImportError as error:
        return PURE, f"{_PACKAGE} can't be loaded: {error}; install the one of this release, for this Python", True
    version = getattr(native, "TWIN", None)
    if version != TWIN:
        mend = f"wanted is {TWIN}: install the one of this release"
        return PURE, f"{_PACKAGE} is of version {version}, {mend}", True
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
