"""Which parts a worker counts with: native ones that don't fit are left alone, and it is said."""

import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from passage_processors.core.parts import PURE
from passage_processors.runtime.native import TWIN, VARIABLE, chosen, tell

OF_NO_USE = {
    "older": (f"TWIN = {TWIN - 1}\n", f"is of version {TWIN - 1}, wanted is {TWIN}"),
    "newer": (f"TWIN = {TWIN + 1}\n", f"is of version {TWIN + 1}, wanted is {TWIN}"),
    "nothing that says so": ("", f"is of version None, wanted is {TWIN}"),
    "built for another Python": ("from passage_native import _twins\n", "can't be loaded: cannot import name '_twins'"),
}


@pytest.mark.parametrize("case", OF_NO_USE)
def test_native_parts_that_do_not_fit_are_not_used_and_it_is_told(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, said = OF_NO_USE[case]
    (tmp_path / "passage_native").mkdir()
    (tmp_path / "passage_native" / "__init__.py").write_text(source)
    monkeypatch.setenv(VARIABLE, "1")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("passage_native", "passage_native._twins"):
        monkeypatch.setitem(sys.modules, name, None)  # whatever was there is put back
        del sys.modules[name]
    assert chosen() is PURE
    with capture_logs() as logs:
        tell()
    (log,) = logs
    assert (log["event"], log["parts"], log["log_level"]) == ("counting", "pure", "warning")
    assert said in log["reason"]


def test_who_wants_none_gets_none_and_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    assert chosen() is PURE
    with capture_logs() as logs:
        tell()
    assert logs == [{"event": "counting", "parts": "pure", "reason": "PASSAGE_NATIVE=0", "log_level": "info"}]
