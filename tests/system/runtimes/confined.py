"""Let a program write to one folder only, as in a cloud, if this machine can do that; and measure its memory."""

import functools
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

# Makes everything but the first argument read-only for the program that follows, as in a container of Cloud Run. The
# second argument is a folder that may be on a file system of its own.
_CONFINED = """
mount --make-rprivate / && mount --bind "$0" "$0" && mount --bind "$1" "$1" &&
mount -o remount,bind,ro "$1" && mount -o remount,bind,ro / && shift && exec "$@"
"""
_PREFIX = ("unshare", "--map-root-user", "--mount", "sh", "-c", _CONFINED)


def confined(writable: Path, read_only: Path, *command: str) -> list[str]:
    """The command, which can write to one folder only if this machine can do that. See ``can_confine``."""
    prefix = [*_PREFIX, str(writable), str(read_only)]
    return [*prefix, *command] if can_confine(writable, read_only) else list(command)


@functools.cache
def can_confine(writable: Path, read_only: Path) -> bool:
    """Whether this machine can make everything but one folder read-only for a program."""
    try:
        done = subprocess.run(
            [*_PREFIX, str(writable), str(read_only), "true"], capture_output=True, timeout=10, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def is_writable(folder: Path, process: int) -> bool:
    """Whether a process sees a folder on a writable file system, according to the kernel."""
    mounts = [line.split() for line in Path(f"/proc/{process}/mountinfo").read_text().splitlines()]
    # The last of several mounts at one place is the visible one.
    own = max((mount for mount in mounts if folder.is_relative_to(mount[4])), key=lambda mount: len(mount[4]))
    seen = [mount for mount in mounts if mount[4] == own[4]][-1]
    return "rw" in seen[5].split(",")


def memory_mib(processes: Iterable[int], what: str = "Pss") -> float:
    """The memory of processes; 0 on a system that does not tell. In Pss each shared page counts by its share."""
    found = (Path(f"/proc/{process}/smaps_rollup") for process in processes)
    rollups = [rollup.read_text() for rollup in found if rollup.exists()]
    return sum(int(size) for text in rollups for size in re.findall(rf"(?m)^{what}: +(\d+) kB", text)) / 1024


def files_in(folder: Path) -> dict[str, int]:
    """Every file below a folder, and when it last changed."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
