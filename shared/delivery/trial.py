"""A test message through one channel, which nobody owes."""

from datetime import datetime
from typing import NamedTuple

from shared.messages import Language, compose_test
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed

SECONDS = 10.0


class Trial(NamedTuple):
    """Whether the channel took the test message, and its own words."""

    is_accepted: bool
    answer: str


def try_channel(notifier: NotifierKind, language: Language, *, at: datetime, seconds: float = SECONDS) -> Trial:
    """Send a test message. Never raises."""
    try:
        message = Message.of_text(compose_test(at, language), language)
        return Trial(True, notifier.send(message, timeout_seconds=seconds).answer)
    except SendFailed as failed:
        return Trial(False, str(failed))
    except Exception as defect:  # noqa: BLE001  # whoever tries it wants to read why
        return Trial(False, notifier.unexpected(defect))
