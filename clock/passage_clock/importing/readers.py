"""Which reader reads what."""

from collections.abc import Callable, Mapping

from passage_clock.importing.celery import read_celery
from passage_clock.importing.crontab import read_crontab
from passage_clock.importing.found import Found
from passage_clock.importing.kubernetes import read_kubernetes
from passage_clock.importing.quartz import read_quartz

Reader = Callable[[str, str, str], Found]

READERS: Mapping[str, Reader] = {
    "crontab": read_crontab,
    "kubernetes": read_kubernetes,
    "celery": read_celery,
    "quartz": read_quartz,
}


def read(kind: str, text: str, file: str, zone: str) -> Found:
    """`kind` is one of READERS; `file` names the text in messages; `zone` is where its author's clock stood."""
    return READERS[kind](text, file, zone)
