"""The occasions on which what is owed is delivered: at once, by the function that owes it, and by schedule."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.delivery.unrecorded import unrecorded_of
from shared.logs import step
from shared.models import AttemptStatus, Change, now
from shared.models.notification import OUTCOMES
from shared.notifiers import NotifierKind, mailers_of
from shared.settings import Settings
from shared.store import Store, StoreUnavailable, log_change

if TYPE_CHECKING:
    from shared.delivery.mailing import Mailing


def deliver_at_once(
    store: Store,
    notifiers: Mapping[str, NotifierKind],
    notification_ids: Sequence[int],
    settings: Settings,
) -> None:
    """Send what was just owed, within ``run.AT_ONCE``; ``deliver_owed`` sends what remains. Never raises.

    A message to a channel that needs longer than that remains.
    """
    try:
        # Even if nothing is owed: a process that only takes events may have no other occasion in time.
        unrecorded_of(store).record(store, notifiers)
        if notification_ids:
            # Imported here, and below: usually nothing is owed, and the words of messages cost a cold start.
            from shared.delivery.run import serve_at_once

            serve_at_once(store, notifiers, notification_ids, settings)
    # The owed messages are safe in the store. The caller's own work is done and must not be reported as failed.
    except StoreUnavailable as trouble:
        step("server", "delivery_put_off", level=logging.WARNING, reason=str(trouble))
    except Exception as defect:  # noqa: BLE001  # see above
        reason = f"unexpected {type(defect).__name__}"
        step("server", "delivery_put_off", level=logging.ERROR, failure=True, reason=reason)


def notify_of(
    store: Store, notifiers: Mapping[str, NotifierKind], changes: Sequence[Change], settings: Settings
) -> None:
    """Log the changes of alerts, which are committed, and send at once what they owe. Never raises."""
    for change in changes:
        log_change(change)
    owed = [notification_id for change in changes for notification_id in change.notification_ids]
    deliver_at_once(store, notifiers, owed, settings)


def deliver_owed(
    store: Store,
    notifiers: Mapping[str, NotifierKind],
    settings: Settings,
    clock: Callable[[], datetime] = now,
    pause: Callable[[float], object] = time.sleep,
) -> dict[AttemptStatus, int]:
    """Give up what is too old and send what is due, within ``run.RUN``; the attempts by outcome.

    The mails of status pages' subscribers go beside it.

    Raises:
        StoreUnavailable: the store failed. This process records what it could not before it sends anything else.
    """
    # Before anything expires: a message that a channel accepted must not expire.
    unrecorded_of(store).record(store, notifiers)
    ttl_seconds = settings.notification_ttl_seconds
    expired = store.notifications.expire(now=clock(), created_before=clock() - timedelta(seconds=ttl_seconds))
    for given_up in expired:
        step(
            "server",
            "notification_expired",
            level=logging.ERROR,
            alert_id=given_up.alert_id,
            notification_id=given_up.id,
            channel=given_up.channel,
        )
    outcomes = dict.fromkeys(OUTCOMES, 0)
    due = store.notifications.due(notifiers.keys(), now=clock())
    mailing = _mailing(store, notifiers, settings, clock)
    if due or mailing:
        from shared.delivery.run import RUN, ScheduledRun
        from shared.delivery.sender import Sender

        sender = Sender(store, notifiers, settings, RUN, clock)
        ScheduledRun(sender, mailing=mailing, pause=pause).go(due)
        outcomes = sender.outcomes
    return {**outcomes, AttemptStatus.EXPIRED: len(expired)}


def _mailing(
    store: Store, notifiers: Mapping[str, NotifierKind], settings: Settings, clock: Callable[[], datetime]
) -> "Mailing | None":
    """The mailing to the subscribers of status pages, if anything is due to them."""
    if not mailers_of(notifiers):
        return None
    # Imported here: few systems mail anybody.
    from shared.delivery.mailing import Mailing, putting_off

    with putting_off():
        mailing = Mailing(store, notifiers, settings, clock)
        return mailing if mailing.is_due() else None
    return None
