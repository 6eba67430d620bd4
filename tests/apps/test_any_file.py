"""Whatever stands in an app's file, it is an app or one line that names the file and the place."""

import copy
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from passage import AppError
from passage.apps import load_app_file
from passage_schemas.errors import ConfigError

APP = """\
app: collections
inputs: {billing: [Invoiced, Paid]}
output: collections.derived
events:
  Invoiced: {customer: string, amount: "decimal(12,2)", terms: int, country: string}
  Paid: {avsc: paid.avsc}
  Overdue: {invoice: string, customer: string, level: float, tags: list of string, by: "date?"}
policies:
  - name: overdue
    starts_on: Invoiced
    after: {field: terms, plus: 1}
    of: {field: country, one_of: {NL: day.nl}}
    unless: Paid
    every: 3
    emits: {Overdue: {invoice: $key, customer: $fact.customer, level: 2, tags: [a, b], by: 2026-01-01}}
reports:
  - name: weekly
    of: week.utc
    since: "2026-01-01T00:00:00Z"
    emits: {Overdue: {invoice: $period, customer: "", level: 1, tags: [a]}}
derived_from: {billing: shop}
formats:
  billing: {json: {type_field: kind, types: {paid: Paid}}}
  collections.derived: {cloudevents: {mode: structured}}
on_error: skip
grace_seconds: 2
"""
PAID: dict[str, Any] = {"type": "record", "name": "Paid", "namespace": "acme", "fields": [
    {"name": "how", "type": {"type": "enum", "name": "How", "symbols": ["CASH", "CARD"]}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}},
    {"name": "by", "default": None, "type": [
        "null", {"type": "record", "name": "Payer", "fields": [{"name": "name", "type": "string"}]},
    ]},
    {"name": "parts", "type": {"type": "array", "items": "long"}},
]}  # fmt: skip
ODD: list[Any] = [
    None, "", 0, -1, 2**70, 1.5, True, [], {}, [None], {1: 2}, {None: 1}, "$", "$$", "$fact.", "$key", "decimal(0,0)",
    "decimal(99,2)", "list of", "int??", "string", "date?", "a b", "cut", "..", "None", "class", {"avsc": "."},
    {"python": "os:path"}, {"python": "..a:b"}, {"python": "broken:It"}, "json", {"json": None}, {"confluent": {}},
    {"field": "country", "one_of": {}}, {"field": ["x"]}, "Paid", "x" * 300, "int", ["int", "string"], {"type": "int"},
    {"type": "array"}, {"type": "enum", "name": "X"}, {"type": "record", "name": "R"}, {"name": "for", "type": "int"},
]  # fmt: skip
NAMES: list[Any] = [None, 1, "", "for", "self", "__class__", "validate", "a.b", "é", "Paid", "avsc", "name", "emits"]


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for name, value in inside for place in places(value, (*at, name)))]


def changed(choose: random.Random, tree: Any) -> Any:
    """Somewhere something else: another value, another name, one too few or one too many."""
    *outer, name = choose.choice(places(tree)[1:])
    node = tree
    for part in outer:
        node = node[part]
    kind = choose.randrange(4)
    if kind == 0 or isinstance(node, list):
        node[name] = copy.deepcopy(choose.choice(ODD))
    elif kind == 1:
        del node[name]
    elif kind == 2:
        node[choose.choice(NAMES)] = node.pop(name)
    else:
        node[choose.choice(NAMES)] = copy.deepcopy(choose.choice(ODD))
    return tree


def refusal(file: Path) -> str | None:
    try:
        load_app_file(file)
    except (ConfigError, AppError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_file_says_it_is_an_app_or_one_line(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose, yaml, outcomes = random.Random(seed), YAML(typ="safe"), set()
    file, words = tmp_path / "app.yaml", tmp_path / "paid.avsc"
    (tmp_path / "broken.py").write_text("1 / 0", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for number in range(25):
        tree, told, out = yaml.load(APP), copy.deepcopy(PAID), io.StringIO()
        if number:
            tree, told = (changed(choose, tree), told) if number % 3 else (tree, changed(choose, told))
        yaml.dump(tree, out)
        file.write_text(out.getvalue(), "utf-8")
        words.write_text(json.dumps(told), "utf-8")
        said = refusal(file)
        outcomes.add("an app" if said is None else "one line")
        assert said is None or re.fullmatch(re.escape(str(file)) + r"(:\d+: |: app ).*", said), said
    assert outcomes == {"an app", "one line"}
