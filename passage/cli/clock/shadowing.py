"""What `import --shadow` says: the old scheduler's log beside the schedules, once or as it grows."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from passage.cli.moments import moment
from passage.cli.terminal import columns, out, rfc3339, tell, tell_json
from passage.errors import CommandError
from passage_clock.errors import ClockError
from passage_clock.importing.runs import RUNS, LoggedRun, read_runs
from passage_clock.importing.shadow import Comparison, Disagreement, compare
from passage_clock.schedules import Schedule
from passage_clock.wall import MachineWall
from passage_schemas.given.file import MOST_BYTES, Unreadable, bytes_given, text_of_bytes, within
from passage_schemas.instant import Instant

FOLLOW_EVERY_SECONDS = 1.0

MOST_LOG_BYTES = 256_000_000
"""Of the old scheduler's log, which is read whole: some two million lines."""

SAID = {
    "missed": "the schedule names it, the old scheduler did not run",
    "extra": "the old scheduler ran, the schedule names nothing near",
    "unknown": "the old scheduler ran it, nothing was imported from it",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """`schedules` by what the old scheduler calls each job. Raises CommandError for a log that can't be read."""

    schedules: Mapping[str, Sequence[Schedule]]
    log: Path
    kind: str
    zone: str
    tolerance_seconds: float
    json: bool

    def once(self, since: str | None, until: str | None) -> bool:
        """Compare what the log has; whether they agree."""
        runs = self._runs()
        if not runs:
            raise CommandError(f"{self.log}: no run of any job is in it; does --log-kind say what it is?")
        begin = min(run.at for run in runs) if since is None else moment("--since", since, self.zone)
        end = max(run.at for run in runs) if until is None else moment("--until", until, self.zone)
        if end < begin:
            from_ = "the log's first run" if since is None else f"--since {since}"
            raise CommandError(f"--until: {until or rfc3339(end)} is before {from_}; nothing lies between them")
        seen = compare(self.schedules, runs, begin, end, self.tolerance_seconds)
        self._tell(seen.disagreements)
        self._tell_sum(seen, begin, end)
        return not seen.disagreements

    def follow(self, stop: Event) -> bool:
        """Tell each disagreement from now on, once a run could no longer be in time, until told to stop; whether there
        was none. A log that is rotated takes nothing back."""
        begin, runs, told = MachineWall().now(), set[LoggedRun](), list[Disagreement]()
        while True:
            is_last = stop.wait(FOLLOW_EVERY_SECONDS)
            runs.update(run for run in self._runs() if run.at >= begin)
            end = Instant(MachineWall().now() - round((self.tolerance_seconds + FOLLOW_EVERY_SECONDS) * 1_000_000))
            seen = compare(self.schedules, sorted(runs, key=lambda run: run.at), begin, end, self.tolerance_seconds)
            self._tell([one for one in seen.disagreements if one not in told])
            told = list(seen.disagreements)
            if is_last:
                self._tell_sum(seen, begin, end)
                return not told

    def _runs(self) -> list[LoggedRun]:
        if self.kind not in RUNS:
            raise CommandError(f"no log of {self.kind} can be read; write --log-kind and one of {', '.join(RUNS)}")
        given, read_at = bytes_of(str(self.log), MOST_LOG_BYTES, may_be_empty=True), MachineWall().now()
        try:
            return read_runs(self.kind, text_of_bytes(given, str(self.log)), self.zone, read_at)
        except Unreadable as error:
            raise CommandError(str(error)) from error
        except ClockError as error:
            raise ClockError(f"{self.log}: {error}") from error

    def _tell(self, disagreements: Sequence[Disagreement]) -> None:
        if self.json:
            for one in disagreements:
                tell_json({"kind": one.kind, "job": one.job, "at": rfc3339(one.at)})
        elif disagreements:
            table = columns("at", "job", "disagreement")
            for one in disagreements:
                table.add_row(rfc3339(one.at), one.job, SAID[one.kind])
            tell(table)
        sys.stdout.flush()

    def _tell_sum(self, seen: Comparison, begin: Instant, end: Instant) -> None:
        if self.json:
            tell_json(
                {
                    "since": rfc3339(begin), "until": rfc3339(end), "agreed": seen.agreed,
                    "latest_seconds": seen.latest_seconds, "disagreements": len(seen.disagreements),
                }
            )  # fmt: skip
            return
        out.print(
            f"runs that agree: {seen.agreed}, disagreements: {len(seen.disagreements)}, from {rfc3339(begin)} to "
            f"{rfc3339(end)}; the latest run came {seen.latest_seconds:g} s after its tick",
            highlight=False,
        )


def bytes_of(file: str, most_bytes: int = MOST_BYTES, may_be_empty: bool = False) -> bytes:
    """A file, or standard input for `-`. Raises CommandError."""
    try:
        if file == "-":
            return within(sys.stdin.buffer.read(most_bytes + 1), "standard input", most_bytes, may_be_empty)
        return bytes_given(Path(file), most_bytes, may_be_empty)
    except Unreadable as error:
        raise CommandError(str(error)) from error
