"""A crontab, a user's own.

`CRON_TZ=` changes the zone of the lines below it (`TZ=` is the commands' own). Jobs are named by what they run. When
clocks go back, cron runs a wildcard job in both passes of the hour and one of a fixed time once: so do the schedules.
"""

import re

from passage_clock.importing.expressions import of_macro
from passage_clock.importing.found import Found
from passage_schemas.given_file import text_of_bytes

_SETTING = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
_FIELD = re.compile(r"[\d*/,\-A-Za-z#?]+")
_INTERPRETERS = frozenset({"sh", "bash", "python", "python3", "perl", "ruby", "node", "java", "env", "nice", "exec"})


def read_crontab(given: bytes, file: str, zone: str) -> Found:
    found = Found(zone)
    for number, line in enumerate(text_of_bytes(given, file).splitlines(), start=1):
        place = f"{file}:{number}"
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        setting = _SETTING.fullmatch(line)
        if setting:
            if setting[1] == "CRON_TZ":
                found.zone = setting[2].strip("\"'") or zone
            continue
        _job(found, place, stripped)
    return found


def _job(found: Found, place: str, line: str) -> None:
    if line.startswith("@"):
        count = 2 if line.startswith("@every") else 1
        parts = line.split(maxsplit=count)
        when, command = " ".join(parts[:count]), parts[count] if len(parts) > count else ""
    else:
        parts = line.split(maxsplit=5)
        if len(parts) < 6 or not all(_FIELD.fullmatch(part) for part in parts[:5]):
            found.leave_out(place, line, "this is no line of a crontab: five fields and a command")
            return
        when, command = " ".join(parts[:5]), parts[5]
    known_as = name_of(command)
    try:
        rule = of_macro(when) if when.startswith("@") else {"cron": when}
        if any(field.startswith("*") for field in str(rule.get("cron", "")).split()[:2]):
            rule["fold"] = "both"
    except ValueError as error:
        found.leave_out(place, command or line, str(error))
        return
    found.add(place, known_as, rule)


def name_of(command: str) -> str:
    """What the command runs, without its path, interpreter or options: /usr/bin/python3 /opt/report.py -v is report.

    Percent signs end the command in a crontab; shell words such as `cd /x &&` are passed over.
    """
    command = re.split(r"(?<!\\)%", command, maxsplit=1)[0]
    last = re.split(r"&&|;", command)
    meant = next((part for part in last if not part.strip().startswith(("cd ", ". "))), command)
    for word in meant.split():
        base = word.rsplit("/", 1)[-1]
        if "=" in word or word.startswith("-") or base in _INTERPRETERS:
            continue
        stem = re.sub(r"\.(sh|py|pl|rb|js|jar|bash)$", "", base)
        if re.search(r"[A-Za-z]", stem):
            return stem
    return "job"
