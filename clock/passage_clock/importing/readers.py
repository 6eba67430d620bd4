"""Which reader reads what, and what any file may turn out to be: one line, never a traceback."""

from collections.abc import Callable, Mapping

from passage_clock.errors import ClockError
from passage_clock.importing.celery import read_celery
from passage_clock.importing.crontab import read_crontab, read_system_crontab
from passage_clock.importing.found import JobsFound, shown
from passage_clock.importing.kubernetes import read_kubernetes
from passage_clock.importing.quartz import read_quartz
from passage_schemas.given.file import Unreadable

JobReader = Callable[[bytes, str, str], JobsFound]
"""Takes the file as it is, for XML and Python say themselves how they are encoded; then what messages call it, and the
zone. Raises ClockError, ConfigError, or Unreadable for what is no text."""

READERS: Mapping[str, JobReader] = {
    "crontab": read_crontab,
    "system-crontab": read_system_crontab,
    "kubernetes": read_kubernetes,
    "celery": read_celery,
    "quartz": read_quartz,
}


def read(kind: str, given: bytes, file: str, zone: str) -> JobsFound:
    """`kind` is one of READERS; `file` names what is given in messages; `zone` is where its author's clock stood.
    Raises ClockError or ConfigError, whatever the bytes are."""
    try:
        return READERS[kind](given, file, zone)
    except Unreadable as error:
        raise ClockError(shown(str(error))) from error
    except (RecursionError, MemoryError) as error:
        raise ClockError(
            f"{file}: what it says lies too deep in one another to be read; is it the right file?"
        ) from error
