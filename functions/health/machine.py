"""Whether this machine can go on writing: its logs, and what is left of the database's disk."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from shared import ROOT
from shared.settings import Settings

# As much as a busy system writes in an hour or two.
LEAST_BYTES = 64 * 1024 * 1024


def troubles(settings: Settings) -> Iterator[str]:
    """The troubles of the machine that will soon stop the system, or already hide what it does."""
    if settings.database_path is not None:
        free = shutil.disk_usage(settings.database_path.parent).free
        if free < LEAST_BYTES:
            yield f"the database's disk has only {free / 1e6:.0f} MB left"
    if settings.log_dir is not None:
        yield from _of_logs(ROOT / settings.log_dir)


def _of_logs(folder: Path) -> Iterator[str]:
    # Imported here: a function in a cloud writes no file.
    from shared.logs.private import open_private

    for name in ("server.log", "agent.log"):
        try:
            os.close(open_private(folder / name))
        except OSError as error:
            yield f"{name} cannot be written: {error.strerror or error}"
