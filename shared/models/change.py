"""A change of an alert."""

from enum import StrEnum
from typing import NamedTuple

from shared.models.alert import Alert


class ChangeKind(StrEnum):
    """How an alert changed: it opened, it ended by itself, or a person moved it."""

    OPENED = "OPENED"
    RESOLVED = "RESOLVED"
    MOVED = "MOVED"


class Change(NamedTuple):
    """An alert as it is now, how it changed (None: not at all), and the ids of the notifications that it newly owes.

    ``window_id``: the silence that was made with the change.
    """

    alert: Alert
    kind: ChangeKind | None
    notification_ids: tuple[int, ...] = ()
    window_id: int | None = None
