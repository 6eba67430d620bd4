"""Every code Kafka's client knows, in a question, beside records, and in a transaction: what passes waits, what
somebody can mend is told in one line with the mend, and nothing ends a process that patience would have mended."""

import pytest
from confluent_kafka import KafkaError

from passage_log.errors import Fenced, LogError, Truncated, Unfit, Unreachable, WriterLost
from passage_log.kafka import errors

CODES = {
    name: code
    for name in dir(KafkaError)
    if name.strip("_").isupper() and isinstance(code := getattr(KafkaError, name), int) and name != "NO_ERROR"
}

BROKERS_IN_TROUBLE = {
    "KAFKA_STORAGE_ERROR", "NETWORK_EXCEPTION", "BROKER_NOT_AVAILABLE", "NOT_CONTROLLER", "THROTTLING_QUOTA_EXCEEDED",
    "UNKNOWN", "LOG_DIR_NOT_FOUND", "STALE_BROKER_EPOCH", "NOT_ENOUGH_REPLICAS", "COORDINATOR_LOAD_IN_PROGRESS",
    "REBOOTSTRAP_REQUIRED", "PREFERRED_LEADER_NOT_AVAILABLE", "TRANSACTION_COORDINATOR_FENCED", "_FAIL", "_SSL",
    "_TRANSPORT", "_UNKNOWN_BROKER", "_BAD_MSG",
}  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_a_question_is_asked_again_or_its_mend_told(name: str) -> None:
    error = errors.of_question(KafkaError(CODES[name]), "topic x", "no broker answered")
    assert type(error) is (Unfit if CODES[name] in errors.UNFIT else Unreachable)
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", CODES)
def test_what_comes_beside_the_records_never_ends_a_reader_that_may_go_on(name: str) -> None:
    code = CODES[name]
    expected = Truncated if code in errors.GONE else Unfit if code in errors.UNFIT else type(None)
    assert type(errors.of_event(KafkaError(code), f"x[{code}]")) is expected


@pytest.mark.parametrize("name", CODES)
def test_a_writer_is_fenced_unfit_or_to_be_replaced(name: str) -> None:
    error = errors.of_writer(KafkaError(CODES[name]), "writer w")
    assert type(error) in (Fenced, Unfit, WriterLost)


def test_a_client_that_can_not_go_on_says_so() -> None:
    error = errors.of_event(KafkaError(KafkaError._FATAL, "broken", fatal=True), "group g")
    assert isinstance(error, Unfit)
    assert "start the process again" in str(error)


@pytest.mark.parametrize("name", sorted(BROKERS_IN_TROUBLE))
def test_a_broker_in_trouble_is_waited_for(name: str) -> None:
    error = KafkaError(CODES[name])
    assert isinstance(errors.of_question(error, "topic x", "no broker answered"), Unreachable)
    assert isinstance(errors.of_writer(error, "writer w"), WriterLost)
    assert errors.of_event(error, "x[0]") is None


@pytest.mark.parametrize("code", errors.UNFIT)
def test_what_somebody_can_mend_says_what(code: int) -> None:
    assert errors.UNFIT[code] in errors.told(KafkaError(code), "topic x")


def test_a_code_is_of_one_kind() -> None:
    kinds = (errors.FENCED, errors.UNREACHABLE, errors.MOVING, errors.PASSING, set(errors.UNFIT), errors.GONE)
    assert sum(map(len, kinds)) == len(set().union(*kinds))


def test_what_is_not_known_to_pass_is_said_once_in_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(100):
        assert errors.of_event(KafkaError(KafkaError.KAFKA_STORAGE_ERROR), "said[0]") is None
    said = capsys.readouterr()
    assert (said.out + said.err).count("log_trouble") == 1


def test_no_kind_of_error_is_one_that_nobody_catches() -> None:
    kinds = {type(errors.of_question(KafkaError(code), "x", "nobody")) for code in CODES.values()}
    assert LogError not in kinds
