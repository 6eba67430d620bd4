"""Importing Quartz's XML: what becomes a schedule, with which remark, and what is left out and why."""

from typing import Any

import pytest

from passage_clock.errors import ClockError
from passage_clock.importing import JobsFound, read
from passage_clock.importing.quartz import read_quartz
from passage_clock.importing.quartz_cron import AS_QUARTZ, of_quartz
from passage_schemas.instant import Instant, datetime_of
from tests.clock.importing import schedule_of

QUARTZ = """\
<?xml version="1.0"?>
<job-scheduling-data xmlns="http://www.quartz-scheduler.org/xml/JobSchedulingData">
  <schedule>
    <trigger><cron><name>t1</name><job-name>Close</job-name>
      <misfire-instruction>MISFIRE_INSTRUCTION_DO_NOTHING</misfire-instruction>
      <cron-expression>0 0 18 ? * 6L</cron-expression><time-zone>Europe/Paris</time-zone></cron></trigger>
    <trigger><cron><name>t2</name><job-name>Pay</job-name><calendar-name>holidays</calendar-name><priority>9</priority>
      <cron-expression>0 0 12 ? * 6#3</cron-expression></cron></trigger>
    <trigger><simple><name>t3</name><job-name>Ping</job-name>
      <repeat-count>-1</repeat-count><repeat-interval>10000</repeat-interval></simple></trigger>
    <trigger><simple><name>t4</name><job-name>Thrice</job-name><start-time>2027-01-01T09:00:00+01:00</start-time>
      <misfire-instruction>MISFIRE_INSTRUCTION_FIRE_NOW</misfire-instruction>
      <repeat-count>2</repeat-count><repeat-interval>10000</repeat-interval></simple></trigger>
    <trigger><cron><name>t5</name><job-name>Once</job-name>
      <cron-expression>0 0 12 1 1 ? 2027</cron-expression></cron></trigger>
    <trigger><calendar-interval><name>t6</name><job-name>Monthly</job-name></calendar-interval></trigger>
  </schedule>
</job-scheduling-data>
"""

PAST = "from its start-time on, also what has gone by: take starts_at out if that is not wanted"


def triggers(*inner: str) -> str:
    wrapped = "".join(f"<trigger>{one}</trigger>" for one in inner)
    return f"<job-scheduling-data><schedule>{wrapped}</schedule></job-scheduling-data>"


def rules(found: JobsFound) -> dict[str, dict[str, Any]]:
    return {
        str(one.item["name"]): {key: value for key, value in one.item.items() if key not in ("name", "event")}
        for one in found.imported
    }


def test_triggers_become_schedules_with_what_bounds_them() -> None:
    found = read("quartz", QUARTZ.encode(), "quartz.xml", "Europe/Berlin")

    assert rules(found) == {
        "close": {"cron": "0 18 * * 5L", "zone": "Europe/Paris", "misfire": "skip", **AS_QUARTZ},
        "pay": {"cron": "0 12 * * 5#3", "zone": "Europe/Berlin", **AS_QUARTZ},
        "ping": {"every": "10 seconds", "zone": "UTC"},
        "thrice": {
            "rrule": "FREQ=SECONDLY;INTERVAL=10;UNTIL=20270101T080020Z", "starts_at": "2027-01-01T08:00:00",
            "zone": "UTC",
        },
        "once": {
            "rrule": "FREQ=DAILY;BYMONTHDAY=1;BYMONTH=1;BYHOUR=12;BYMINUTE=0;BYSECOND=0;UNTIL=20271231T235959",
            "starts_at": "2027-01-01T00:00:00", "zone": "Europe/Berlin", **AS_QUARTZ,
        },
    }  # fmt: skip
    assert [one.remark for one in found.imported] == [
        "",
        "it leaves out Quartz's calendar 'holidays': add except:; its priority of 9 is not kept: ticks of one instant "
        "have no rank",
        "it runs by elapsed time from when Quartz loads the file; here by the clock, in UTC",
        f"it runs by elapsed time, and is written in UTC; {PAST}; MISFIRE_INSTRUCTION_FIRE_NOW has no match here: "
        "every late tick is published, at its own time; see misfire:",
        PAST,
    ]
    assert [(one.known_as, one.reason) for one in found.left_out] == [
        ("Monthly", "a <calendar-interval> trigger has no match here; use cron:, rrule: or every:")
    ]


@pytest.mark.parametrize(
    ("quartz", "cron"),
    [
        ("0 15 10 ? * MON-FRI", "15 10 * * MON-FRI"),
        ("0 0/5 14,18 * * ?", "0/5 14,18 * * *"),
        ("0 /5 * * * ?", "*/5 * * * *"),
        ("0 0 12 ? * 2-6", "0 12 * * 1-5"),
        ("0 0 12 ? * 1,7", "0 12 * * 0,6"),
        ("0 0 12 ? * L", "0 12 * * 6"),
        ("0 0 12 LW * ? *", "0 12 LW * *"),
        ("30 0 12 15W * ?", "30 0 12 15W * *"),
        ("0 0 9 ? * 2/2", "0 9 * * 1,3,5"),
        ("0 0 9 ? * FRI-MON", "0 9 * * 0-1,5-6"),
        ("0 0 22-2 * NOV-FEB ?", "0 0-2,22-23 * 1-2,11-12 *"),
        ("0 0 9 ? * FRIL", "0 9 * * 5L"),
        ("0 0-30/40 9 * * ?", "0 9 * * *"),
    ],
)
def test_quartzs_spelling_in_ours(quartz: str, cron: str) -> None:
    assert of_quartz(quartz) == {"cron": cron, **AS_QUARTZ}


def test_what_a_zone_skips_is_passed_over_and_what_it_has_twice_fires_at_the_second_pass() -> None:
    row = "<cron><name>{0}</name><cron-expression>{1}</cron-expression><time-zone>America/New_York</time-zone></cron>"
    found = read(
        "quartz", triggers(row.format("gap", "0 30 2 * * ?"), row.format("fold", "0 30 1 * * ?")).encode(), "q", "UTC"
    )
    gap, fold = (schedule_of(one.item) for one in found.imported)

    midnight = Instant(1_772_928_000_000_000)  # 2026-03-08
    assert datetime_of(next(gap.occurrences(midnight)).ends_at).isoformat() == "2026-03-09T06:30:00+00:00"
    midnight = Instant(1_793_491_200_000_000)  # 2026-11-01
    assert datetime_of(next(fold.occurrences(midnight)).ends_at).isoformat() == "2026-11-01T06:30:00+00:00"


def test_days_counted_back_from_the_end_are_a_filter() -> None:
    assert of_quartz("0 0 9 L-3 * ?") == {"cron": "0 9 * * *", "only": [{"day_of_month": [-4]}], **AS_QUARTZ}
    said = triggers("<cron><name>lw</name><cron-expression>0 0 9 L-5W * ?</cron-expression></cron>")
    (found,) = read("quartz", said.encode(), "q", "UTC").imported
    coming = schedule_of(found.item).occurrences(Instant(1_767_225_600_000_000))  # 2026-01-01
    assert [datetime_of(next(coming).ends_at).strftime("%m-%d") for _ in range(5)] == [
        "01-26", "02-23", "03-26", "04-24", "05-26",
    ]  # fmt: skip
    assert found.remark == "L-5W, the weekday nearest to that day, is written as only:"


SIMPLE = "<simple><name>s</name><job-name>S</job-name>{}</simple>"
START = "<start-time>2027-01-01T00:00:00Z</start-time>"


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<repeat-interval>60000</repeat-interval>", "it fires once from when Quartz loads the file"),
        ("<repeat-count>4</repeat-count><repeat-interval>60000</repeat-interval>", "it fires 5 times from when"),
        (
            "<start-time-seconds-in-future>9</start-time-seconds-in-future><repeat-interval>60000</repeat-interval>",
            "it fires once from when",
        ),
        ("<repeat-count>-1</repeat-count>", "Quartz takes no -1 repeats every 0 ms"),
        ("<repeat-count>-2</repeat-count>", "Quartz takes no -2 repeats"),
        ("<repeat-count>many</repeat-count>", "its repeat-count 'many' is no whole number"),
        ("<repeat-count>-1</repeat-count><repeat-interval>7000</repeat-interval>", "every 7 s drifts"),
        (START + "<repeat-count>1</repeat-count><repeat-interval>1500</repeat-interval>", "it fires between two"),
        (START + "<end-time>2026-01-01T00:00:00Z</end-time>", "it ends before it starts"),
        ("<start-time>2027-02-30T00:00:00Z</start-time>", "its start-time '2027-02-30T00:00:00Z' is no time"),
        ("<start-time>soon</start-time>", "its start-time 'soon' is no time"),
    ],
)
def test_a_simple_trigger_that_can_not_be_kept_is_left_out(inner: str, reason: str) -> None:
    found = read("quartz", triggers(SIMPLE.format(inner)).encode(), "q", "UTC")
    assert not found.imported
    assert found.left_out[0].reason.startswith(reason)


def test_names_with_a_step_are_what_quartz_makes_of_them() -> None:
    said = triggers("<cron><name>t</name><cron-expression>0 0 9 ? * MON-FRI/2</cron-expression></cron>")
    (found,) = read("quartz", said.encode(), "q", "UTC").imported
    assert found.item["cron"] == "0 9 * * MON-FRI"
    assert found.remark == "Quartz passes over the /2 behind a name, and so is it here"


def test_xml_is_read_in_the_encoding_it_names() -> None:
    text = triggers("<cron><name>Prüfung</name><cron-expression>0 0 9 * * ?</cron-expression></cron>")
    latin = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("latin-1")
    assert read_bytes(latin).imported[0].known_as == "Prüfung"


def read_bytes(data: bytes) -> JobsFound:
    return read_quartz(data, "q", "UTC")


BOMB = (
    '<!DOCTYPE b [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 20 if n else "&a;"}">' for n in range(9))
    + "]><b>&a8;</b>"
)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0", b"<a", b"<a>" * 100_000, BOMB.encode(), b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<?xml version="1.0" encoding="big5"?><a/>', b"<a>\xff</a>", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>&b;</a>',
    ],
)  # fmt: skip
def test_what_is_no_xml_is_one_line(data: bytes) -> None:
    with pytest.raises(ClockError, match=r"^q(:\d+)?: not XML: ") as refused:
        read_bytes(data)
    assert "\n" not in str(refused.value)


def test_a_deep_document_is_read() -> None:
    assert not read_bytes(b"<a>" * 50_000 + b"</a>" * 50_000).imported
