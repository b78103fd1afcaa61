"""Attempts that the store failed to record: this process keeps them, and records them before it claims anything.

Otherwise a message that a channel accepted while the store was in trouble would be sent again. If the process ends
first, its lease expires and the message is sent again under the same id.
"""

import logging
import threading
from collections import deque
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from shared.logs import step
from shared.models import Attempt, Change, Notification
from shared.notifiers import NotifierKind, routes_of
from shared.store import AlertNotFound, Store, StoreUnavailable, log_change

# At most one per sender: a sender records its attempt before it claims the next.
MAX_ATTEMPTS = 1_000


class Unrecorded:
    """The attempts that are still to be recorded in one store, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: deque[Attempt] = deque(maxlen=MAX_ATTEMPTS)

    def add(self, attempt: Attempt) -> None:
        """Keep an attempt; to be called before anything else may fail."""
        self._attempts.append(attempt)

    def record(self, store: Store, notifiers: Mapping[str, NotifierKind]) -> None:
        """Record them all; what that changes of alerts about channels is owed to those of ``notifiers``, and logged.

        Raises:
            StoreUnavailable: what is left is kept.
        """
        # Taken even if nothing is left: another thread may be about to record the last one.
        with self._lock:
            while self._attempts:
                attempt = self._attempts.popleft()
                try:
                    change = _record(store, attempt, notifiers)
                except StoreUnavailable:
                    self._attempts.appendleft(attempt._replace(is_late=True))
                    raise
                except Exception:  # noqa: BLE001  # one attempt must not keep the others, and every sender, waiting
                    step(
                        "server",
                        "attempt_not_recorded",
                        level=logging.ERROR,
                        failure=True,
                        notification_id=attempt.notification.id,
                        channel=attempt.notification.channel,
                        status=attempt.status,
                    )
                    continue
                if change is not None:
                    log_change(change)


_by_store: WeakKeyDictionary[Store, Unrecorded] = WeakKeyDictionary()
_lock = threading.Lock()


def unrecorded_of(store: Store) -> Unrecorded:
    """The attempts of this process that ``store`` has not recorded yet."""
    with _lock:
        if (known := _by_store.get(store)) is None:
            known = _by_store[store] = Unrecorded()
        return known


def _record(store: Store, attempt: Attempt, notifiers: Mapping[str, NotifierKind]) -> Change | None:
    if attempt.is_late:
        every = (attempt.notification, *attempt.listed)
        known = [notification for notification in every if _still_has(store, notification)]
        if len(known) < len(every):
            first = attempt.notification.id
            step("server", "attempt_forgotten", level=logging.WARNING, notification_id=first, count=len(every))
        if not known:
            return None
        attempt = attempt._replace(notification=known[0], listed=tuple(known[1:]))
    return store.notifications.record(attempt, channels=routes_of(notifiers))


def _still_has(store: Store, notification: Notification) -> bool:
    """Whether the store means the same notification by this id: a new or restored store gives ids to others."""
    try:
        _, found = store.alerts.get(notification.alert_id)
    except AlertNotFound:
        return False
    return any((other.id, other.created_at) == (notification.id, notification.created_at) for other in found)
