"""The formats facts come in, and derived events may be written in.

    App(formats={topic: Json()})                   a small frozen value that a user writes
             │  made for the types of its topic
             ├──> Reading    a value's token, what it stands for, its fact
             └──> Writing    an event's value and headers

    avro    confluent, by `references`    json_format, by `json_shape`    cloudevents, around any of these

Read `contract` first: the fold knows no more of a format. `naming` has the types by the names they bear on the wire.
`Avro` unless something else is said. Pure: a registry is brought by the caller.
"""

from passage_schemas.formats.avro import Avro
from passage_schemas.formats.cloudevents import CloudEvents
from passage_schemas.formats.confluent import Confluent
from passage_schemas.formats.contract import (
    FactKind,
    Format,
    HeadersOf,
    Reading,
    Registry,
    RegistryAt,
    Writing,
)
from passage_schemas.formats.json_format import Json
from passage_schemas.log_record import Headers

__all__ = [
    "Avro",
    "CloudEvents",
    "Confluent",
    "FactKind",
    "Format",
    "Headers",
    "HeadersOf",
    "Json",
    "Reading",
    "Registry",
    "RegistryAt",
    "Writing",
]
