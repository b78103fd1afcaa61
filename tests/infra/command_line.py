"""``python -m infra`` as a person runs it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shared import ROOT
from tests.support.forking import forks

if TYPE_CHECKING:
    import subprocess

# Imported before, besides ours, so that a fork need not.
IMPORTED = ("requests",)


def infra(
    *words: str, environ: Mapping[str, str] | None = None, project: Path = ROOT, reply: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end, in this environment or else in the tests' own; as a fork if one can stand for it."""
    command = [sys.executable, "-m", "infra", *words]
    return forks.run(command, project, os.environ if environ is None else environ, reply or "", seconds=60)
