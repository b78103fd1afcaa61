"""The only place that knows SQL; this is its door.

``open_store(settings)`` returns the ``Store`` of this process. It is composed of parts, and their methods say what you
get or do: ``store.alerts.move(…)``. Each method runs in one transaction.
"""

import importlib
from typing import TYPE_CHECKING, Any

from shared.store.asking.alerts import log_change, log_move
from shared.store.engines.database import Row, StoreUnavailable, StoreUnsuitable
from shared.store.open import open_store
from shared.store.refusals import (
    DependsInCircle,
    DrillUnderWay,
    EscalationInUse,
    HeartbeatNotFound,
    IncidentChanged,
    IncidentNotFound,
    MonitorNotFound,
    NameTaken,
    NotAMonitors,
    OwnedElsewhere,
    PolicyChanged,
    TokenShared,
    TrialNotFound,
    UnknownName,
    WindowNotFound,
    WindowOfFile,
    WindowOver,
)
from shared.store.store import Store
from shared.store.tables.alerts import AlertNotFound

if TYPE_CHECKING:
    # Those that are not in _LATE are for annotations only: at run time this door does not have them.
    from shared.store.asking.boards import Board, Bucket
    from shared.store.asking.entries import Entry
    from shared.store.asking.history import Measured
    from shared.store.asking.incidents import Incident
    from shared.store.asking.metrics.measures import Measures, measure
    from shared.store.asking.raw_events import event_of
    from shared.store.intake.ingest import Ingested
    from shared.store.judging.follow_ups import FollowUp
    from shared.store.judging.windows import Entry as WindowEntry
    from shared.store.outbox import Owed, Share
    from shared.store.recurring.reviewed import Reviewed as Drilled
    from shared.store.subscribing.mails import Outcome as MailOutcome
    from shared.store.subscribing.mails import OwedMail
    from shared.store.subscribing.subscribers import CONFIRM_WITHIN, Subscriber
    from shared.store.upkeep.retention import Retention
    from shared.store.visiting.trials import Trial
else:
    # Few functions need them, and each module costs a cold start.
    _LATE = {
        "CONFIRM_WITHIN": "subscribing.subscribers",
        "Bucket": "asking.boards",
        "Ingested": "intake.ingest",
        "Measures": "asking.metrics.measures",
        "Owed": "outbox",
        "OwedMail": "subscribing.mails",
        "Retention": "upkeep.retention",
        "Subscriber": "subscribing.subscribers",
        "event_of": "asking.raw_events",
        "measure": "asking.metrics.measures",
    }

    def __getattr__(name: str) -> Any:
        if name in _LATE:
            return getattr(importlib.import_module(f"{__name__}.{_LATE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CONFIRM_WITHIN",
    "AlertNotFound",
    "Board",
    "Bucket",
    "DependsInCircle",
    "DrillUnderWay",
    "Drilled",
    "Entry",
    "EscalationInUse",
    "FollowUp",
    "HeartbeatNotFound",
    "Incident",
    "IncidentChanged",
    "IncidentNotFound",
    "Ingested",
    "MailOutcome",
    "Measured",
    "Measures",
    "MonitorNotFound",
    "NameTaken",
    "NotAMonitors",
    "Owed",
    "OwedMail",
    "OwnedElsewhere",
    "PolicyChanged",
    "Retention",
    "Row",
    "Share",
    "Store",
    "StoreUnavailable",
    "StoreUnsuitable",
    "Subscriber",
    "TokenShared",
    "Trial",
    "TrialNotFound",
    "UnknownName",
    "WindowEntry",
    "WindowNotFound",
    "WindowOfFile",
    "WindowOver",
    "event_of",
    "log_change",
    "log_move",
    "measure",
    "open_store",
]
