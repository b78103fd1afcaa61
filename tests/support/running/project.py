"""A copy of the project, in which a test's ``.env``, database and logs may be."""

import shutil
import subprocess
from pathlib import Path

from shared import ROOT

COPIED = ("main.py", "functions", "shared", "infra", ".env.example")


def copy_project(folder: Path) -> Path:
    """Copy everything that runs into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            shutil.copy2(ROOT / name, folder / name)
    return folder


def shown_by_curl(block: str, folder: Path) -> list[str]:
    """The arguments that a block of shell commands, typed in ``folder``, passes to curl. curl does not run."""
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}\n{block}"
    environ = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-ec", script], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
