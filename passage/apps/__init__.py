"""Apps written in YAML: the short form, for whoever wants a rule and no program.

    app: overdue-invoices
    inputs:
      billing: [CustomerWasInvoiced, PaymentWasMade]
    output: collections
    events:
      CustomerWasInvoiced: {customer: string, amount: "decimal(12,2)", terms_days: int}
      PaymentWasMade: {amount: "decimal(12,2)"}
      InvoiceBecameOverdue: {invoice: string, customer: string}
    policies:
      - name: overdue
        starts_on: CustomerWasInvoiced
        after: {field: terms_days, plus: 1}
        of: day.amsterdam
        unless: PaymentWasMade
        emits: {InvoiceBecameOverdue: {invoice: $key}}

`events` reads the types, `values` what an event's fields are filled with, `units` policies and reports, `formats` how
values are put into bytes. What a file comes to is an `App` like any other: processes, which have code, are written in
Python.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from passage.apps.events import Events, events
from passage.apps.formats import formats
from passage.apps.units import named, policies, reports, schedules_of
from passage_processors.app import App
from passage_processors.errors import AppError
from passage_processors.model.declaration import OnError
from passage_schemas.given.document import Node, read_text, read_yaml

_SECONDS = (
    "grace_seconds",
    "max_clock_wait_seconds",
    "max_fact_ahead_seconds",
    "commit_interval_seconds",
    "longest_outage_seconds",
)
_FIELDS = (
    "app", "inputs", "output", "events", "policies", "reports", "derived_from", "former_inputs", "compacted", "formats",
    "schedules", "ticks_topic", "schedules_topic", "stop_after_refusals", "on_error", *_SECONDS,
)  # fmt: skip


def load_app_file(path: Path) -> App:
    """The app this file describes. Raises ConfigError for what is wrong in the file, AppError for what is wrong with
    the app."""
    top = read_yaml(read_text(path, may_be_empty=True), str(path), "app:, inputs:, output:, events: and policies:")
    top.only(_FIELDS)
    known = events(top, path.parent)
    name = named(top.need("app", "the app's name, e.g. overdue-invoices"))
    try:
        return App(
            name=name,
            inputs=_inputs(top, known),
            output=named(top.need("output", "the topic of the derived events")),
            policies=policies(top, known),
            reports=reports(top, known),
            derived_from=_derived_from(top),
            formats=formats(top, known),
            **_settings(top),
        )
    except AppError as error:
        raise AppError(f"{path}: {error}") from error


def _inputs(top: Node, known: Events) -> Mapping[str, list[type[Any]]]:
    expected = "topics, each with the facts it carries, e.g. billing: [CustomerWasInvoiced]"
    return {
        topic.field: [known.one(fact) for fact in topic.one_or_more("a list of facts, by name")]
        for topic in top.need("inputs", expected).mapping(expected)
    }


def _derived_from(top: Node) -> Mapping[str, str]:
    section = top.get("derived_from")
    return {} if section is None else {topic.field: named(topic) for topic in section.mapping("topic: app")}


def _settings(top: Node) -> dict[str, Any]:
    """The app's settings the file names; the others are as by default."""
    found: dict[str, Any] = {"schedules": schedules_of(top)}
    for name in _SECONDS:
        if (here := top.get(name)) is not None:
            found[name] = here.seconds("a number of seconds above 0")
    for name in ("ticks_topic", "schedules_topic"):
        if (here := top.get(name)) is not None:
            found[name] = named(here)
    if (here := top.get("on_error")) is not None:
        answers: tuple[OnError, ...] = ("park", "skip", "stop")
        found["on_error"] = here.choice(answers, "no answer to an error")
    if (here := top.get("stop_after_refusals")) is not None:
        found["stop_after_refusals"] = here.whole(range(1, 1 << 31), "a whole number from 1")
    for name in ("former_inputs", "compacted"):
        if (here := top.get(name)) is not None:
            found[name] = [named(one) for one in here.one_or_more("a list of topics")]
    if (here := top.get("schedules")) is not None:
        found["schedules"] += [named(one) for one in here.one_or_more("a list of schedules, by name")]
    return found


__all__ = ["load_app_file"]
