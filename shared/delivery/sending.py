"""One attempt: compose the message, hand it to the channel, and see how that went."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.delivery.texts import Language, message_about
from shared.links import Links
from shared.models import AttemptStatus, storable
from shared.models.message import Circumstances, Message
from shared.notifiers import Notifier, SendFailed, preferences_of, shows_facts, unexpected
from shared.store import Owed, Store, StoreUnavailable


class Sent(NamedTuple):
    """How it went, what the log says of it, and the seconds that the channel asks to wait."""

    status: AttemptStatus
    answer: str
    retry_after: float | None = None


def send(
    listed: Sequence[Owed],
    notifier: Notifier,
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
    message, remark = message_about(listed, language, known, preferences_of(notifier), links, at=now)
    message = message._replace(installation=installation)
    sent = _handed_over(message, notifier, seconds)
    # The channel's own words may hold anything, and the store must be able to keep them.
    return sent._replace(answer=storable(sent.answer + remark))


def _circumstances(listed: Sequence[Owed], notifier: Notifier, store: Store, now: datetime) -> Circumstances | None:
    if len(listed) > 1 or not shows_facts(notifier):
        return None
    try:
        return store.alerts.circumstances(listed[0].alert, now=now.astimezone())
    except StoreUnavailable:
        return None  # a message without them is better than a later one


def _handed_over(message: Message, notifier: Notifier, seconds: float) -> Sent:
    try:
        accepted = notifier.send(message, timeout_seconds=seconds)
    except SendFailed as failure:
        status = AttemptStatus.FAILED if failure.is_permanent else AttemptStatus.RETRY
        return Sent(status, str(failure), failure.retry_after)
    except Exception as defect:  # noqa: BLE001  # a notifier's defect must not lose the message
        return Sent(AttemptStatus.RETRY, unexpected(notifier, defect))
    return Sent(AttemptStatus.SENT, str(accepted.answer))
