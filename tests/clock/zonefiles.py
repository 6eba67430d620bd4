"""The zones' own files, read a second way: what civil.py finds by asking, these say outright (RFC 9636)."""

import struct
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

HEADER = struct.Struct(">4s1s15x6l")


@cache
def zone_info(zone: str) -> ZoneInfo:
    """The standard library's reading of the same file; `ZoneInfo(zone)` would read the system's, which may be older."""
    with resources.files("tzdata.zoneinfo").joinpath(zone).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


def offset_changes(zone: str) -> list[tuple[int, int, int]]:
    """(second since 1970, offset before, offset after), in order, as far as the file lists them one by one."""
    data = resources.files("tzdata.zoneinfo").joinpath(zone).read_bytes()
    at = _end_of_block(data, 0, time_bytes=4)
    _, _, _, _, _, times, kinds, _ = HEADER.unpack_from(data, at)
    at += HEADER.size
    instants = struct.unpack_from(f">{times}q", data, at)
    indices = data[at + 8 * times : at + 9 * times]
    offsets = [struct.unpack_from(">lbb", data, at + 9 * times + 6 * kind)[0] for kind in range(kinds)]
    passed = [offsets[index] for index in indices]
    changes = zip(instants[1:], passed, passed[1:], strict=False)
    return [(second, before, after) for second, before, after in changes if before != after]


@cache
def kinds_of_change() -> list[tuple[str, int]]:
    """(zone, second since 1970): one of each kind of change there was since 1971, by how much and at which time of day;
    a rule that survives these survives any change of any zone."""
    kinds = {
        (before, after, (second + before) % 86400): (zone, second)
        for zone in sorted(available_zones())
        for second, before, after in offset_changes(zone)
        if second > 366 * 86400
    }
    return list(kinds.values())


def available_zones() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def _end_of_block(data: bytes, at: int, time_bytes: int) -> int:
    counts: list[int]
    magic, _, *counts = HEADER.unpack_from(data, at)
    ut, standard, leaps, times, kinds, letters = counts
    assert magic == b"TZif"
    return at + HEADER.size + times * (time_bytes + 1) + kinds * 6 + letters + leaps * (time_bytes + 4) + standard + ut
