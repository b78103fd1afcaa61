"""The environment is read on request, and hardly ever changes between two of them."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Found = TypeVar("Found")
Read = Callable[[Mapping[str, str]], Found]


def again_if_changed(read: Read[Found]) -> Read[Found]:
    """Call ``read`` only if the environment differs from the one before. Callers leave the result as it is."""
    # Every request asks, and ``os.environ`` decodes a value whenever somebody looks at it: to read all settings takes
    # as long as to validate two events. To compare the dict that it keeps, ``_data``, takes a thirtieth of that.
    known: tuple[dict[Any, Any], Found] | None = None

    @functools.wraps(read)
    def read_if_changed(environ: Mapping[str, str]) -> Found:
        nonlocal known
        kept: Any = getattr(environ, "_data", environ)
        before = known
        if before is not None and before[0] == kept:
            return before[1]
        # Copied first: if it changes while it is read, the next call reads it again.
        copied = dict(kept)
        found = read(environ)
        known = copied, found
        return found

    return read_if_changed
