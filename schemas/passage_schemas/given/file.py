"""A file that a user names, read whole: whatever is wrong with it is one line that names it.

Refuses what could hold a command up or fill its memory: a pipe that nobody writes to, a device without an end, a file
that is far larger than any of its kind. Whoever reads one of a user's files reads it here.
"""

import stat
from pathlib import Path
from typing import IO

MOST_BYTES = 4_000_000
"""Of a configuration, a list of dates, a schema: a thousand times what is usual, and read in seconds. More is the wrong
file."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Unreadable(ValueError):
    """The message begins with the file's path, and says what would mend it."""


def open_given(path: Path) -> IO[bytes]:
    """A regular file, open to be read. Raises Unreadable."""
    try:
        mode = path.stat().st_mode  # before it is opened: that alone waits for whoever writes to a pipe
        if stat.S_ISREG(mode):
            return path.open("rb")
    except (OSError, ValueError) as error:
        said = (getattr(error, "strerror", None) or str(error)).lower()
        raise Unreadable(f"{path}: can't be read: {said}; check the path and its rights") from error
    kind = next((kind for is_one, kind in _KINDS if is_one(mode)), "no file")
    raise Unreadable(f"{path}: can't be read: is {kind}; name a regular file")


def text_given(path: Path, most_bytes: int = MOST_BYTES, may_be_empty: bool = False) -> str:
    """The file's text. Raises Unreadable."""
    return text_of_bytes(bytes_given(path, most_bytes, may_be_empty), str(path))


def bytes_given(path: Path, most_bytes: int = MOST_BYTES, may_be_empty: bool = False) -> bytes:
    """The file as it is, for what says itself how it is to be read. Raises Unreadable."""
    try:
        with open_given(path) as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise Unreadable(f"{path}: can't be read: {(error.strerror or str(error)).lower()}") from error
    return within(data, str(path), most_bytes, may_be_empty)


def within(data: bytes, name: str, most_bytes: int = MOST_BYTES, may_be_empty: bool = False) -> bytes:
    """What was read, up to one byte more than it may be: if it is neither too much nor nothing. Raises Unreadable."""
    if len(data) > most_bytes:
        raise Unreadable(f"{name}: is larger than {most_bytes:,} bytes; is it the right file?")
    if not data.strip() and not may_be_empty:
        raise Unreadable(f"{name}: is empty; is it the right file?")
    return data


def text_of_bytes(data: bytes, name: str) -> str:
    """Raises Unreadable."""
    try:
        return data.decode("utf-8-sig")  # spreadsheets write a byte order mark first
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{name}:{line}: not UTF-8 text; save the file as UTF-8") from error
