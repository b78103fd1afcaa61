"""One attempt: compose the message, hand it to the channel, and see how that went."""

import logging
from collections.abc import Sequence
from datetime import datetime

from shared.delivery.handing import Sent, hand_over
from shared.delivery.texts import compose_owed
from shared.links import Links
from shared.logs import step
from shared.models import Attempt, AttemptStatus, Notification, storable
from shared.models.message import Circumstances
from shared.notifiers import NotifierKind
from shared.notifiers.outcomes import MOST_COPIES, PERHAPS
from shared.store import Owed, Store, StoreUnavailable
from shared.words import Language

# An alert's last rows, among which those of the last minutes are.
_LOGS = 500


def send(
    listed: Sequence[Owed],
    notifier: NotifierKind,
    store: Store,
    language: Language,
    *,
    now: datetime,
    seconds: float,
    installation: str,
    links: Links | None,
) -> Sent:
    """Send one message about all that is ``listed``, within ``seconds``. Never raises."""
    known = _circumstances(listed, notifier, store, now)
    message, remark = compose_owed(listed, language, known, notifier.common, links, at=now)
    message = message._replace(installation=installation)
    sent = _settled(hand_over(notifier, message, listed[0], seconds=seconds), listed[0].notification, store)
    # The channel's own words may hold anything, and the store must be able to keep them.
    message_id = storable(sent.message_id) if sent.message_id else None
    return sent._replace(answer=storable(sent.answer + remark), message_id=message_id)


def _settled(sent: Sent, notification: Notification, store: Store) -> Sent:
    """The outcome, which is FAILED if the message was perhaps accepted too often: then what comes after it can go."""
    if not sent.is_perhaps or notification.attempts < MOST_COPIES:
        return sent
    try:
        logs = store.notifications.logs(limit=_LOGS, alert_id=notification.alert_id)
    except StoreUnavailable:
        return sent
    earlier = [log for log in logs if log.notification_id == notification.id and (log.answer or "").startswith(PERHAPS)]
    return sent._replace(status=AttemptStatus.FAILED) if len(earlier) >= MOST_COPIES - 1 else sent


def _circumstances(listed: Sequence[Owed], notifier: NotifierKind, store: Store, now: datetime) -> Circumstances | None:
    if len(listed) > 1 or listed[0].alert.summary is not None or not notifier.shows_facts:
        return None
    try:
        return store.alerts.circumstances(listed[0].alert, now=now.astimezone())
    except StoreUnavailable:
        return None  # a message without them is better than a later one
    except Exception as defect:  # noqa: BLE001  # and better than none
        reason, about = type(defect).__name__, listed[0].notification.id
        step("server", "circumstances_unknown", level=logging.ERROR, failure=True, notification_id=about, reason=reason)
        return None


def log_attempt(attempt: Attempt, listed: Sequence[Owed]) -> None:
    """Write a line for each notification that one message was about."""
    for owed in listed:
        step(
            "server",
            f"notification_{attempt.status.lower()}",
            level=logging.INFO if attempt.status is AttemptStatus.SENT else logging.WARNING,
            alert_id=owed.alert.id,
            target_url=owed.alert.target_url,
            notification_id=owed.notification.id,
            kind=owed.notification.kind,
            channel=owed.notification.channel,
            duration_ms=attempt.duration_ms,
            answer=attempt.answer,
            due_at=attempt.due_at,
        )
