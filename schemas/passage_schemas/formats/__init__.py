"""The formats facts come in, and derived events may be written in.

`Avro` unless something else is said. Each is a small frozen value a user writes; made for the types of a topic it
becomes a `Reading` or a `Writing` (`contract`). Pure: a registry is brought by the caller.
"""

from passage_schemas.formats.avro import Avro
from passage_schemas.formats.contract import Format, Headers, HeadersOf, Kind, Reading, Registry, RegistryAt, Writing

__all__ = ["Avro", "Format", "Headers", "HeadersOf", "Kind", "Reading", "Registry", "RegistryAt", "Writing"]
