"""A key goes where a Java service would send it."""

import pytest

from passage_schemas.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "java"),
    [
        # org.apache.kafka.common.utils.UtilsTest.testMurmur2; Java's ints are signed.
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_javas(key: bytes, java: int) -> None:
    assert murmur2(key) == java & 0xFFFFFFFF


def test_a_negative_hash_gives_a_partition_nonetheless() -> None:
    assert partition_of(b"foobar", 12) == (-790332482 & 0x7FFFFFFF) % 12


def test_every_partition_is_used() -> None:
    assert {partition_of(b"invoice-%d" % number, 12) for number in range(500)} == set(range(12))
