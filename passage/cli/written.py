"""What a command writes because it was told where: a file that is there or not yet, or a directory to keep files in.

A file is written beside its place and takes it when it is whole, so a disk that is full half-way leaves the old one as
it was; its mode, its owner and a link to it stay. Refuses what is no regular file, what its owner made read-only, and a
directory that would have to be made first. Whoever writes to a place that a user names writes to it here.
"""

import codecs
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from passage.errors import CommandError
from passage_schemas.given.file import Unreadable, text_given

NEW_MODE = 0o666
"""Of a file that was not there, before the process's umask takes from it."""


class GivenFile:
    """A text file to change, or to make. Raises CommandError, in one line, for whatever is in the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = Path(os.path.realpath(path))  # behind a link: what it leads to is changed, the link stays
        self._there = self._looked_at()
        self.text = "" if self._there is None else self._read()

    def replace(self, text: str) -> None:
        """All of it at once, or nothing."""
        new = self._place.parent / f".passage-{secrets.token_hex(8)}"
        try:
            self._write(new, text.encode("utf-8-sig" if self._is_marked else "utf-8"))
            new.replace(self._place)
        except OSError as error:
            raise self._wrong(f"{_said(error)}; it is as it was") from error
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)

    def is_same_as(self, other: Path) -> bool:
        """Whether both names lead to one file."""
        try:
            return self._there is not None and os.path.samestat(self._there, other.stat())
        except (OSError, ValueError):
            return False

    def _looked_at(self) -> os.stat_result | None:
        """What is there; None: nothing, and it can be made."""
        try:
            there = self._place.stat()
        except FileNotFoundError:
            there = None
        except (OSError, ValueError) as error:
            raise self._wrong(f"{_said(error)}; check the path") from error
        parent = self._place.parent
        if not parent.is_dir():
            raise self._wrong(f"there is no directory {parent}; make it first")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise self._wrong(f"no right to write in {parent}; check its rights")
        if there is not None and stat.S_ISREG(there.st_mode) and not _is_writable(self._place, there):
            raise self._wrong("is read-only; give yourself the right to write to it, or name another file")
        return there

    def _read(self) -> str:
        try:
            text = text_given(self._place, may_be_empty=True)
            with self._place.open("rb") as file:
                self._is_marked = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        except (Unreadable, OSError) as error:
            raise CommandError(str(error).replace(str(self._place), str(self.path), 1)) from error
        return text

    _is_marked = False
    """Whether it begins with a byte order mark, which stays."""

    def _write(self, new: Path, data: bytes) -> None:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, NEW_MODE), "wb") as file:
            if self._there is not None:
                with suppress(PermissionError):  # who may write to another's file may not always give it away
                    os.fchown(file.fileno(), self._there.st_uid, self._there.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(self._there.st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _wrong(self, what: str) -> CommandError:
        return CommandError(f"{self.path}: can't be written: {what}")


def directory_given(option: str, path: Path) -> None:
    """Make it, where it isn't there, and see whether files can be kept in it. Raises CommandError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        reason = None if os.access(path, os.W_OK | os.X_OK) else "no right to write there"
    except (OSError, ValueError) as error:
        reason = _said(error)
    if reason is not None:
        raise CommandError(f"{option} {path}: {reason}; name a directory this process may write to")


def _is_writable(path: Path, there: os.stat_result) -> bool:
    """Not asked of the system alone, which lets root write to everything: read-only is said by the owner."""
    return bool(there.st_mode & 0o222) and os.access(path, os.W_OK)


def _said(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
