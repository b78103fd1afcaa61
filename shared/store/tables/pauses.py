"""The table ``notifications``, as far as a channel asks to be left alone for a while."""

from shared.models import Attempt, NotificationKind, as_text
from shared.models.notification import Pause
from shared.store.engines.database import Transaction

# A message that another sender has under way is recorded by that sender. The first condition on ``status`` is that of
# the index; without it the whole table would be read while other writers wait.
_PAUSE = """
    UPDATE notifications SET due_at = :until, scheduled_at = :attempted_at
    WHERE channel = :channel AND status IN ('PENDING', 'SENDING') AND status = 'PENDING' AND due_at < :until
      AND coalesce(released_at, created_at) >= :created_since AND (kind <> 'UPDATE' OR created_at >= :edited_since)"""


def pause(transaction: Transaction, attempt: Attempt, pause: Pause) -> None:
    """Let everything that is owed to the channel of an attempt wait too; after an edit, other edits alone.

    Services limit edits by themselves, and no message about an outage should wait for one.
    """
    is_update = attempt.notification.kind is NotificationKind.UPDATE
    transaction.run(
        f"{_PAUSE} AND kind = 'UPDATE'" if is_update else _PAUSE,
        channel=attempt.notification.channel,
        until=as_text(pause.until),
        created_since=as_text(pause.created_since),
        edited_since=as_text(pause.edited_since),
        attempted_at=as_text(attempt.attempted_at),
    )
