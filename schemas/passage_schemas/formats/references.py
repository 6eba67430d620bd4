"""A registered schema that refers to others, made whole: each definition is put where its name is first used.

Avro reads a name that was defined before it in the same schema; a registry keeps the definitions apart.
"""

from collections.abc import Mapping
from typing import Any

from passage_schemas.formats.naming import full_name


def whole(schema: Any, others: list[Any]) -> Any:
    """The schema with what it uses of `others` inside."""
    named = {full_name(one): one for one in others if isinstance(one, dict) and isinstance(one.get("name"), str)}
    return _Inlining(named).walk(schema, "")


class _Inlining:
    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._defined: set[str] = set()

    def walk(self, node: Any, namespace: str) -> Any:
        if isinstance(node, str):
            return self._name(node, namespace)
        if isinstance(node, list):
            return [self.walk(branch, namespace) for branch in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("name"), str):
            name = full_name(node) if node.get("namespace") or "." in node["name"] else _full(node["name"], namespace)
            self._defined.add(name)
            namespace = name.rpartition(".")[0]
        found = dict(node)
        for part in ("type", "items", "values"):
            if part in found:
                found[part] = self.walk(found[part], namespace)
        if isinstance(found.get("fields"), list):
            found["fields"] = [{**one, "type": self.walk(one.get("type"), namespace)} for one in found["fields"]]
        return found

    def _name(self, name: str, namespace: str) -> Any:
        full = _full(name, namespace)
        found = next((one for one in (full, name) if one in self._named), None)
        if found is None:
            return name
        if found in self._defined:
            return found
        definition = self._named[found]
        # Said in full, or it would take on the namespace of whatever it is put into.
        return self.walk({**definition, "name": found.rpartition(".")[2], "namespace": found.rpartition(".")[0]}, "")


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"
