"""The file's `formats:`: how the values of a topic are put into bytes.

formats:
  billing: {json: {type_field: kind, types: {invoice.sent: CustomerWasInvoiced}}}
  crm: cloudevents
  shop: {confluent: {registry: "http://registry:8081"}}
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from passage.apps.events import Events
from passage.apps.units import named
from passage_schemas.formats import Avro, CloudEvents, Confluent, Format, Json
from passage_schemas.formats.cloudevents import Data, Mode
from passage_schemas.formats.confluent import Subjects
from passage_schemas.given.document import Node

_FORMATS: Mapping[str, Callable[..., Format]] = {
    "avro": Avro, "confluent": Confluent, "json": Json, "cloudevents": CloudEvents
}  # fmt: skip
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "avro": (),
    "confluent": ("registry", "types", "subjects", "register"),
    "json": ("type_header", "type_field", "types"),
    "cloudevents": ("types", "mode", "data", "registry"),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "subjects": get_args(Subjects), "mode": get_args(Mode), "data": get_args(Data)
}  # fmt: skip


def formats(top: Node, known: Events) -> dict[str, Format]:
    """By topic. Raises ConfigError."""
    section = top.get("formats")
    expected = "topic: format, e.g. billing: {json: {type_field: kind}}"
    return {} if section is None else {topic.field: _format(topic, known) for topic in section.mapping(expected)}


def _format(here: Node, known: Events) -> Format:
    if not here.is_mapping:
        return _FORMATS[here.choice(tuple(_FORMATS), "no format")]()
    here.only(tuple(_FORMATS))
    chosen = list(here)
    if len(chosen) != 1:
        raise here.unlike("one format with its options, e.g. {json: {type_field: kind}}")
    (section,) = chosen
    section.mapping("its options").only(_OPTIONS[section.field])
    return _FORMATS[section.field](**{option.field: _option(option, known) for option in section})


def _option(here: Node, known: Events) -> Any:
    if here.field == "types":
        return {name.field: known.one(name) for name in here.mapping("a value's type: the event's name")}
    if here.field == "register":
        if not isinstance(here.value, bool):
            raise here.unlike("true or false")
        return here.value
    if here.field in _CHOICES:
        return here.choice(_CHOICES[here.field], f"none of the {here.field}")
    return named(here)
