"""What can be the address of a Kafka, and what is refused before anybody is looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_log.address import check_bootstrap, why_no_address
from passage_log.errors import Unfit
from passage_log.kafka import KafkaLog

FINE = [
    "localhost:9092", "kafka-1:9092,kafka-2:9092", "10.0.0.7:1", "a.b.example.com:65535", "broker_1:9092", "[::1]:9092",
    "[fe80::1%eth0]:9092", "[::ffff:10.0.0.1]:9092,kafka:9093", "SASL_SSL://kafka:9093", "SSL://[::1]:9093",
    "host.:9092",
]  # fmt: skip
WRONG = {
    "": "there is nothing",
    "foo": "the port is missing",
    "foo:": "the port is missing",
    "[::1]": "the port is missing",
    "[::1]9092": "the port is missing",
    ":9092": "the host is missing",
    "foo:0": "a port is a number from 1 to 65535",
    "foo:65536": "a port is a number from 1 to 65535",
    "foo:99999999999999999999": "a port is a number from 1 to 65535",
    "foo:-1": "a port is a number from 1 to 65535",
    "foo:90a2": "a port is a number from 1 to 65535",
    "foo:９０９２": "a port is a number from 1 to 65535",
    "foo:9092,": "there is nothing",
    ",foo:9092": "there is nothing",
    "foo:9092,,bar:9092": "there is nothing",
    "foo:9092, bar:9092": "a space",
    " foo:9092": "a space",
    "foo:9092\n": "a space",
    "foo bar:9092": "a space",
    "foo:9092;bar:9092": "is no protocol|brackets|is no host's name",
    "kafka://foo:9092": "kafka:// is no protocol",
    "http://foo:9092": "http:// is no protocol",
    "foo:9092/path": "a port is a number",
    "::1:9092": "brackets",
    "fe80::1": "brackets",
    "[::1:9092": "the bracket is not closed",
    "[]:9092": "nothing is no IPv6 address",
    "[foo]:9092": "foo is no IPv6 address",
    "[::1]:0": "a port is a number",
    "300.1.1.1:9092": "is no IPv4 address",
    "1.2.3:9092": "is no IPv4 address",
    "-foo:9092": "is no host's name",
    "foo..bar:9092": "is no host's name",
    "user@foo:9092": "is no host's name",
    "bröker:9092": "is no host's name",
    "a" * 64 + ":9092": "is no host's name",
}


@pytest.mark.parametrize("address", FINE)
def test_what_can_be_an_address_is_taken_as_it_is(address: str) -> None:
    assert check_bootstrap(address) == address
    KafkaLog(address).close()


@pytest.mark.parametrize("address", WRONG)
def test_what_can_be_none_is_refused_at_once_with_the_reason(address: str) -> None:
    with pytest.raises(ValueError, match=rf"is not HOST:PORT: .*({WRONG[address]}).*; write e.g. kafka-1:9092"):
        check_bootstrap(address)
    with pytest.raises(Unfit, match=r"bootstrap: .* is not HOST:PORT"):
        KafkaLog(address)


@given(st.text(max_size=80))
def test_whatever_is_written_there_is_an_answer_of_one_line(text: str) -> None:
    said = why_no_address(text)
    assert said is None or (said and "\n" not in said)
