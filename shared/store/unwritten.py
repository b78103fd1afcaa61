"""Attempts to send that the store did not take: kept in this process, and written before it claims anything.

So what a channel accepted while the store was in trouble is not sent again, unless the process ends first.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from weakref import WeakKeyDictionary

from shared.alerting import Change
from shared.logs import step
from shared.models import Alert, AttemptStatus, Notification
from shared.store.engines.database import StoreUnavailable
from shared.store.store import Store
from shared.store.tables.alerts import AlertNotFound

# Of each sender there is one at most, since nothing is begun before it is written.
MAX_ATTEMPTS = 1_000


class Attempt(NamedTuple):
    """How an attempt went, as ``Store.record_attempt`` takes it. ``is_late``: the store did not take it before."""

    notification: Notification
    status: AttemptStatus
    attempted_at: datetime
    duration_ms: float
    answer: str
    due_at: datetime | None
    channels: tuple[str, ...]
    is_late: bool = False


class Unwritten:
    """The attempts that are still to be written to one store, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: deque[Attempt] = deque(maxlen=MAX_ATTEMPTS)

    def add(self, attempt: Attempt) -> None:
        """To be called before anything else may fail."""
        self._attempts.append(attempt)

    def write(self, store: Store, log_change: Callable[[Change, Alert], None]) -> None:
        """Write them all, and log what that changes of alerts about channels.

        Raises:
            StoreUnavailable: what is left is kept.
        """
        # Taken also where nothing is left: another may be about to write the last.
        with self._lock:
            while self._attempts:
                attempt = self._attempts.popleft()
                try:
                    changed = _record(store, attempt)
                except StoreUnavailable:
                    self._attempts.appendleft(attempt._replace(is_late=True))
                    raise
                if changed is not None:
                    log_change(*changed)


_of: WeakKeyDictionary[Store, Unwritten] = WeakKeyDictionary()
_lock = threading.Lock()


def unwritten_of(store: Store) -> Unwritten:
    """Those of this process for this store."""
    with _lock:
        return _of.setdefault(store, Unwritten())


def _record(store: Store, attempt: Attempt) -> tuple[Change, Alert] | None:
    notification = attempt.notification
    if attempt.is_late and not _still_has(store, notification):
        step("server", "attempt_forgotten", level=logging.WARNING, notification_id=notification.id)
        return None
    return store.record_attempt(
        notification,
        attempt.status,
        attempted_at=attempt.attempted_at,
        duration_ms=attempt.duration_ms,
        answer=attempt.answer,
        due_at=attempt.due_at,
        channels=attempt.channels,
        is_late=attempt.is_late,
    )


def _still_has(store: Store, notification: Notification) -> bool:
    """Whether the store still means the same by its id: one that was made anew or restored gives ids to others."""
    try:
        _, found = store.alert(notification.alert_id)
    except AlertNotFound:
        return False
    return any((each.id, each.created_at) == (notification.id, notification.created_at) for each in found)
