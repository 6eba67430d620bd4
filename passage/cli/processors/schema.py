"""`passage processors schema`: what a producer in another language must write, or a consumer can read."""

import json as plain_json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from passage.cli.options import AppArgument
from passage.cli.processors.app_argument import load_app
from passage.cli.terminal import out
from passage.errors import CommandError
from passage_processors import App
from passage_schemas.codec import Codec
from passage_schemas.events import event_codec
from passage_schemas.formats import Avro
from passage_schemas.formats.json_shape import JsonShape
from passage_schemas.given.did_you_mean import did_you_mean


class SchemaKind(StrEnum):
    """How a fact is described."""

    avro = "avro"
    json = "json"


def schema(
    where: AppArgument,
    fact: Annotated[
        str | None, typer.Argument(metavar="[FACT]", help="One fact or event; without, all are listed.")
    ] = None,
    kind: Annotated[
        SchemaKind, typer.Option("--as", help="The Avro schema, or a JSON Schema of its JSON.")
    ] = SchemaKind.avro,
) -> None:
    """Print the schema of a fact, for a producer in another language.

    Without FACT a list of all the app reads and emits: by topic, with the ten bytes a value in Avro begins with."""
    found = load_app(where)
    carried = list(_carried(found))
    if fact is None:
        document: Any = [_listed(found, topic, codec, kind) for topic, codec in carried]
    else:
        document = _schema(_named(found, fact, [codec for _, codec in carried]), kind)
    out.print(plain_json.dumps(document, indent=2, ensure_ascii=False), soft_wrap=True, markup=False, highlight=False)


def _carried(app: App) -> Iterator[tuple[str, Codec[Any]]]:
    for topic in sorted(app.inputs):
        for cls in dict.fromkeys(app.inputs[topic]):
            yield topic, event_codec(cls)
    for cls in app.emitted:
        yield app.output, event_codec(cls)


def _listed(app: App, topic: str, codec: Codec[Any], kind: SchemaKind) -> dict[str, Any]:
    return {
        "topic": topic,
        "format": type(app.formats.get(topic, Avro())).__name__.lower(),
        "fact": codec.cls.__name__,
        "name": codec.name,
        "prefix": codec.prefix.hex(),
        "schema": _schema(codec, kind),
    }


def _named(app: App, fact: str, codecs: list[Codec[Any]]) -> Codec[Any]:
    """By its class's name, or by its schema's. Raises CommandError."""
    known = {name: codec for codec in codecs for name in (codec.name, codec.cls.__name__)}
    if fact not in known:
        names = list(dict.fromkeys(codec.cls.__name__ for codec in codecs))
        raise CommandError(f"app {app.name!r} reads and emits no {fact!r}; {did_you_mean(fact, names)}")
    return known[fact]


def _schema(codec: Codec[Any], kind: SchemaKind) -> Any:
    return codec.schema if kind is SchemaKind.avro else JsonShape(codec).json_schema()
