"""A machine that has nothing yet: a copy of the sources, some Python, and no setting of this environment's."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

LONG_SECONDS = 900.0
"""A whole environment from an index that is far away, and the demo."""

MADE_HERE = (".git", ".venv*", ".kafka", ".*_cache", ".hypothesis", ".coverage", "__pycache__", "dist", "build", "*.so")


def clone(place: Path) -> Path:
    """The sources as they are, without anything that was made from them."""
    return Path(shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*MADE_HERE)))


def python_of(version: str) -> Path | None:
    """An interpreter of this version: on the PATH, or one that pyenv keeps; None where there is none that runs."""
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    on_path = shutil.which(f"python{version}")
    for python in [*([Path(on_path)] if on_path else []), *sorted(kept.glob(f"{version}.*/bin/python"))]:
        if _output(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])") == version:
            return python
    return None


def shell(line: str, where: Path, first_on_path: Path | None = None) -> str:
    """What the line says; it must end well. What this process was told of Passage, Python and make is not passed on."""
    ours = ("PASSAGE_", "PYTHON", "MAKE", "MFLAGS", "VIRTUAL_ENV", "LOG", "PYENV_VERSION")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if first_on_path is not None:
        environment["PATH"] = f"{first_on_path}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        line, shell=True, cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=LONG_SECONDS
    )
    assert done.returncode == 0, f"{line}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _output(*command: str | Path) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else None
