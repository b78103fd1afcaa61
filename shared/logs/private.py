"""Files that only their user can use, whatever the umask: logs, databases, events that wait.

A process that can read one of them can also lock it, and thereby stop us.
"""

import contextlib
import errno
import os
import stat
from pathlib import Path


def open_private(path: Path) -> int:
    """Open ``path`` for appending, and return its descriptor.

    Raises:
        OSError: it cannot be written, is no file (a FIFO would stop us until somebody reads it), or is a link that
            another user made, which could lead into any file of ours.
    """
    if path.is_symlink() and path.lstat().st_uid not in (os.geteuid(), 0):
        raise PermissionError(errno.EPERM, "another user made this link", str(path))
    make_private(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) or stat.S_ISCHR(found.st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no file", str(path))


def make_private(path: Path | str, *, creates: bool = True) -> None:
    """Make the file, if there is none, and take the rights that a umask gave to others at it.

    A file that only its group may use got that by hand, and keeps it. Never raises: whoever opens it will see.
    """
    with contextlib.suppress(OSError):
        if creates:
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                # The umask may have taken even our own rights.
                os.fchmod(descriptor, 0o600)
                os.close(descriptor)
        found = os.stat(path)  # noqa: PTH116  # Path.stat costs twice as much
        if stat.S_ISREG(found.st_mode) and found.st_mode & 0o007 and found.st_uid == os.geteuid():
            # Its owner's rights stay: who made it read-only meant it.
            os.chmod(path, found.st_mode & 0o700)  # noqa: PTH101
