"""What a user may not set is told, and nothing else is overruled."""

from passage_log.client_settings import RESERVED
from passage_log.kafka import settings
from passage_log.kafka.access import Access


def test_exactly_what_is_overruled_is_reserved() -> None:
    plain = Access("localhost:9092", {})
    ours = [
        settings.consumer(plain, "g"), settings.member(plain, "g", "range"),
        settings.gate(plain, "g"), settings.producer(plain), settings.transactional(plain, "t", 15.0),
    ]  # fmt: skip
    names = {name for one in ours for name in one}
    theirs = Access("localhost:9092", dict.fromkeys(names, "theirs"))
    made = [
        settings.consumer(theirs, "g"), settings.member(theirs, "g", "range"),
        settings.gate(theirs, "g"), settings.producer(theirs), settings.transactional(theirs, "t", 15.0),
    ]  # fmt: skip

    overruled = {name for one in made for name, value in one.items() if value != "theirs"}
    assert overruled == RESERVED
