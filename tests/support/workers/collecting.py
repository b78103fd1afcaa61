"""The work before pytest's first test, shared among the workers."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import ROOT


def rewrite_a_share(config: pytest.Config) -> None:
    """In a new checkout, let each worker rewrite the assertions of other tests: the rest it finds among the copies."""
    work = getattr(config, "workerinput", None)
    if work is None or sys.dont_write_bytecode:
        return
    folder = ROOT / "tests"
    new = [file for file in sorted(folder.rglob("test_*.py")) if not any(_copies_of(file))]
    for file in new[int(work["workerid"].removeprefix("gw")) :: work["workercount"]]:
        # Collecting a module's tests says what is wrong with it.
        with contextlib.suppress(Exception):
            importlib.import_module(".".join(file.relative_to(folder.parent).with_suffix("").parts))


def _copies_of(file: Path) -> Iterator[Path]:
    return file.parent.glob(f"__pycache__/{file.stem}.*-pytest-*.pyc")
