"""Whether facts are keyed by their first field, as nearly all are: said once of an input where one is not.

What is counted is the record's key, whatever the fact says inside. A producer that keys invoices by their customer has
all invoices of a customer counted as one, and nothing else would tell. It is no refusal, for the first field is but a
custom: who means it so loses nothing by the line. Looked at are a few facts only, once they have been folded, so that a
type not met before is not asked for here.
"""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import structlog

from passage_log.port import Record
from passage_processors.core.effects import RAISED
from passage_processors.core.inputs import Input
from passage_processors.runtime.placing import MOST_QUOTED

MOST_LOOKS = 100
"""Of each input: a producer that keys otherwise does so from its first fact on."""

_log = structlog.get_logger("passage.processors")


class Keying:
    """`inputs` by topic, as the app reads them."""

    def __init__(self, app: str, inputs: Mapping[str, Input]) -> None:
        self._app = app
        self._inputs = dict(inputs)
        self._looks: Counter[str] = Counter()
        self._samples: dict[str, Record] = {}

    def sample(self, record: Record) -> None:
        """One of those just read, to be looked at later."""
        if record.topic() in self._inputs:
            self._samples[record.topic()] = record

    def look(self) -> None:
        """Something has been folded."""
        samples, self._samples = self._samples, {}
        for topic, record in samples.items():
            said = first_field(self._inputs[topic], record)
            self._looks[topic] += 1
            key = record.key() or b""
            differs = said is not None and said[1].encode() != key
            if said is not None and differs:
                _log.warning(
                    "fact_keyed_otherwise", app=self._app, topic=topic, partition=record.partition(),
                    offset=record.offset(), key=key[:MOST_QUOTED].decode(errors="backslashreplace"),
                    field=said[0], says=said[1][:MOST_QUOTED],
                    hint="what is counted is the key; if the field names what is to be counted, key the records by it",
                )  # fmt: skip
            if differs or self._looks[topic] >= MOST_LOOKS:
                del self._inputs[topic]


def first_field(source: Input, record: Record) -> tuple[str, str] | None:
    """The name of the fact's first field, of the class whose schema it is, and what it says; None where that can't be
    a key, or the fact can't be read: why, whoever folds it says."""
    try:
        fact = source.met(record)
        name = next(iter(type(fact).__dataclass_fields__)) if fact is not None else ""
        said = getattr(fact, name) if name else None
    except KeyboardInterrupt:
        raise
    except RAISED:  # whatever a hostile value makes of its decoding
        return None
    return (name, str(said)) if isinstance(said, str | int | UUID) and not isinstance(said, bool) else None
