"""The words of the system as frozen values: what was checked, what was seen, what is owed to whom."""

from shared.models.agent import Agent
from shared.models.alert import Alert, AlertKind, AlertStatus, Timings
from shared.models.cause import Cause
from shared.models.change import Change, ChangeKind
from shared.models.event import MAX_EVENTS_PER_REQUEST, CheckAttempt, Event
from shared.models.monitor import Monitor, MonitorState
from shared.models.notification import (
    Attempt,
    AttemptStatus,
    Notification,
    NotificationKind,
    NotificationLog,
    NotificationStatus,
)
from shared.models.scalars import MonitorName, Text, new_event_id, storable
from shared.models.times import Time, as_text, now, utc

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
    "as_text",
    "new_event_id",
    "now",
    "storable",
    "utc",
]
