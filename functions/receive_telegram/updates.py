"""Updates as Telegram sends them: which of them press a button, and which are commands. Nothing in them is trusted."""

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from shared.models import storable

MAX_NAME = 255
_DATA = re.compile(r"a:([1-9]\d{0,17}):(ack|silence)")
# ``/ack@our_bot 7``: in a group a command may name the bot that it is for.
_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


class Press(NamedTuple):
    """A pressed button. ``name``: that of the update, which is the same if it is repeated. ``chats``: see Command."""

    name: str
    query_id: str
    chats: frozenset[str]
    message_id: str
    by: str
    # None: the button is none of ours.
    alert_id: int | None
    action: Literal["ack", "silence"] | None


class Command(NamedTuple):
    """A command in a chat. ``chats``: how a setting may name the chat, in small letters.

    ``topic``: the one that it was written in. ``bot``: the one that it names, in small letters too.
    """

    name: str
    chats: frozenset[str]
    chat_id: int
    message_id: int
    topic: int | None
    by: str
    bot: str | None
    verb: str
    rest: str


def press_in(update: Mapping[str, Any]) -> Press | None:
    """The press that an update is about, if it is about one."""
    query = _object(update, "callback_query")
    query_id = query.get("id")
    if not isinstance(query_id, str) or not query_id:
        return None
    message = _object(query, "message")
    data = query.get("data")
    found = _DATA.fullmatch(data) if isinstance(data, str) else None
    return Press(
        name=_name(update, query_id),
        query_id=query_id,
        chats=_chats(message),
        message_id=str(message.get("message_id")),
        by=_by(query),
        alert_id=int(found[1]) if found else None,
        action=found[2] if found else None,  # type: ignore[arg-type]
    )


def command_in(update: Mapping[str, Any]) -> Command | None:
    """The command that an update holds, if it holds one."""
    # In a channel, its posts are what is written.
    message = _object(update, "message") or _object(update, "channel_post")
    text = message.get("text")
    chat_id: Any = _object(message, "chat").get("id")
    message_id: Any = message.get("message_id")
    found = _COMMAND.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None or not isinstance(chat_id, int) or not isinstance(message_id, int):
        return None
    topic = message.get("message_thread_id") if message.get("is_topic_message") is True else None
    return Command(
        name=_name(update, chat_id, message_id),
        chats=_chats(message),
        chat_id=chat_id,
        message_id=message_id,
        topic=topic if _is_number(topic) else None,
        by=_by(message),
        bot=found[2].casefold() if found[2] else None,
        verb=found[1].lower(),
        rest=(found[3] or "").strip(),
    )


def _name(update: Mapping[str, Any], *what: object) -> str:
    """The name of an update. Several bots may count their updates from the same number on."""
    return storable(" ".join(map(str, ("telegram", update.get("update_id"), *what))))[:MAX_NAME]


def _by(holder: Mapping[str, Any]) -> str:
    """The name of whoever it is from: the full name, else the username; of a post, its signature, else its channel."""
    if "from" not in holder:
        posted = holder.get("author_signature") or _object(holder, "chat").get("title")
        if isinstance(posted, str) and posted.strip():
            return storable(posted.strip())[:MAX_NAME]
    person = _object(holder, "from")
    names = [person.get(part) for part in ("first_name", "last_name")]
    full = " ".join(name.strip() for name in names if isinstance(name, str) and name.strip())
    username = person.get("username")
    name = full or (username if isinstance(username, str) else "") or f"Telegram {person.get('id')}"
    return storable(name)[:MAX_NAME]


def _chats(message: Mapping[str, Any]) -> frozenset[str]:
    chat = _object(message, "chat")
    number, username = chat.get("id"), chat.get("username")
    names = {str(number)} if _is_number(number) else set()
    return frozenset(names | ({f"@{username}".casefold()} if isinstance(username, str) else set()))


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
