"""The books of a task, one for each unit: a policy's cases, a process's instances, a report's failed ticks.

Each kind begins its values with bytes of its own, so that state another kind wrote is noticed before it is misread.
"""

import struct
from collections.abc import Iterable
from typing import TypeAlias, TypeGuard

from passage_processors.core.state.case import ENDED, OPEN, PARKED
from passage_processors.core.state.cases import CaseBook
from passage_processors.core.state.instances import InstanceBook
from passage_processors.core.state.reports import ReportBook
from passage_processors.errors import ProcessorError

Book: TypeAlias = CaseBook | InstanceBook | ReportBook
_OF_CASES = (OPEN, ENDED, PARKED)

UNREADABLE = (IndexError, ValueError, struct.error)
"""What reading a value raises that no book wrote."""


def is_case_book(book: Book) -> TypeGuard[CaseBook]:
    """A policy's, be it the native one."""
    return not isinstance(book, InstanceBook | ReportBook)


def check_kind(app: str, unit: str, book: Book, values: Iterable[bytes]) -> None:
    """Raise ProcessorError for state another kind of unit wrote. The first value tells: one that finds such state never
    runs, so it is all of one kind."""
    kinds = book.kinds if isinstance(book, InstanceBook | ReportBook) else _OF_CASES
    first = next(iter(values), None)
    if first is not None and (not first or first[0] not in kinds):
        raise ProcessorError(
            f"app {app!r}: the state of {unit!r} was written by another kind of unit (policy, process, report); give "
            "it another name"
        )
