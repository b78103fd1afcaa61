"""An answer of Telegram's own: JSON with ``ok``, as every response of the Bot API has it.

python-telegram-bot judges by the HTTP status. Something on the way (a firewall, a proxy, a login page) would so refuse
a message permanently, with its own 403 or 404.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from shared.notifiers.response import Response

# A longer wait is only a number. timedelta cannot count all of them.
MAX_WAIT_SECONDS = 1e9


def in_own_words(response: Response) -> tuple[int, bytes]:
    """The status and body that python-telegram-bot is to judge by. Raises its TelegramError."""
    from telegram import error

    status, said = response.status, response.data
    if isinstance(said.get("result"), dict) and said.get("ok") is True and 200 <= status < 300:
        return status, response.body
    if said.get("ok") is not False:
        raise error.NetworkError(f"Invalid server response: {_phrase(status)}, not in Telegram's words")
    if (chat := new_chat(said)) is not None:
        raise error.ChatMigrated(chat)
    if (seconds := _wait(said)) is not None:
        raise error.RetryAfter(timedelta(seconds=seconds))
    code = said.get("error_code")
    code = code if isinstance(code, int) and 400 <= code <= 599 else max(status, 400)
    description = str(said.get("description") or _phrase(code))
    # Without the parameters, which may be of any type: the library would trip over them.
    return code, json.dumps({"ok": False, "description": description}).encode()


def new_chat(said: Mapping[str, Any]) -> int | None:
    """The chat that a group has moved to, if a refusal says so."""
    chat = _parameter(said, "migrate_to_chat_id")
    return chat if isinstance(chat, int) and not isinstance(chat, bool) else None


def _wait(said: Mapping[str, Any]) -> float | None:
    """The seconds that a refusal asks to wait, if it says a number."""
    seconds = _parameter(said, "retry_after")
    # NaN is not equal to itself.
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds == seconds
    return min(max(seconds, 0.0), MAX_WAIT_SECONDS) if is_number else None


def _parameter(said: Mapping[str, Any], name: str) -> Any:
    parameters = said.get("parameters")
    return parameters.get(name) if isinstance(parameters, dict) else None


def _phrase(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"
