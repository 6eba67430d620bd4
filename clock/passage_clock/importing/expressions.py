"""Other schedulers' spellings of cron, in ours: five fields, Sunday is 0, no question marks.

Raises ValueError with the reason for what no cron of ours can say.
"""

from typing import Any

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

MOST_SECONDS = 1e12
"""Of an interval: more than 30,000 years."""


def of_macro(text: str) -> dict[str, Any]:
    """`@daily` and its like."""
    if text not in MACROS:
        raise ValueError(f"{text!r} is no point in time" if text == "@reboot" else f"{text!r} is not known")
    return {"cron": MACROS[text]}


def of_seconds(seconds: float) -> dict[str, Any]:
    """An interval, as a period on the zone's clock: only those that divide the minute, the hour or the day."""
    if not 0 < seconds < MOST_SECONDS:
        raise ValueError("its interval is no whole number of seconds that anybody waits for")
    whole = int(seconds)
    if whole != seconds:
        raise ValueError(f"every {seconds:g} s is no whole number of seconds")
    for unit, length, next_unit in (("second", 1, 60), ("minute", 60, 60), ("hour", 3600, 24)):
        count, rest = divmod(whole, length)
        if rest == 0 and count == 1:
            return {"every": unit}
        if rest == 0 and count < next_unit and next_unit % count == 0:
            return {"every": f"{count} {unit}s"}
    if whole == 86400:
        return {"every": "day"}
    raise ValueError(
        f"every {whole} s drifts through the day, for it divides neither the minute, the hour nor the day; choose a "
        "period that does"
    )
