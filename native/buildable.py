"""Can the native parts be built here? Exit code 0 when they can; else 1, and what is missing.

Asked by `make test`: a machine without a C compiler runs every test but those of the native twins, and says so.
"""

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path


def missing() -> str | None:
    """What a build would lack, None if nothing."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler})"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return None if header.is_file() else f"no {header}"


if __name__ == "__main__":
    lacking = missing()
    if lacking is not None:
        print(f"NATIVE TWIN NOT TESTED: {lacking} here, so the native parts can't be built; the pure ones are tested")
    sys.exit(lacking is not None)
