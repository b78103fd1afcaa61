"""Temporary files in memory, if the machine has room for those of a whole run.

The files of tests are many and live for seconds. On a disk, the file system alone takes a sixth of the processors.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # Linux's own
# Short, since sockets have folders in it: a path of theirs may have 107 bytes.
_NAME = "bw-"
# A run leaves some 3 GB, which stay until its end: all of it is searched for secrets then.
NEEDED_BYTES = 8 * 2**30


def keep_files_in_memory() -> None:
    """From now on and until its end, in this process and those that it starts. A TMPDIR that somebody has set stays."""
    if "TMPDIR" in os.environ or not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return
    _forget_runs_that_ended()
    if shutil.disk_usage(_MEMORY).free < NEEDED_BYTES:
        return
    folder = _MEMORY / f"{_NAME}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)  # a killed run may have had our number
    # Servers that run as somebody else have folders of their own in it.
    folder.mkdir(mode=0o711)
    # Registered first, so that it is done last: others remove what is theirs at the end, too.
    atexit.register(_free, folder, os.getpid())
    os.environ["TMPDIR"] = str(folder)
    # pytest has asked for a folder already, and Python remembers it.
    tempfile.tempdir = None


def _free(folder: Path, owner: int) -> None:
    # A fork inherits what its parent registered.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_runs_that_ended() -> None:
    """Remove the files of runs that were killed."""
    for folder in _MEMORY.glob(f"{_NAME}*"):
        with contextlib.suppress(ValueError):
            number = int(folder.name.removeprefix(_NAME))
            try:
                os.kill(number, 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except PermissionError:  # somebody else's
                continue
