"""Which parts a worker counts with: native ones that don't fit are left alone, and it is said."""

import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import passage_processors.native
from passage_processors.core.step.parts import PURE
from passage_processors.runtime.native import TWIN, TWINS, VARIABLE, chosen, described, tell
from tests.processors.twins import NATIVE

OF_NO_USE = {
    "older": (f"TWIN = {TWIN - 1}\n", f"are of version {TWIN - 1}, wanted is {TWIN}"),
    "newer": (f"TWIN = {TWIN + 1}\n", f"are of version {TWIN + 1}, wanted is {TWIN}"),
    "nothing that says so": ("", f"are of version None, wanted is {TWIN}"),
    "built before a module moved": ("import passage_processors.gone\n", "can't be loaded: No module named"),
    "built for another Python": ("raise ImportError('undefined symbol')\n", "can't be loaded: undefined symbol"),
}


def only_twins_in(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other twins than those are to be found; whatever was loaded is put back."""
    monkeypatch.setattr(passage_processors.native, "__path__", [str(place)])
    monkeypatch.setitem(sys.modules, TWINS, None)
    del sys.modules[TWINS]


@pytest.mark.parametrize("case", OF_NO_USE)
def test_native_parts_that_do_not_fit_are_not_used_and_it_is_told(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, said = OF_NO_USE[case]
    (tmp_path / "_twins.py").write_text(source)
    only_twins_in(tmp_path, monkeypatch)
    monkeypatch.setenv(VARIABLE, "1")
    assert chosen() is PURE
    with capture_logs() as logs:
        tell()
    (log,) = logs
    assert (log["event"], log["parts"], log["log_level"]) == ("counting", "pure", "warning")
    assert said in log["reason"]
    assert described() == f"pure parts ({log['reason']})"


def test_where_none_were_built_the_pure_ones_count_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_twins_in(tmp_path, monkeypatch)
    monkeypatch.delenv(VARIABLE, raising=False)
    with capture_logs() as logs:
        tell()
    reason = "the native parts were not built"
    assert logs == [{"event": "counting", "parts": "pure", "reason": reason, "log_level": "info"}]
    assert described() == f"pure parts ({reason})"


@pytest.mark.skipif(NATIVE is None, reason="the native parts were not built: make native")
def test_where_they_were_built_they_count_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with capture_logs() as logs:
        tell()
    assert (chosen().name, described()) == ("native", "native parts")
    assert logs == [{"event": "counting", "parts": "native", "log_level": "info"}]


def test_who_wants_none_gets_none_and_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    assert chosen() is PURE
    with capture_logs() as logs:
        tell()
    assert logs == [{"event": "counting", "parts": "pure", "reason": "PASSAGE_NATIVE=0", "log_level": "info"}]
