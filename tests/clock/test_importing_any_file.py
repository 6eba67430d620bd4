"""Whatever is given to be imported: schedules, or what is wrong in one line. Real files, and what becomes of them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock.importing import READERS, JobsFound, read
from passage_schemas.errors import PassageError
from tests.clock.test_importing import CRONTAB, KUBERNETES
from tests.clock.test_importing_celery import CELERY
from tests.clock.test_importing_quartz import QUARTZ

REAL = {"crontab": CRONTAB, "kubernetes": KUBERNETES, "celery": CELERY, "quartz": QUARTZ, "system-crontab": CRONTAB}

BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20))

NASTY = [
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b'"\\ud800"',
        b"\r",
        b"\x0c",
        b"\x85",
        b"\\",
        b"\n",
        b" ",
    ),
    *(b"9" * 5000, b"1e999", b"-1", b"0x", b"*/0", b"~", b"*", b"%", b"=", b"L-5W", b"2/2", b"@every 9h", b"Mars/Base"),
    *(one * 500 for one in (b"{", b"[", b"(", b"-", b"- ", b"<a>")),
    *(b"&a [*a]", b"*a", b"!!int x", b"!!binary ?", b"2026-02-30", b"{{ .Values.schedule }}", b"null", b"[]", b"{}"),
    *(b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"# -*- coding: latin-1 -*-\n", b"lambda: 0", b"**x"),
]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, bytes]:
    """A kind, and a real file of it (or of another), in which some places were overwritten, cut out or said again."""
    kind = draw(st.sampled_from(sorted(READERS)))
    data = bytearray(REAL[draw(st.sampled_from([kind, kind, kind, *sorted(READERS)]))].encode())
    for _ in range(draw(st.integers(0, 4))):
        begin, length = draw(st.integers(0, len(data))), draw(st.integers(0, 12))
        instead = draw(st.sampled_from([*NASTY, bytes(data[begin : begin + 60]), b""]) | st.binary(max_size=6))
        data[begin : begin + length] = instead
    return kind, bytes(data)


def told(kind: str, data: bytes) -> str:
    """What is said of this file, at last: one line, as all that is said of it."""
    try:
        found = read(kind, data, "old", "UTC")
    except PassageError as error:
        lines = [str(error)]
    else:
        places = [f"{one.place} {one.remark}" for one in found.imported]
        lines = [*places, *(f"{one.place} {one.reason}" for one in found.left_out), f"old: {found.told}"]
    for line in lines:
        assert line.startswith("old")
        assert line.isprintable(), line
    return lines[-1]


@settings(max_examples=250)
@given(spoilt())
def test_whatever_becomes_of_a_real_file_is_read_or_refused_in_a_line(one: tuple[str, bytes]) -> None:
    told(*one)


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(kind: str, data: bytes) -> None:
    told(kind, data)


DEEP: dict[str, tuple[str, Callable[[int], str]]] = {
    "YAML in brackets": ("kubernetes", lambda deep: "a: " + "[" * deep),
    "YAML in blocks": ("kubernetes", lambda deep: "".join(" " * n + "a:\n" for n in range(min(deep, 1_000)))),
    "JSON": ("kubernetes", lambda deep: '{"items":' + "[" * deep + "]" * deep + "}"),
    "Python's brackets": ("celery", lambda deep: "beat_schedule = " + "(" * deep),
    "Python's signs": ("celery", lambda deep: "beat_schedule = " + "-" * deep + "1"),
    "Python's names": ("celery", lambda deep: "beat_schedule = a" + ".b" * deep),
    "Python's sums": ("celery", lambda deep: "beat_schedule = {'a': {'schedule': " + "1+" * deep + "1}}"),
    "XML": ("quartz", lambda deep: "<a>" * deep),
    "XML that ends": ("quartz", lambda deep: "<trigger>" * deep + "</trigger>" * deep),
}


@pytest.mark.parametrize("shape", DEEP)
def test_however_deep_it_lies_it_is_read_or_refused(shape: str) -> None:
    kind, text = DEEP[shape]
    for deep in (90, 1_000, 20_000 if kind == "celery" else 2_000):
        assert told(kind, text(deep).encode())


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("kubernetes", BOMB.encode(), "with what its aliases name it has more than"),
        ("kubernetes", b"a: !!python/object:os.system x", "not YAML"),
        ("kubernetes", b"a: !!int x", "take the !! tags out"),
        ("kubernetes", "kind: CronJob".encode("utf-16"), "not UTF-8 text; save the file as UTF-8"),
        ("crontab", b"0 0 * * * caf\xe9", "not UTF-8 text; save the file as UTF-8"),
        ("celery", b"a = 1\x00", "not Python"),
        ("celery", b"a = 'caf\xe9'", "not Python"),
        ("quartz", b'<?xml version="1.0" encoding="klingon"?><a/>', "not XML"),
        ("quartz", b'<?xml version="1.0" encoding="shift_jis"?><a/>', "not XML"),
    ],
)
def test_what_cant_be_read_is_told_in_a_line(kind: str, data: bytes, said: str) -> None:
    assert said in told(kind, data)


def test_a_file_that_says_its_encoding_is_read_in_it() -> None:
    xml = f'<?xml version="1.0" encoding="ISO-8859-1"?>{QUARTZ.splitlines()[1]}<!-- caf\xe9 --></job-scheduling-data>'
    assert read("quartz", xml.encode("latin-1"), "old", "UTC").told.startswith("0 found")
    module = f"# -*- coding: latin-1 -*-\n# caf\xe9\n{CELERY}"
    assert len(read("celery", module.encode("latin-1"), "old", "UTC").imported) == 4


@pytest.mark.parametrize(
    ("kind", "text", "hint"),
    [
        ("crontab", "CRON_TZ=Europe/Amstredam\n0 0 * * * x", "did you mean 'Europe/Amsterdam'?"),
        ("kubernetes", "kind: CronJob\nspec: {schedule: '0 0 * * *', timeZone: Mars}", "'Mars' is not in tzdata"),
        ("celery", "timezone = 'Z'\nbeat_schedule = {'a': {'schedule': crontab()}}", "did you mean 'UTC'?"),
        (
            "quartz",
            "<a><trigger><cron><cron-expression>0 0 0 * * ?</cron-expression><time-zone>GMT+2</time-zone></cron>"
            "</trigger></a>",
            "Etc/GMT-2",
        ),
    ],
)
def test_a_zone_that_is_none_leaves_the_job_out_with_a_hint(kind: str, text: str, hint: str) -> None:
    found = read(kind, text.encode(), "old", "UTC")
    (lost,) = found.left_out
    assert hint in lost.reason
    assert not found.imported


def test_many_jobs_of_one_name_have_a_name_each() -> None:
    found = JobsFound("UTC")
    for line in range(300):
        found.add(f"old:{line}", "report", {"cron": "0 9 * * *"})
    found.add("old:last", "report 2", {"cron": "0 9 * * *"})
    assert [found.imported[number].item["name"] for number in (0, 1, 299, 300)] == [
        "report",
        "report.2",
        "report.300",
        "report.2.2",
    ]


def test_the_last_line_tells_each_reason_once_and_no_more_than_three() -> None:
    found = JobsFound("UTC")
    assert found.told == "0 found, 0 left out (no job is in it; is it the right file?)"
    found.add("old:1", "a", {"cron": "0 9 * * *"})
    assert found.told == "1 found, 0 left out"
    for reason in ("one", "two", "one", "three", "four", "five"):
        found.leave_out("old:2", "b", reason)
    assert found.told == "1 found, 6 left out (one; two; three; and 2 more)"
