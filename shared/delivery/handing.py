"""Hand a message to its channel, and say how that went."""

from typing import NamedTuple

from shared.models import AttemptStatus, NotificationKind
from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, SendFailed
from shared.notifiers.outcomes import PerhapsAccepted
from shared.store import Owed


class Sent(NamedTuple):
    """How an attempt ended, and the channel's words. ``message_id``: by which the message can be edited there.

    ``is_perhaps``: the channel may have accepted it; ``retry_after`` is then our own wait, and not the channel's.
    """

    status: AttemptStatus
    answer: str
    retry_after: float | None = None
    message_id: str | None = None
    is_perhaps: bool = False


def hand_over(notifier: NotifierKind, message: Message, owed: Owed, *, seconds: float) -> Sent:
    """Send the message, or edit the one that it takes the place of, within so many seconds. Never raises."""
    is_update = owed.notification.kind is NotificationKind.UPDATE
    try:
        if is_update:
            accepted = _edit(notifier, message, owed, seconds)
        else:
            accepted = notifier.send(message, timeout_seconds=seconds)
    except SendFailed as failure:
        status = AttemptStatus.FAILED if failure.is_permanent else AttemptStatus.RETRY
        return Sent(status, str(failure), failure.retry_after, is_perhaps=isinstance(failure, PerhapsAccepted))
    except Exception as defect:  # noqa: BLE001  # a notifier's defect must not lose the message
        return Sent(AttemptStatus.RETRY, notifier.unexpected(defect))
    # One message about several alerts cannot be edited for one of them.
    is_editable = notifier.edits and not message.is_list and not is_update
    return Sent(AttemptStatus.SENT, str(accepted.answer), message_id=accepted.message_id if is_editable else None)


def _edit(notifier: NotifierKind, message: Message, owed: Owed, seconds: float) -> Accepted:
    if owed.edited is None or owed.edited.message_id is None or not notifier.edits:
        raise SendFailed("the channel does not know the message, or cannot edit it any more", is_permanent=True)
    return notifier.update(message, owed.edited.message_id, timeout_seconds=seconds)
