"""Which partition a key goes to: murmur2, as the Java client and Kafka Streams do it.

librdkafka's own default is CRC-32, so a Java service and a Python one would put the same invoice in different
partitions; whoever writes facts for Passage should use this.
"""


def murmur2(key: bytes) -> int:
    """Kafka's murmur2 of `key`, as an unsigned 32-bit number (org.apache.kafka.common.utils.Utils.murmur2)."""
    m = 0x5BD1E995
    h = 0x9747B28C ^ len(key)
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & 0xFFFFFFFF
        k = (k ^ k >> 24) * m & 0xFFFFFFFF
        h = (h * m & 0xFFFFFFFF) ^ k
    if tail := key[whole:]:
        h = (h ^ int.from_bytes(tail, "little")) * m & 0xFFFFFFFF
    h = (h ^ h >> 13) * m & 0xFFFFFFFF
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1, that holds every record with this key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
