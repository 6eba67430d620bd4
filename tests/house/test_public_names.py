"""What a room offers is what its `__all__` lists: each name is there, in order, and says what types can't."""

import importlib
import inspect
from types import ModuleType
from typing import Any

import pytest

from passage_schemas.errors import Interrupted, PassageError

ROOMS = ("passage", "passage_schemas", "passage_log", "passage_clock", "passage_processors", "passage_trial")


def offered(room: str) -> tuple[ModuleType, list[str]]:
    found = importlib.import_module(room)
    return found, list(getattr(found, "__all__", []))


def explains_itself(value: Any) -> bool:
    """Classes, functions and modules carry a docstring of their own; a constant is explained where it is written."""
    if not (inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value)):
        return True
    words = inspect.getdoc(value) if not inspect.isclass(value) else value.__doc__
    return bool(words) and not (words or "").startswith(f"{getattr(value, '__name__', '')}(")


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_there_once(room: str) -> None:
    found, names = offered(room)

    missing = [name for name in names if not hasattr(found, name)]
    assert not missing, f"{room}.__all__ lists what is not there: {', '.join(missing)}"
    assert len(names) == len(set(names)), f"{room}.__all__ lists a name twice"


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_explains_itself(room: str) -> None:
    found, names = offered(room)

    silent = [name for name in names if hasattr(found, name) and not explains_itself(getattr(found, name))]
    assert not silent, f"{room}: no docstring on {', '.join(silent)}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_private_name_is_offered(room: str) -> None:
    assert [name for name in offered(room)[1] if name.startswith("_")] == []


@pytest.mark.parametrize("room", ROOMS[1:])
def test_every_error_of_a_room_is_passages(room: str) -> None:
    errors = [value for value in vars(importlib.import_module(f"{room}.errors")).values() if inspect.isclass(value)]

    assert len(errors) > 1
    assert [error.__name__ for error in errors if not issubclass(error, PassageError | Interrupted)] == []


def test_the_words_are_these() -> None:
    """A name that goes, goes for everyone who imports it: change this list together with the changelog."""
    assert offered("passage_schemas")[1] == [
        "CUT",
        "SCHEDULE_ENTRY",
        "TICK",
        "TRIGGERED",
        "WAKE_UP_RESUMED",
        "Codec",
        "ConfigError",
        "Cut",
        "EventSet",
        "InputCut",
        "Instant",
        "PassageError",
        "Refusal",
        "ScheduleEntry",
        "SchemaError",
        "Status",
        "Tick",
        "Triggered",
        "WakeUpResumed",
        "datetime_of",
        "decimal_of",
        "event_codec",
        "fingerprint",
        "incompatibilities",
        "instant_of",
        "instant_of_milliseconds",
        "milliseconds_of",
        "prefix_of",
        "schema_of",
        "tick_key",
    ]


def test_a_silent_name_would_be_heard() -> None:
    class Silent:
        pass

    def spoken() -> None:
        """Says so."""

    assert not explains_itself(Silent)
    assert explains_itself(spoken)
    assert explains_itself(7)
