"""The news of a page."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class News(NamedTuple):
    """Something to be announced on a page. ``ends``: the announcement of outages of which some are over now.

    ``alerts``: those that it is about as long as they last; with ``ends``, those of the other one. ``is_mailed``:
    whether there is anything to say of it. ``replaces``: a window and the one that stands for it now.
    """

    slug: str
    about: str
    kind: str
    body: Mapping[str, Any]
    at: str
    alerts: Sequence[int | None] = ()
    ends: int | None = None
    is_mailed: bool = True
    replaces: tuple[int, int] | None = None
