"""RFC 5545's own examples (3.8.5.3), all of them, and libical's: what stands there, and not what a library makes of it.

The RFC writes all of its examples for America/New_York; its days are told here without the month and year before them.
`recurrences.txt` holds libical's (src/test/icalrecur_test.txt, of 2026), as rule, start and instants, as far as our
grammar goes: not its dates without a time. Two of them are left out because they count the years of week 53 from
DTSTART's, where four others count them from the year that has DTSTART's week, as we do; and two that read BYMONTHDAY
without BYMONTH as of DTSTART's month alone, where the RFC expands it to every month.
"""

from datetime import datetime
from pathlib import Path

import pytest

from passage_clock.rules.recurring import Recurring
from passage_schemas.instant import Instant
from tests.clock.rules_alike import after, at, clock

NINE = "T09:00"
TUESDAY = "1997-09-02" + NINE

RFC = [
    ("FREQ=DAILY;COUNT=10", TUESDAY, "1997-09 2 3 4 5 6 7 8 9 10 11 ."),
    ("FREQ=DAILY;UNTIL=19971224T000000Z", TUESDAY, "1997-09 2 3 4 5"),
    ("FREQ=DAILY;INTERVAL=2", TUESDAY, "1997-09 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 1997-10 2 4"),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", TUESDAY, "1997-09 2 12 22 1997-10 2 12 ."),
    ("FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "1998-01-01" + NINE, "1998-01 1 2 3"),
    ("FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", "1998-01-01" + NINE, "1998-01 1 2 3"),
    ("FREQ=WEEKLY;COUNT=10", TUESDAY, "1997-09 2 9 16 23 30 1997-10 7 14 21 28 1997-11 4 ."),
    (
        "FREQ=WEEKLY;UNTIL=19971224T000000Z", TUESDAY,
        "1997-09 2 9 16 23 30 1997-10 7 14 21 28 1997-11 4 11 18 25 1997-12 2 9 16 23 .",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU", TUESDAY,
        "1997-09 2 16 30 1997-10 14 28 1997-11 11 25 1997-12 9 23 1998-01 6 20 1998-02 3 17",
    ),
    ("FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", TUESDAY, "1997-09 2 4 9 11 16 18 23 25 30 1997-10 2 ."),
    ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", TUESDAY, "1997-09 2 4 9 11 16 18 23 25 30 1997-10 2 ."),
    (
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR", "1997-09-01" + NINE,
        "1997-09 1 3 5 15 17 19 29 1997-10 1 3 13 15 17 27 29 31 1997-11 10 12 14 24 26 28 1997-12 8 10 12 22 .",
    ),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", TUESDAY, "1997-09 2 4 16 18 30 1997-10 2 14 16 ."),
    (
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "1997-09-05" + NINE,
        "1997-09 5 1997-10 3 1997-11 7 1997-12 5 1998-01 2 1998-02 6 1998-03 6 1998-04 3 1998-05 1 1998-06 5 .",
    ),
    ("FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "1997-09-05" + NINE, "1997-09 5 1997-10 3 1997-11 7 1997-12 5 ."),
    (
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "1997-09-07" + NINE,
        "1997-09 7 28 1997-11 2 30 1998-01 4 25 1998-03 1 29 1998-05 3 31 .",
    ),
    (
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22" + NINE,
        "1997-09 22 1997-10 20 1997-11 17 1997-12 22 1998-01 19 1998-02 16 .",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28" + NINE,
        "1997-09 28 1997-10 29 1997-11 28 1997-12 29 1998-01 29 1998-02 26",
    ),
    (
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", TUESDAY,
        "1997-09 2 15 1997-10 2 15 1997-11 2 15 1997-12 2 15 1998-01 2 15 .",
    ),
    (
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "1997-09-30" + NINE,
        "1997-09 30 1997-10 1 31 1997-11 1 30 1997-12 1 31 1998-01 1 31 1998-02 1 .",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "1997-09-10" + NINE,
        "1997-09 10 11 12 13 14 15 1999-03 10 11 12 13 .",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", TUESDAY,
        "1997-09 2 9 16 23 30 1997-11 4 11 18 25 1998-01 6 13 20 27 1998-03 3 10 17 24 31",
    ),
    (
        "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "1997-06-10" + NINE,
        "1997-06 10 1997-07 10 1998-06 10 1998-07 10 1999-06 10 1999-07 10 "
        "2000-06 10 2000-07 10 2001-06 10 2001-07 10 .",
    ),
    (
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "1997-03-10" + NINE,
        "1997-03 10 1999-01 10 1999-02 10 1999-03 10 "
        "2001-01 10 2001-02 10 2001-03 10 2003-01 10 2003-02 10 2003-03 10 .",
    ),
    (
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "1997-01-01" + NINE,
        "1997-01 1 1997-04 10 1997-07 19 2000-01 1 2000-04 9 2000-07 18 2003-01 1 2003-04 10 2003-07 19 2006-01 1 .",
    ),
    ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19" + NINE, "1997-05 19 1998-05 18 1999-05 17"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12" + NINE, "1997-05 12 1998-05 11 1999-05 17"),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13" + NINE, "1997-03 13 20 27 1998-03 5 12 19 26 1999-03 4 11 18 25"),
    (
        "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "1997-06-05" + NINE,
        "1997-06 5 12 19 26 1997-07 3 10 17 24 31 1997-08 7 14 21 28 1998-06 4 11 18 25 1998-07 2 9 16 23 30 "
        "1998-08 6 13 20 27 1999-06 3 10 17 24 1999-07 1 8 15 22 29 1999-08 5 12 19 26",
    ),
    # Its Friday the 13th takes DTSTART away by an EXDATE; ours is none where the rule doesn't name it.
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", TUESDAY, "1998-02 13 1998-03 13 1998-11 13 1999-08 13 2000-10 13"),
    (
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13" + NINE,
        "1997-09 13 1997-10 11 1997-11 8 1997-12 13 1998-01 10 1998-02 7 1998-03 7 1998-04 11 1998-05 9 1998-06 13",
    ),
    (
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05" + NINE,
        "1996-11 5 2000-11 7 2004-11 2",
    ),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04" + NINE, "1997-09 4 1997-10 7 1997-11 6 ."),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29" + NINE,
        "1997-09 29 1997-10 30 1997-11 27 1997-12 30 1998-01 29 1998-02 26 1998-03 30",
    ),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05" + NINE, "1997-08 5 10 19 24 ."),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05" + NINE, "1997-08 5 17 19 31 ."),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15" + NINE, "2007-01 15 30 2007-02 15 2007-03 15 30 ."),
]  # fmt: skip

NEW_YORK = "America/New_York"


def days_of(told: str) -> tuple[list[str], bool]:
    """The days as ISO dates, and whether a point says that there are no more."""
    month, days = "", []
    for word in told.removesuffix(" .").split():
        if "-" in word:
            month = word
        else:
            days.append(f"{month}-{int(word):02}")
    return days, told.endswith(" .")


@pytest.mark.parametrize(("rule", "start", "told"), RFC)
def test_its_examples_by_day(rule: str, start: str, told: str) -> None:
    expected, is_all = days_of(told)
    found = clock(Recurring(rule, NEW_YORK, datetime.fromisoformat(start)), "1990-01-01", len(expected) + 1)
    assert [one[:16] for one in found[: len(expected)]] == [f"{day} 09:00" for day in expected]
    assert (len(found) == len(expected)) or not is_all


@pytest.mark.parametrize(
    ("rule", "number", "last"),
    [
        ("FREQ=DAILY;UNTIL=19971224T000000Z", 113, "1997-12-23 09:00 -0500"),
        ("FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", 62, "2000-01-31 09:00 -0500"),
        ("FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", 62, "2000-01-31 09:00 -0500"),
    ],
)
def test_its_untils_by_their_last(rule: str, number: int, last: str) -> None:
    """Each day up to Christmas; and of its Januaries the last two."""
    start = datetime.fromisoformat(TUESDAY) if "19971224" in rule else datetime(1999, 1, 1, 9)  # noqa: DTZ001 - civil
    found = clock(Recurring(rule, NEW_YORK, start), "1990-01-01", 200)
    assert (len(found), found[-1]) == (number, last)


TWENTY_MINUTES = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in range(9 * 60, 17 * 60, 20)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # The RFC's UNTIL is 17:00Z, and its list goes on to 15:00 in New York: errata 3883 has it as 21:00Z.
        ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", ["09:00", "12:00", "15:00"]),
        ("FREQ=MINUTELY;INTERVAL=15;COUNT=6", ["09:00", "09:15", "09:30", "09:45", "10:00", "10:15"]),
        ("FREQ=MINUTELY;INTERVAL=90;COUNT=4", ["09:00", "10:30", "12:00", "13:30"]),
        ("FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", TWENTY_MINUTES),
        ("FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", TWENTY_MINUTES),
    ],
)
def test_its_examples_by_time(rule: str, expected: list[str]) -> None:
    found = clock(Recurring(rule, NEW_YORK, datetime.fromisoformat(TUESDAY)), "1990-01-01", 2 * len(expected))
    assert [one[11:16] for one in found if one.startswith("1997-09-02")] == expected
    more = [one[11:16] for one in found if one.startswith("1997-09-03")]
    assert more == (expected if "BYHOUR" in rule else [])


def _moment(text: str) -> Instant:
    return at(datetime.fromisoformat(text).isoformat())


ROWS = [
    tuple(part.strip() for part in line.split("|"))
    for line in Path(__file__).with_name("recurrences.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("rule", "start", "told"), ROWS)
def test_the_instants_of_libicals_table(rule: str, start: str, told: str) -> None:
    expected = [_moment(one) for one in told.removesuffix(" ...").split()]
    recurring = Recurring(rule, "UTC", datetime.fromisoformat(start))
    found = [one.ends_at for one in after(recurring, at("1990-01-01"), len(expected) + 1)]
    assert found[: len(expected)] == expected
    goes_on = told.endswith(" ...") or not {"COUNT", "UNTIL"} & {part.split("=")[0] for part in rule.split(";")}
    assert goes_on == (len(found) > len(expected))
