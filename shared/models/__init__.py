"""The words of the system: what was checked, what was seen, what is owed to whom. All of them are frozen.

Pydantic checks what comes in: ``Event``, its parts, and the plain types in ``scalars``. Rows of the store are tuples
with names (``values``).
"""

import importlib
from typing import TYPE_CHECKING, Any

from shared.models.agent import Agent
from shared.models.alert import Alert, AlertKind, AlertStatus, Timings
from shared.models.cause import Cause
from shared.models.change import Change, ChangeKind
from shared.models.monitor import Monitor, MonitorState
from shared.models.notification import (
    Attempt,
    AttemptStatus,
    Notification,
    NotificationKind,
    NotificationLog,
    NotificationStatus,
)
from shared.models.times import as_text, as_time, now, utc
from shared.models.values import Unreadable, as_json, columns_of, storable, value_of

if TYPE_CHECKING:
    from shared.models.event import MAX_EVENTS_PER_REQUEST, CheckAttempt, Event, new_event_id
    from shared.models.scalars import MonitorName, Text, Time


# Many functions check nothing of this, and these modules cost a cold start.
_OF_EVENTS = ("MAX_EVENTS_PER_REQUEST", "CheckAttempt", "Event", "new_event_id")
_SCALARS = ("MonitorName", "Text", "Time")


def __getattr__(name: str) -> Any:
    if name in _OF_EVENTS:
        return getattr(importlib.import_module("shared.models.event"), name)
    if name in _SCALARS:
        return getattr(importlib.import_module("shared.models.scalars"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "MAX_EVENTS_PER_REQUEST",
    "Agent",
    "Alert",
    "AlertKind",
    "AlertStatus",
    "Attempt",
    "AttemptStatus",
    "Cause",
    "Change",
    "ChangeKind",
    "CheckAttempt",
    "Event",
    "Monitor",
    "MonitorName",
    "MonitorState",
    "Notification",
    "NotificationKind",
    "NotificationLog",
    "NotificationStatus",
    "Text",
    "Time",
    "Timings",
    "Unreadable",
    "as_json",
    "as_text",
    "as_time",
    "columns_of",
    "new_event_id",
    "now",
    "storable",
    "utc",
    "value_of",
]
