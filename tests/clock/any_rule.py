"""Rules of every kind as a configuration says them, drawn at random: where clocks change, with any gap and fold."""

from typing import Any, get_args

from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.config.calendars import Calendars
from passage_clock.config.rules import RuleContext
from passage_clock.config.schedules import no_others, schedule
from passage_clock.rules.rule import Rule
from passage_schemas.given.document import Node, read_yaml
from passage_schemas.instant import Instant
from tests.clock.zonefiles import offset_changes

Item = dict[str, Any]
"""A rule's fields, as they stand in a file."""

SHOP = """
calendars:
  shop:
    base: NL
    closed: [2026-03-30, {on: 2026-10-26, announced_at: "2026-10-26T09:00+01:00"}]
    open: [2026-03-29, 2026-10-25]
    hours:
      monday-friday: ["02:15-02:45", "03:10-17:30"]
      saturday: ["22:00-02:30"]
      sunday: ["02:30-03:30"]
"""
READING = RuleContext(Calendars(read_yaml(SHOP, "clock.yaml").get("calendars")), no_others)

TROUBLED = [
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/St_Johns", "Asia/Gaza",
    "Atlantic/Azores", "Australia/Lord_Howe", "Europe/Amsterdam", "Pacific/Apia", "Pacific/Kwajalein",
    "Antarctica/Troll",
]  # fmt: skip

TIMES = ["00:00", "00:30", "01:59:59", "02:00", "02:30", "02:59:59", "03:00", "03:30", "12:00", "23:30", "23:59:59"]
HOURS = ["*", "*/2", "0", "1-3", "2", "2,3", "23", "0,12"]
MINUTES = ["*/20", "0", "30", "5,45", "59"]


@st.composite
def places(draw: st.DrawFn) -> tuple[str, Instant]:
    """A zone, and a change of its clock."""
    zone = draw(st.sampled_from(TROUBLED) | st.sampled_from(sorted(civil.zone_names())))
    changes = [second for second, _, _ in offset_changes(zone) if 3 * 366 * 86400 < second < 1_900_000_000]
    return zone, Instant(draw(st.sampled_from(changes or [1_774_746_000])) * civil.SECOND)


def read(item: Item) -> Rule:
    """By the configuration's own reader. Raises ConfigError."""
    return schedule(Node("clock.yaml", 0, "", {"name": "drawn", **item}), READING).rule


POLICIES = {"gap": civil.Gap, "fold": civil.FoldPass}


@st.composite
def policies(draw: st.DrawFn) -> Item:
    """Gap and fold, said or left out."""
    said = {name: draw(st.sampled_from([None, *get_args(words)])) for name, words in POLICIES.items()}
    return {name: word for name, word in said.items() if word is not None}


@st.composite
def periods(draw: st.DrawFn) -> Item:
    every = draw(
        st.sampled_from(["minute", "20 minutes", "hour", "6 hours", "half-day", "day", "week", "month", "year"])
    )
    more = {"day": {"gap": draw(st.sampled_from(["next", "skip"]))}, "week": {"week_starts": "sunday"}}
    return {"every": every, **more.get(every, {})}


FISCAL: list[Item] = [
    {"every": "fiscal-quarter", "year_starts": "april"},
    {"every": "fiscal-period", "weeks": "4-5-4", "year_ends": "nearest saturday to january 31"},
]


def crons() -> st.SearchStrategy[Item]:
    days = st.sampled_from(["* * *", "*/3 * *", "L * *", "* * MON-FRI", "30 12 *", "* * 0L", "15W * *"])
    text = st.tuples(st.sampled_from(MINUTES), st.sampled_from(HOURS), days).map(" ".join)
    return st.builds(lambda said, policy: {"cron": said, **policy}, text, policies())


@st.composite
def rrules(draw: st.DrawFn) -> Item:
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]))
    can = {
        "INTERVAL": ["2", "5", "45"],
        "BYMONTH": ["3,10", "12"],
        "BYDAY": ["SU", "MO,TU,WE,TH,FR", "SA,SU"],
        "BYHOUR": ["2", "2,3", "0,23"],
        "BYMINUTE": ["30", "0,45"],
        "BYSETPOS": ["1", "-1", "2,3"],
    }
    parts = draw(st.lists(st.sampled_from(sorted(can)), max_size=4, unique=True))
    text = f"FREQ={frequency}" + "".join(f";{part}={draw(st.sampled_from(can[part]))}" for part in parts)
    text += draw(st.sampled_from(["", "", ";UNTIL=20260401T003000Z", ";UNTIL=20261101T023000"]))
    start = draw(st.sampled_from(["1971-01-01T02:30", "1996-02-29T02:15", "2001-04-01", "1985-12-31T00:10:20"]))
    return {"rrule": text, "starts_at": start, **draw(policies())}


@st.composite
def day_sets(draw: st.DrawFn) -> Item:
    kinds: list[Item] = [
        {"day_of_month": [1, 15, 30, -1]},
        {"weekday": ["saturday", "sunday"]},
        {"weekday": "sunday", "nth": -1, "of": "month"},
        {"dates": ["12-30", "02-29", "03-29"]},
        {"workday": [1, -1], "of": "week", "calendar": "shop"},
        {"workdays": "NL"},
        {"closed": "shop"},
        {"moon": "full"},
        {"any": [{"weekday": "monday"}, {"holidays": "NL"}]},
    ]
    chosen = dict(draw(st.sampled_from(kinds)))
    if draw(st.booleans()):
        chosen["except"] = [{"day_of_month": 13}]
    if "calendar" not in chosen and draw(st.booleans()):
        chosen |= {"shift": draw(st.sampled_from(["next", "previous"])), "calendar": "NL"}
    return chosen


@st.composite
def chosen_days(draw: st.DrawFn) -> Item:
    days: Item = draw(st.sampled_from([{"every": "workday", "calendar": "shop"}, {"on": draw(day_sets())}]))
    at = draw(st.none() | st.sampled_from(TIMES))
    return days if at is None else {**days, "at": at, **draw(policies())}


def openings() -> st.SearchStrategy[Item]:
    edges = st.sampled_from(["opens", "closes"])
    return st.builds(lambda edge, policy: {"opening": edge, "calendar": "shop", **policy}, edges, policies())


SESSIONS = st.sampled_from([{"session": "open", "market": "XNYS"}, {"session": "close", "market": "XNYS"}])


@st.composite
def filtered(draw: st.DrawFn) -> Item:
    found: Item = dict(draw(crons() | rrules()))
    if draw(st.booleans()):
        found["only"] = [draw(day_sets())]
    if draw(st.booleans()):
        found["except"] = [draw(day_sets())]
    if draw(st.booleans()):
        found |= {"shift": draw(st.sampled_from(["next", "previous"])), "calendar": "NL"}
    return found


@st.composite
def nths(draw: st.DrawFn) -> Item:
    """Counted from a day in its gap, and not from long ago: each look walks from there."""
    of: Item = draw(st.one_of(periods(), st.sampled_from(FISCAL), chosen_days(), rrules()))
    return {"every_nth": draw(st.integers(2, 5)), "of": of, "starts_at": "2015-03-29T02:30"}


@st.composite
def unions(draw: st.DrawFn) -> Item:
    members = st.one_of(crons(), rrules(), chosen_days(), periods(), openings(), filtered())
    return {"any_of": draw(st.lists(members, min_size=2, max_size=3))}


@st.composite
def crossings(draw: st.DrawFn) -> Item:
    """Of rules that do meet: one names each time the other does on its days."""
    hour = draw(st.sampled_from([0, 2, 3]))
    days: Item = {"on": {"weekday": ["saturday", "sunday", "monday"]}, "at": f"{hour:02}:30", **draw(policies())}
    return {"all_of": [{"cron": f"*/30 {hour} * * *", **draw(policies())}, days]}


KINDS: dict[str, st.SearchStrategy[Item]] = {
    "periods": periods(),
    "fiscal": st.sampled_from(FISCAL),
    "cron": crons(),
    "rrule": rrules(),
    "chosen days": chosen_days(),
    "opening": openings(),
    "session": SESSIONS,
    "filtered": filtered(),
    "nth": nths(),
    "union": unions(),
    "crossing": crossings(),
}
