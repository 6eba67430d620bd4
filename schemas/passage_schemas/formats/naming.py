"""Types by the names they go by on the wire.

A class goes by its schema's name, in full (`acme.billing.InvoiceSent`) and bare (`InvoiceSent`), unless `types` gives
it others: then by these alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.given.did_you_mean import nearest

Types = Mapping[str, type[Any]]
"""A name on the wire -> the class it stands for."""


def full_name(schema: Mapping[str, Any]) -> str:
    """Of a record's schema, with its namespace."""
    name, namespace = schema["name"], schema.get("namespace")
    return name if "." in name or not namespace else f"{namespace}.{name}"


class Names:
    """The types of one topic by name. Raises SchemaError where one name would stand for two, or `types` has a class the
    topic doesn't carry."""

    def __init__(self, codecs: Sequence[Codec[Any]], types: Types) -> None:
        self.by_name: dict[str, Codec[Any]] = {}
        self._of: dict[type[Any], str] = {}
        by_class = {codec.cls: codec for codec in codecs}
        for name, cls in types.items():
            if cls not in by_class:
                carried = ", ".join(sorted(one.__qualname__ for one in by_class)) or "nothing"
                raise SchemaError(f"types: {name!r} stands for {_said(cls)}, which is not carried here ({carried})")
            self._add(name, by_class[cls])
        for codec in codecs:
            if codec.cls not in types.values():
                for name in dict.fromkeys((codec.name, codec.name.rpartition(".")[2])):
                    self._add(name, codec)

    def _add(self, name: str, codec: Codec[Any]) -> None:
        other = self.by_name.setdefault(name, codec)
        if other is not codec:
            raise SchemaError(
                f"{other.cls.__qualname__} and {codec.cls.__qualname__} both go by {name!r}; give each a name of its "
                "own with types={...}"
            )
        self._of.setdefault(codec.cls, name)

    def find(self, name: str) -> Codec[Any]:
        """The type that goes by this name. Raises SchemaError."""
        found = self.by_name.get(name)
        if found is None:
            raise SchemaError(f"{_shortened(name)} is no type this topic carries; {self._hint(name)}")
        return found

    @property
    def only(self) -> Codec[Any]:
        """The one type there is."""
        (found,) = set(self.by_name.values())
        return found

    def of(self, cls: type[Any]) -> str:
        """The first name a class goes by."""
        return self._of[cls]

    def _hint(self, name: str) -> str:
        """A class of the same bare name is nearest: only the namespace differs."""
        bare = next((one for one in self.by_name if one.rpartition(".")[2] == name.rpartition(".")[2]), None)
        if bare is not None:
            return f"for {self.by_name[bare].cls.__qualname__}, say types={{{name!r}: ...}} or give it the namespace"
        near = nearest(name, self.by_name)
        return f"the nearest is {near!r}" if near else f"known: {', '.join(sorted(self.by_name)) or 'none'}"


def _shortened(name: str) -> str:
    return repr(name if len(name) <= 100 else name[:97] + "...")


def _said(cls: Any) -> str:
    return getattr(cls, "__qualname__", None) or repr(cls)
