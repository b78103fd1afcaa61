"""``python -m infra`` as a person runs it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from shared import ROOT


def infra(
    *words: str, environ: Mapping[str, str] | None = None, project: Path = ROOT, reply: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end, in this environment or else in the tests' own."""
    command = [sys.executable, "-m", "infra", *words]
    return subprocess.run(command, cwd=project, env=environ, input=reply, capture_output=True, text=True, timeout=60)
