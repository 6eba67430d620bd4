"""A schema registry: what it knows, what it won't have, and what is no answer at all. On a real one."""

import json
import urllib.request
from contextlib import closing
from itertools import count

import pytest

from passage_log.errors import Unfit, Unreachable
from passage_log.kafka.registry import SchemaRegistry
from passage_log.registry import registry_at
from passage_schemas.errors import Interrupted, SchemaError
from passage_schemas.fingerprint import fingerprint
from passage_trial.network import free_port

_names = count(1)
DRAFT_7 = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'


def schema(name: str, **fields: object) -> dict[str, object]:
    return {
        "type": "record",
        "name": name,
        "namespace": "acme",
        "fields": [{"name": field, "type": kind} for field, kind in fields.items()],
    }


def post(address: str, subject: str, body: dict[str, object]) -> int:
    request = urllib.request.Request(
        f"{address}/subjects/{subject}/versions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with closing(urllib.request.urlopen(request, timeout=10)) as answer:
        return int(json.load(answer)["id"])


@pytest.mark.kafka
def test_a_registered_schema_is_found_by_its_number(registry_address: str) -> None:
    written = schema(f"Found{next(_names)}", invoice="string")
    number = SchemaRegistry(registry_address).number("found-value", written, register=True)
    assert SchemaRegistry(registry_address).schema(number) == written
    assert SchemaRegistry(registry_address).number("found-value", written, register=False) == number


@pytest.mark.kafka
def test_an_unknown_number_is_the_values_fault(registry_address: str) -> None:
    with pytest.raises(SchemaError, match="knows no schema 999999; the value was framed for another registry"):
        SchemaRegistry(registry_address).schema(999_999)


@pytest.mark.kafka
def test_what_is_not_registered_and_should_not_be_is_said(registry_address: str) -> None:
    with pytest.raises(Unfit, match=r"does not have acme.Nowhere under subject 'nowhere-value'; register it") as said:
        SchemaRegistry(registry_address).number("nowhere-value", schema("Nowhere"), register=False)
    assert isinstance(said.value, Interrupted)


@pytest.mark.kafka
def test_a_schema_that_could_not_read_older_values_is_refused(registry_address: str) -> None:
    registry = SchemaRegistry(registry_address)
    registry.number("changed-value", schema("Changed", amount="string"), register=True)
    with pytest.raises(Unfit, match=r"refuses acme.Changed under subject 'changed-value': 409"):
        registry.number("changed-value", schema("Changed", amount="int"), register=True)


@pytest.mark.kafka
def test_what_is_no_avro_is_refused(registry_address: str) -> None:
    number = post(registry_address, "json-value", {"schemaType": "JSON", "schema": DRAFT_7})
    with pytest.raises(SchemaError, match=f"schema {number} in the registry is of type JSON; a fact's is AVRO"):
        SchemaRegistry(registry_address).schema(number)


@pytest.mark.kafka
def test_a_schema_that_refers_to_others_is_made_whole(registry_address: str) -> None:
    line = schema("Line", price="string")
    box = schema("Box", first="acme.Line", second="Line")
    order = schema("Boxed", box="Box", line=["null", "Line"])
    post(registry_address, "line", {"schema": json.dumps(line)})
    to_line = {"name": "acme.Line", "subject": "line", "version": 1}
    post(registry_address, "box", {"schema": json.dumps(box), "references": [to_line]})
    to_box = {"name": "acme.Box", "subject": "box", "version": 1}
    number = post(registry_address, "boxed", {"schema": json.dumps(order), "references": [to_box, to_line]})
    whole_line = {**line, "fields": [{"name": "price", "type": "string"}]}
    whole_box = schema("Box", first=whole_line, second="acme.Line")
    found = SchemaRegistry(registry_address).schema(number)
    assert found == schema("Boxed", box=whole_box, line=["null", "acme.Line"])
    assert fingerprint(found), "Avro can read it"


@pytest.mark.kafka
def test_another_thing_at_the_address_is_no_verdict_on_a_value(registry_address: str) -> None:
    elsewhere = registry_address.partition("/apis")[0]
    with pytest.raises(Unfit, match=f"no schema registry at {elsewhere}: 404 .*is a path missing"):
        SchemaRegistry(elsewhere).schema(1)


def test_nobody_there_is_no_verdict_on_a_value_and_no_secret_is_told() -> None:
    address = f"127.0.0.1:{free_port()}"
    registry = SchemaRegistry(f"http://clerk:hush%21@{address}")
    with pytest.raises(Unreachable, match=f"no registry answered at http://{address}") as said:
        registry.schema(1)
    assert isinstance(said.value, Interrupted)
    assert "hush" not in f"{said.value} {registry!r}"


@pytest.mark.parametrize("address", ["registry:8081", "ftp://registry", "http://", "http://registry:port", "hush"])
def test_what_is_no_address_is_refused_when_it_is_given(address: str) -> None:
    with pytest.raises(SchemaError, match=r"not an address.*it looks like http://registry:8081"):
        SchemaRegistry(address)


def test_a_setting_the_client_does_not_know_is_refused() -> None:
    with pytest.raises(SchemaError, match="registry http://registry: Unrecognized properties: colour"):
        SchemaRegistry("http://registry", {"colour": "blue"})


def test_the_environment_names_it_where_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSAGE_REGISTRY", raising=False)
    assert registry_at(None) is None
    monkeypatch.setenv("PASSAGE_REGISTRY", "http://clerk:hush@one:8081")
    assert repr(registry_at(None)) == "SchemaRegistry('http://one:8081')"
    assert repr(registry_at("https://two/apis")) == "SchemaRegistry('https://two/apis')"


@pytest.mark.kafka
@pytest.mark.parametrize("number", [0, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_a_number_no_registry_counts_to_is_the_values_fault(registry_address: str, number: int) -> None:
    with pytest.raises(SchemaError):
        SchemaRegistry(registry_address).schema(number)


@pytest.mark.kafka
def test_an_unexplained_answer_of_what_is_no_registry_is_not_the_values_fault(registry_address: str) -> None:
    elsewhere = registry_address.rsplit("/apis", 1)[0] + "/nowhere"
    with pytest.raises(Unfit, match="no schema registry at"):
        SchemaRegistry(elsewhere).schema(1 << 31)
