"""A crontab: a user's own, or the system's, whose lines name a user before the command (/etc/crontab, cron.d).

`CRON_TZ=` changes the zone of the lines below it (`TZ=` is the commands' own). Jobs are named by what they run. A job
with a wildcard in its minutes or hours goes by real time, as cron's does: nothing for a time that is skipped, both
passes of one that comes twice; one of a fixed time runs once. What cron leaves to chance (`~`, RANDOM_DELAY) can't be
kept, and is a remark.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from passage_clock.importing.expressions import of_macro, of_seconds
from passage_clock.importing.found import JobsFound
from passage_clock.importing.robfig import seconds_of
from passage_schemas.given.file import text_of_bytes

_NAME = re.compile(r"[A-Za-z_]\w*")
_FIELD = re.compile(r"[\d*/,\-A-Za-z#?~]+")
_RANDOM = re.compile(r"(\d*)~\d*")
_USER = re.compile(r"[a-z_][a-z0-9_-]*\$?")
_SURE_USERS = frozenset({"root", "www-data", "nobody"})
"""Who stands in the column of users of nearly every system crontab, and is no command."""

_LOWEST = (0, 0, 1, 1, 0)
"""Of each field."""

_INTERPRETERS = frozenset(
    {"sh", "bash", "python", "python3", "perl", "ruby", "node", "java", "env", "nice", "exec", "then", "do"}
)
_BESIDE_THE_POINT = ("cd ", ". ", "test ", "[ ", "[[ ", "if ", "command ", "sleep ", "export ")
"""How parts of a command begin that lead to what it is for."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A job's: when it is due as it stands, what follows, and what to say of it; nothing due where it is none."""

    place: str
    when: Sequence[str]
    command: str
    zone: str
    remarks: list[str] = field(default_factory=list)


def read_crontab(given: bytes, file: str, zone: str) -> JobsFound:
    """A user's, unless the file's place or all of its lines show that it is the system's."""
    found = JobsFound(zone)
    lines = list(_lines(text_of_bytes(given, file), file, zone))
    return _read(found, lines, with_user=_names_users(file, lines))


def read_system_crontab(given: bytes, file: str, zone: str) -> JobsFound:
    found = JobsFound(zone)
    return _read(found, list(_lines(text_of_bytes(given, file), file, zone)), with_user=True)


def _read(found: JobsFound, lines: Sequence[_Line], with_user: bool) -> JobsFound:
    for line in lines:
        _job(found, line, with_user)
    return found


def _lines(text: str, file: str, default: str) -> Iterator[_Line]:
    zone, delay = default, ""
    for number, raw in enumerate(text.split("\n"), start=1):
        place, line = f"{file}:{number}", raw.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = (part.strip().strip("\"'") for part in line.partition("="))
        if equals and _NAME.fullmatch(name):
            zone = (value or default) if name == "CRON_TZ" else zone
            delay = value if name == "RANDOM_DELAY" else delay
            continue
        remarks = [f"cron delays it at random, by up to RANDOM_DELAY={delay} minutes"] if delay not in ("", "0") else []
        if re.match(r"-[\d*@~]", line):
            line = line[1:]
            remarks.append("cron's log says nothing of it, for its line begins with -")
        count = 5 if line[0] != "@" else 2 if line.split(maxsplit=1)[0] == "@every" else 1
        parts = line.split(maxsplit=count)
        if len(parts) <= count or (count == 5 and not all(_FIELD.fullmatch(part) for part in parts[:5])):
            yield _Line(place, (), line, zone)
        else:
            yield _Line(place, parts[:count], parts[count], zone, remarks)


def _names_users(file: str, lines: Sequence[_Line]) -> bool:
    path = PurePath(file)
    if path == PurePath("/etc/crontab") or path.parent.name == "cron.d":
        return True
    first = [line.command.split(maxsplit=1) for line in lines if line.when]
    are_users = all(len(words) == 2 and _USER.fullmatch(words[0]) for words in first)
    return are_users and any(words[0] in _SURE_USERS for words in first)


def _job(found: JobsFound, line: _Line, with_user: bool) -> None:
    if not line.when:
        found.leave_out(line.place, line.command, "this is no line of a crontab: five fields and a command")
        return
    command, remarks = line.command, list(line.remarks)
    known_as = name_of(command)
    try:
        if with_user:
            user, command = (*command.split(maxsplit=1), "")[:2]
            if not command or not _USER.fullmatch(user):
                raise ValueError("a line of a system crontab names a user before the command")
            known_as = name_of(command)
            remarks.insert(0, f"runs there as {user}: taken for a system crontab")
        rule, zone = _rule(line, remarks)
    except ValueError as error:
        found.leave_out(line.place, command or line.command, str(error))
        return
    found.add(line.place, known_as, rule, "; ".join(remarks), zone)


def _rule(line: _Line, remarks: list[str]) -> tuple[dict[str, Any], str]:
    """The rule and its zone. Raises ValueError."""
    if line.when[0] == "@every":
        remarks.append("cron itself knows no @every; here it is counted from midnight, UTC")
        return of_seconds(seconds_of(line.when[1])), "UTC"
    if len(line.when) == 1:
        rule = of_macro(line.when[0])
    else:
        fields = [_chosen(text, low, remarks) for text, low in zip(line.when, _LOWEST, strict=True)]
        rule = {"cron": " ".join(fields)}
        if any(re.search(r"(?:^|,)\w+/", text) for text in fields):
            remarks.append("some crons take 5/15 for 5 alone; here it goes on, in steps, to the field's end")
        if any(re.search(r"[#?]|\d[LW]|^L", text, re.IGNORECASE) for text in fields):
            remarks.append("Debian's cron knows no L, W, # or ?; here they are read as Quartz reads them")
    if any(text.startswith("*") for text in str(rule["cron"]).split()[:2]):
        rule |= {"gap": "skip", "fold": "both"}
    return rule, line.zone


def _chosen(text: str, low: int, remarks: list[str]) -> str:
    """The field without what cron would choose by chance: the first of the range instead."""
    if "~" not in text:
        return text
    terms = []
    for term in text.split(","):
        random = _RANDOM.fullmatch(term)
        if random is None and "~" in term:
            raise ValueError(f"{term!r} are steps from a minute that cron chooses at random; write the first one")
        terms.append((random[1] or str(low)) if random else term)
    chosen = ",".join(terms)
    remarks.append(f"cron chooses at random what {text} stands for; here it is {chosen}")
    return chosen


def name_of(command: str) -> str:
    """What the command runs, without its path, interpreter or options: /usr/bin/python3 /opt/report.py -v is report.

    Percent signs end the command in a crontab; what leads to it, such as `cd /x &&` or `test -x y ||`, is passed over.
    """
    command = re.split(r"(?<!\\)%", command, maxsplit=1)[0]
    parts = [part.strip(" \t({!") for part in re.split(r"&&|\|\||;", command)]
    meant = next((part for part in parts if part and not f"{part} ".startswith(_BESIDE_THE_POINT)), command)
    for word in meant.split():
        base = word.rsplit("/", 1)[-1]
        if "=" in word or word.startswith("-") or base in _INTERPRETERS:
            continue
        stem = re.sub(r"\.(sh|py|pl|rb|js|jar|bash)$", "", base)
        if re.search(r"[A-Za-z]", stem):
            return stem
    return "job"
