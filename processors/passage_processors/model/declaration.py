"""What a user says of an app: its topics, its units, and how long it waits. `app` makes of it what runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Literal

from passage_processors.model.policy import Policy
from passage_processors.model.process import Process
from passage_processors.model.report import Report
from passage_schemas.formats import Format

LONGEST_OUTAGE_SECONDS = 3 * 86_400.0
"""From Friday evening to Monday morning, with some hours to mend what broke. Kafka's default keeps a week."""

OnError = Literal["park", "skip", "stop"]


@dataclass(frozen=True)
class Declaration:
    """All of it, field by field; `App` says what each means."""

    name: str
    inputs: Mapping[str, Sequence[type[Any]]]
    output: str
    policies: Sequence[Policy] = ()
    processes: Sequence[Process[Any]] = ()
    reports: Sequence[Report] = ()
    derived_from: Mapping[str, str] = field(default_factory=dict)
    former_inputs: Sequence[str] = ()
    compacted: Sequence[str] = ()
    schedules: Sequence[str] = ()
    formats: Mapping[str, Format] = field(default_factory=dict)
    ticks_topic: str = "passage.ticks"
    schedules_topic: str = "passage.schedules"
    grace_seconds: float = 1.0
    max_clock_wait_seconds: float | None = None
    max_fact_ahead_seconds: float | None = None
    longest_outage_seconds: float = LONGEST_OUTAGE_SECONDS
    commit_interval_seconds: float = 0.1
    on_error: OnError = "park"
    stop_after_refusals: int = 100

    @property
    def changelog(self) -> str:
        return f"{self.name}.changelog"

    @property
    def timeline(self) -> str:
        return f"{self.name}.timeline"

    @property
    def dead_letters(self) -> str:
        return f"{self.name}.dead-letters"

    @property
    def requests(self) -> str:
        """Where operators ask for what only the app's own tasks can do, as to resume a parked wake-up."""
        return f"{self.name}.requests"

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The topics whose records a task folds: the inputs, and the requests."""
        return (*sorted(self.inputs), self.requests)

    @cached_property
    def counted(self) -> frozenset[str]:
        """The schedules whose ticks this app counts, and its facts therefore wait for."""
        return frozenset(
            (
                *self.schedules,
                *(policy.of for policy in self.policies if isinstance(policy.of, str)),
                *(schedule for process in self.processes for schedule in process.schedules),
                *(report.of for report in self.reports),
            )
        )

    @cached_property
    def units(self) -> tuple[str, ...]:
        """The names of its policies, processes and reports, in the order in which they fire on one tick."""
        units: Iterator[Policy | Process[Any] | Report] = chain(self.policies, self.processes, self.reports)
        return tuple(unit.name for unit in units)

    @property
    def emitted(self) -> tuple[type[Any], ...]:
        """The types of the events it may emit."""
        emits = (
            *(policy.emits for policy in self.policies),
            *(event for process in self.processes for event in process.emits),
            *(report.emits for report in self.reports),
        )
        return tuple(dict.fromkeys(emits))
