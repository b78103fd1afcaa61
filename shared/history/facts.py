"""Facts that, beside events, decide which outages open and end. Light: every change of one of these is written down."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

# The fields of a monitor's policy that judge its events, and say which windows are about it.
JUDGING = (
    *("name", "group_name", "tags", "failure_threshold", "success_threshold", "quorum", "locations"),
    *("interval_seconds", "timeout_seconds", "is_watched"),
)


class What(StrEnum):
    """The kinds of facts, and the body of each.

    POLICY: a policy came into force; the columns that JUDGING names.
    WINDOW: a window was made, changed or removed; its columns. Nothing if nothing is left of it.
    STATE: no event brought the monitor into a ``state``, ``since`` a time: nobody checked it, or a window opened.
    WINDOW_ENDED: maintenance was over at ``ended_at``; ``is_known``: the last checks say how the monitor is.
    BEGUN_AGAIN: the monitor was paused or removed, and ``ends`` its outage; or it is watched again.
    MOVED: a person moved its ``alert`` to a ``status``, OPEN or RESOLVED.
    LOCATION_LOST: the agent of one ``location`` is silent; ``is_given_up``: and a person expects it no more.
    """

    POLICY = "policy"
    WINDOW = "window"
    STATE = "state"
    WINDOW_ENDED = "window_ended"
    BEGUN_AGAIN = "begun_again"
    MOVED = "moved"
    LOCATION_LOST = "location_lost"


class Fact(NamedTuple):
    """One of them. It stands behind the event with the id ``after_event`` and before the next one; ``at``: when."""

    after_event: int
    at: datetime
    what: What
    body: Mapping[str, Any] | None
    window_id: int | None = None
