"""Groups that became supergroups: what people do there comes from a chat that no setting names.

The process that sends to the old number hears of the new one, but it may be another one than this.
"""

import logging
import time
from collections.abc import Collection, Iterable

from shared.logs import step
from shared.notifiers import NotifierKind

# All questions together take no longer, since Telegram waits.
SECONDS = 5.0
# Strangers, too, may write from chats that no setting names.
PAUSE_SECONDS = 60.0
# When each group that had not moved was asked about last, by its address and number.
_asked_at: dict[tuple[str, str], float] = {}


def look_for_moves(chats: Collection[str], notifiers: Iterable[NotifierKind]) -> None:
    """Ask Telegram where the groups of channels are now, if an update comes from ``chats``, which are unknown."""
    if not any(chat.startswith("-") for chat in chats):
        return  # a person's chat
    gives_up_at = time.monotonic() + SECONDS
    for notifier in notifiers:
        # If it is known to have moved, it has two numbers.
        if notifier.kind == "telegram" and notifier.is_group and len(notifier.chats) == 1:  # type: ignore[attr-defined]
            _ask(notifier, gives_up_at)


def _ask(notifier: NotifierKind, gives_up_at: float) -> None:
    # Imported here: hardly any update needs it.
    import requests

    at = time.monotonic()
    group = notifier.api_url, notifier.chat_id  # type: ignore[attr-defined]
    if at >= gives_up_at or at < _asked_at.get(group, -PAUSE_SECONDS) + PAUSE_SECONDS:
        return
    _asked_at[group] = at
    try:
        if notifier.look_for_move(gives_up_at - at):  # type: ignore[attr-defined]
            _asked_at.pop(group, None)  # it is forgotten if the new chat refuses a message
    except requests.RequestException as error:
        # Its text holds the URL, and so the token.
        step("server", "group_unknown", level=logging.WARNING, reason=type(error).__name__)
