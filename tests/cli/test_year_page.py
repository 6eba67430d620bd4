"""`passage clock plan --format html`: what the page of a year holds, read as a browser reads it."""

import re
from collections.abc import Callable
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from passage.cli.clock.as_html import html_page
from passage.cli.clock.year_style import COLOURS, DARK, LIGHT, ON_DARK
from passage_clock.civil import instant_of_civil
from passage_clock.config import load
from tests.cli.command import Command

CONFIG = """\
calendars:
  acme:
    closed:
      - {on: 2026-09-03, announced_at: "2026-09-02T12:00+00:00", reason: "<b>storm</b> & 'Ωμέγα'"}
      - {on: 2026-09-07}
schedules:
  - {name: day.amsterdam, every: day, zone: Europe/Amsterdam}
  - {name: workday.acme, every: workday, calendar: acme, zone: UTC}
  - {name: night, cron: "30 2 * * *", fold: both, zone: Europe/Amsterdam}
  - {name: close.nl, every: workday, calendar: NL, zone: Europe/Amsterdam, at: "17:30"}
"""


class Page(HTMLParser):
    """The cells by their id, each with its class, its text and the titles in it; and whatever would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.cells: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        self.titles: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.current: list[str] = []
        self._cell = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        self.titles += [str(named["title"])] if "title" in named else []
        self.links += [str(named["href"])] if "href" in named else []
        self.sources += [str(named[name]) for name in ("src", "srcset", "data") if name in named]
        self.ids += [str(named["id"])] if "id" in named else []
        if tag == "td":
            self._cell = named.get("id") or ""
            if self._cell:
                self.cells[self._cell], self.classes[self._cell] = "", named.get("class") or ""
            if "aria-current" in named:
                self.current.append(self._cell)

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._cell = ""

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.cells[self._cell] += f" {data}"

    def said(self, day: str) -> str:
        return " ".join(self.cells[day].split())


@pytest.fixture
def page(tmp_path: Path, passage: Command) -> Callable[..., Page]:
    def asked(*more: object, config: str = CONFIG) -> Page:
        (file := tmp_path / "clock.yaml").write_text(config, "utf-8")
        done = passage("clock", "plan", "-c", file, "--format", "html", *more)
        assert (done.code, done.err) == (0, "")
        return Page(done.out)

    return asked


def test_a_year_is_on_the_page_and_the_next_and_the_last_and_nothing_is_fetched(page: Callable[..., Page]) -> None:
    found = page("--from", "2026-01-01")

    assert len(found.cells) == 3 * 365
    assert found.sources == []
    assert {"last", "year", "next", "today"} <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))
    assert sorted(found.links)[-3:] == ["#last", "#next", "#year"]
    assert all(link.startswith("#") for link in found.links)
    assert not re.search(r"http|url\(|@import", found.text)
    ended = [title.partition(", at ")[0] for title in found.titles if title.startswith("workday.acme:")]
    assert sum(" 2026-" in one for one in ended) == 261 - 2


def test_what_is_asked_for_by_its_end_is_all_there_is(page: Callable[..., Page]) -> None:
    found = page("--from", "2026-02-10", "--until", "2026-02-12")

    assert {"last", "next"} & set(found.ids) == set()
    assert list(found.cells)[:1] == ["2026-02-01"]
    told = [day for day in found.cells if "24:00" in found.said(day)]
    assert told == ["2026-02-09", "2026-02-10", "2026-02-11"]
    three = page("--from", "2026-02-10", "--count", 3, "--schedule", "night")
    assert [day for day in three.cells if "02:30" in three.said(day)] == ["2026-02-10", "2026-02-11", "2026-02-12"]


def test_the_times_stand_in_the_page(page: Callable[..., Page]) -> None:
    found = page("--from", "2026-01-01")

    assert found.said("2026-12-24") == "24 1 24:00 2 24:00 3 02:30 4 17:30"
    assert found.said("2026-10-25") == "25 weekend 1 24:00 3 02:30+02:00 02:30+01:00"
    hours = page("--from", "2026-01-01", config="schedules: [{name: hour, every: hour, zone: UTC}]\n")
    assert hours.said("2026-05-05") == "5 1 01:00 to 24:00, 24 ticks"


def test_a_closed_day_is_shaded_and_says_why(page: Callable[..., Page]) -> None:
    found = page("--from", "2026-01-01")

    assert (found.classes["2026-12-26"], found.classes["2026-12-24"]) == ("closed", "")
    assert found.said("2026-12-27").startswith("27 weekend 1 ")
    assert found.classes["2026-12-25"] == "partly"
    assert found.said("2026-12-25").startswith("25 NL: Christmas Day 1 ")
    assert found.said("2026-09-03").startswith("3 acme: <b>storm</b> & 'Ωμέγα' 1 ")
    assert found.said("2026-09-07").startswith("7 acme: closed 1 ")
    assert "<b>storm" not in found.text
    assert found.text.isascii()


def test_a_market_and_a_company_on_a_country_say_why_too(page: Callable[..., Page]) -> None:
    found = page(
        "--from", "2026-01-01", config="""\
calendars: {acme: {base: DE/BY, open: [2026-01-06]}}
schedules:
  - {name: acme, every: workday, calendar: acme, zone: Europe/Berlin}
  - {name: nyse, session: open, market: XNYS}
""",
    )  # fmt: skip

    assert found.said("2026-12-25").startswith("25 acme: Christmas Day; XNYS: Christmas")
    assert found.said("2026-07-03").startswith("3 XNYS: ")
    assert "acme" not in found.said("2026-01-06")
    assert found.said("2025-01-09").startswith("9 XNYS: mourning for Jimmy Carter")


def test_today_is_marked_and_found_again_by_the_page_itself(tmp_path: Path) -> None:
    (file := tmp_path / "clock.yaml").write_text(CONFIG, "utf-8")
    schedules = load(file, environ={}).schedules
    after = dict.fromkeys(("Europe/Amsterdam", "UTC"), instant_of_civil(date(2026, 11, 20), "UTC"))

    def shown(now: str) -> Page:
        return Page(html_page(schedules, after, None, None, instant_of_civil(datetime.fromisoformat(now), "UTC")))

    found = shown("2026-11-30T23:30")

    assert found.current == ["2026-12-01"]  # in the first schedule's zone
    assert "#2026-12-01" in found.links
    assert ("a", {"id": "today", "href": "#2026-12-01"}) in found.tags
    assert shown("2030-01-01T00:00").current == []
    assert "getElementById(today)" in found.text


def test_the_day_a_zone_skipped_is_struck_and_seconds_are_not_drawn(page: Callable[..., Page]) -> None:
    found = page(
        "--from", "2011-12-01", config="""\
schedules:
  - {name: day.apia, every: day, zone: Pacific/Apia, starts_at: 2011-12-01}
  - {name: second.utc, every: second, zone: UTC}
""",
    )  # fmt: skip

    assert (found.classes["2011-12-30"], found.said("2011-12-30")) == ("skipped", "30 skipped in Pacific/Apia")
    assert "too fine to draw" in found.text
    assert not any("second.utc" in title for title in found.titles)


def test_where_the_data_ends_is_said(tmp_path: Path, passage: Command) -> None:
    (file := tmp_path / "clock.yaml").write_text("schedules: [{name: open, session: open, market: NASDAQ}]\n")
    done = passage("clock", "plan", "-c", file, "--format", "html", "--from", "2200-01-01")

    assert done.code == 0
    assert done.told.startswith("passage: open: nothing is known after 20")
    assert "known until 20" in done.out


@pytest.mark.parametrize("at", ["1970-01-01", "9000-12-31"])
def test_at_either_end_of_time_there_is_a_page(page: Callable[..., Page], at: str) -> None:
    assert at in page("--from", at, "--schedule", "night").cells


def test_whoever_does_not_see_the_page_can_read_it(page: Callable[..., Page]) -> None:
    found = page("--from", "2026-01-01", "--schedule", "day.amsterdam")
    tags = [tag for tag, _ in found.tags]

    assert ("html", {"lang": "en"}) in found.tags
    assert tags.count("table") == tags.count("caption") == 36
    assert tags.count("th") == 7 * 36 == sum(named.get("scope") == "col" for tag, named in found.tags if tag == "th")
    assert tags.count("td") % 7 == 0
    assert [tag for tag in tags if tag in ("h1", "h2")] == ["h1", "h2", "h2", "h2"]
    assert "@media print" in found.text


PAIRS = [
    *[(LIGHT[ink], LIGHT[ground]) for ink in ("ink", "faint", "today") for ground in ("paper", "closed", "partly")],
    *[(DARK[ink], DARK[ground]) for ink in ("ink", "faint", "today") for ground in ("paper", "closed", "partly")],
    (LIGHT["ink"], LIGHT["line"]), (DARK["ink"], DARK["line"]),
    *[("#ffffff" if colour in ON_DARK else "#000000", colour) for colour in COLOURS],
]  # fmt: skip


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_is_legible_on_its_ground(ink: str, ground: str) -> None:
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """As WCAG 2.1 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
