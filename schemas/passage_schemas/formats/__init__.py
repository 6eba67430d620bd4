"""The formats facts come in, and derived events may be written in.

`Avro` unless something else is said. Each is a small frozen value a user writes; made for the types of a topic it
becomes a `Reading` or a `Writing` (`contract`). Pure: a registry is brought by the caller.
"""

from passage_schemas.formats.avro import Avro
from passage_schemas.formats.cloudevents import CloudEvents
from passage_schemas.formats.confluent import Confluent
from passage_schemas.formats.contract import Format, Headers, HeadersOf, Kind, Reading, Registry, RegistryAt, Writing
from passage_schemas.formats.json_format import Json

__all__ = [
    "Avro",
    "CloudEvents",
    "Confluent",
    "Format",
    "Headers",
    "HeadersOf",
    "Json",
    "Kind",
    "Reading",
    "Registry",
    "RegistryAt",
    "Writing",
]
