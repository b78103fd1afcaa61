"""Settings that are too large for the environment of a new program, which Linux limits to 128 KiB for each.

They are handed over in a file without a name, which only processes that we start can reach.
"""

import json
import os
import tempfile
from collections.abc import MutableMapping

# Also what all of them together may take is limited.
_LARGE = 1024
_DESCRIPTOR = "BONGHWA_LARGE_VALUES"


def hand_over(environ: MutableMapping[str, str]) -> None:
    """Move what is large out of ``environ``, before this process becomes another program."""
    large = {name: value for name, value in environ.items() if len(os.fsencode(value)) > _LARGE}
    if not large:
        return
    descriptor = _file(json.dumps(large).encode())
    os.set_inheritable(descriptor, True)
    for name in large:
        del environ[name]
    environ[_DESCRIPTOR] = str(descriptor)


def take(environ: MutableMapping[str, str]) -> tuple[dict[str, str], list[int]]:
    """Read into ``environ`` what was handed over.

    Return the environment, and the descriptors, for programs that we start in turn.
    """
    small = dict(environ)
    if _DESCRIPTOR not in environ:
        return small, []
    descriptor = int(environ.pop(_DESCRIPTOR))
    # At its beginning: all processes share the place up to which the file was read.
    environ.update(json.loads(os.pread(descriptor, os.fstat(descriptor).st_size, 0)))
    os.set_inheritable(descriptor, False)
    return small, [descriptor]


def _file(data: bytes) -> int:
    """A file without a name that holds ``data``; in memory, if the system can do that."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("settings")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    with open(descriptor, "wb", closefd=False) as target:  # it has no path
        target.write(data)
    return descriptor
