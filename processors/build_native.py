"""Builds the native parts: one extension in C, from the Cython of `passage_processors/native`.

Hatchling asks for it whenever it makes a wheel, `make native` and `make twins` by hand. An installation never fails for
want of a compiler, since the pure parts do the same work: PASSAGE_NATIVE=1 makes what can't be built a failure, and
with PASSAGE_NATIVE=0 nothing is built.
"""

import os
import shlex
import shutil
import sys
import sysconfig
from contextlib import chdir
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parents[1]
NAME = "passage_processors.native._twins"
SOURCES = Path("processors/passage_processors/native")
BUILD = Path("build/native")
VARIABLE = "PASSAGE_NATIVE"
# Sums wrap, and bytes are read as the numbers they are; without -g, which Python's own flags have, half the size.
FLAGS = ["-O2", "-g0", "-fwrapv", "-fno-strict-aliasing"]


class NativeParts(BuildHookInterface[Any]):
    """Puts the extension into the wheel, which then is of this platform; or leaves it out, and the wheel is pure."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        wanted = os.environ.get(VARIABLE, "").strip()
        if wanted not in ("", "0", "1"):
            raise SystemExit(f"{VARIABLE}={wanted}: write 0 for the pure parts, 1 for the native ones, or nothing")
        extension = None if wanted == "0" else build() if wanted == "1" else self._built_if_possible()
        if extension is None:
            return
        if version == "editable":
            put_in_place(extension)
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"][str(extension)] = f"passage_processors/native/{extension.name}"

    def _built_if_possible(self) -> Path | None:
        lacking = missing()
        if lacking is None:
            from setuptools.errors import CompileError, LinkError, PlatformError

            try:
                return build()
            except (CompileError, LinkError, PlatformError) as error:
                lacking = str(error)
        self.app.display_warning(f"without the native parts, the pure ones do the same work: {lacking}")
        return None


def missing() -> str | None:
    """What a build would lack, None if nothing."""
    if sys.implementation.name != "cpython" or sys.byteorder != "little":
        return f"no build for {sys.implementation.name} on a {sys.byteorder}-endian machine"
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler})"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return None if header.is_file() else f"no {header}"


def build() -> Path:
    """The extension, compiled where a source is newer than it. What the compiler can't do it raises."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    with chdir(ROOT):  # sources are named from here, whoever asks: their names are in what is compiled
        twins = Extension(NAME, [str(SOURCES / "_twins.pyx")], extra_compile_args=FLAGS)
        [twins] = cythonize(twins, build_dir=str(BUILD), quiet=True)  # type: ignore[no-untyped-call]
        twins.depends.append(__file__)  # for its flags
        command: Any = Distribution({"ext_modules": [twins]}).get_command_obj("build_ext")
        command.build_lib = str(BUILD)
        command.build_temp = str(BUILD / str(sys.implementation.cache_tag))
        command.ensure_finalized()
        command.run()
        return Path(command.get_ext_fullpath(NAME)).resolve()


def put_in_place(extension: Path) -> None:
    """Beside its sources, for an editable install; a process that runs with the one from before keeps it."""
    place = ROOT / SOURCES / extension.name
    coming = place.with_suffix(".coming")
    shutil.copy2(extension, coming)
    coming.replace(place)


if __name__ == "__main__":
    lacking = missing() if sys.argv[1:] == ["--where-possible"] else None
    if lacking is None:
        put_in_place(build())
    else:
        print(f"NATIVE TWIN NOT TESTED: {lacking} here, so the native parts can't be built; the pure ones are tested")
