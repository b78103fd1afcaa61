"""The news of a page."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class News(NamedTuple):
    """Something to be announced on a page.

    ``alerts``: the outages that it announces. ``ends``: the earlier announcement some of whose outages are over now;
    ``alerts`` are then that one's, with None in place of each that is over. ``is_mailed``: whether there is anything to
    say of it. ``replaces``: the id of an announced window, and that of the one which stands for it now.
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
