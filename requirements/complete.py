"""Is what is installed all that the project asks for, extras included? Exit code 0 when it is; else 2, and what lacks.

`make init` asks, since it installs the lock as it is: with `--no-deps`, so that no release of tomorrow is looked for.
`pip check` would not do: it passes over extras. It refuses to mend anything: that is `make lock`'s.
"""

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions

try:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name
except ModuleNotFoundError as missing:  # what asks is itself of the lock
    print(f"requirements/dev.txt is not whole: {missing.name} is not installed; run make lock", file=sys.stderr)
    sys.exit(2)

PROJECT = "passage-of-time[dev]"


def lacking(wanted: Iterable[str], path: list[str] | None = None) -> list[str]:
    """One line for everything that is not there, too old or too new. `path` is where to look, sys.path by default."""
    installed: dict[str, Distribution] = {}
    for each in distributions() if path is None else distributions(path=path):
        # The first of a name is the one that is imported.
        installed.setdefault(canonicalize_name(each.name), each)
    lines: list[str] = []
    seen: set[tuple[str, str]] = set()
    asked = [(Requirement(one), "the project") for one in wanted]
    while asked:
        requirement, by = asked.pop()
        there = installed.get(canonicalize_name(requirement.name))
        lines += _complaints(requirement, by, there)
        for extra in {"", *map(canonicalize_name, requirement.extras)}:
            if there is not None and (there.name, extra) not in seen:
                seen.add((there.name, extra))
                asked += [(further, there.name) for further in _asked_by(there, extra)]
    return sorted(set(lines))


def _complaints(requirement: Requirement, by: str, there: Distribution | None) -> Iterator[str]:
    if there is None:
        yield f"{requirement} is not installed; {by} asks for it"
        return
    if not requirement.specifier.contains(there.version, prereleases=True):
        yield f"{there.name} is {there.version}; {by} asks for {requirement}"
    provided = {canonicalize_name(extra) for extra in there.metadata.get_all("Provides-Extra") or ()}
    for extra in sorted({*map(canonicalize_name, requirement.extras)} - provided):
        yield f"{there.name} {there.version} has no extra {extra}; {by} asks for {requirement}"


def _asked_by(there: Distribution, extra: str) -> Iterator[Requirement]:
    """What it asks for on this Python and machine with this extra; "" is without any."""
    for requirement in map(Requirement, there.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            # The condition is met: it says nothing to whoever reads the complaint.
            requirement.marker = None
            yield requirement


if __name__ == "__main__":
    said = lacking(sys.argv[1:] or [PROJECT])
    for line in said:
        print(f"requirements/dev.txt is not whole: {line}; run make lock", file=sys.stderr)
    sys.exit(2 if said else 0)
