"""The places in which a SQLite file is safe, and those in which it would vanish or be damaged."""

import os
from collections.abc import Mapping
from pathlib import Path

from shared.settings import is_in_cloud
from shared.store.engines.database import StoreUnsuitable

_INSTEAD = "set DATABASE_URL to a PostgreSQL database (postgresql://…)"
_MOUNTS = Path("/proc/self/mountinfo")
# Their file locks, and the memory that SQLite's processes share through a file, do not work between machines.
_REMOTE = ("nfs", "cifs", "smb", "fuse")
# These are FUSE, but disks of this machine.
_LOCAL = ("fuse.fuse-overlayfs", "fuseblk")


def refuse_wrong_place(path: Path, environ: Mapping[str, str] = os.environ, mounts: Path = _MOUNTS) -> None:
    """Allow a SQLite file at ``path``, or say what to do instead. ``mounts``: Linux's list of file systems.

    Raises:
        StoreUnsuitable: a function in a cloud would lose it, or its file system would damage it.
    """
    if is_in_cloud(environ):
        raise StoreUnsuitable(f"a SQLite file does not outlive a function in a cloud: {_INSTEAD}")
    kind = _file_system(path, mounts)
    if kind.startswith(_REMOTE) and kind not in _LOCAL:
        reason = f"a shared file system ({kind}) damages a SQLite file sooner or later: {_INSTEAD}, or move the file"
        raise StoreUnsuitable(reason)


def _file_system(path: Path, mounts: Path) -> str:
    """The kind of file system that holds ``path``; empty if that is unknown, as on other systems than Linux."""
    try:
        device = (path if path.exists() else path.parent).stat().st_dev
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = [line.partition(" - ")[2].split(" ")[0] for line in lines if line.split(" ", 3)[2] == number]
    return kinds[-1] if kinds else ""
