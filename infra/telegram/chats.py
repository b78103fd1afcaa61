"""The chats that a bot knows: of people who wrote to it, or added it. Asked once; asking confirms nothing."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# The parts of an update that say in which chat it happened.
_PLACES = ("message", "edited_message", "channel_post", "my_chat_member", "chat_member")


class Found(NamedTuple):
    """A chat. ``topic``: the number of the topic in it, if somebody wrote in one."""

    chat_id: int
    kind: str
    title: str
    topic: int | None = None

    @property
    def line(self) -> str:
        """The chat as a person reads it, and the settings that write to it."""
        topic = f" TELEGRAM_TOPIC_ID={self.topic}" if self.topic else ""
        return f"{self.kind} {self.title}: TELEGRAM_CHAT_ID={self.chat_id}{topic}"


def chats_in(updates: Any) -> list[Found]:
    """The chats of these updates, each once, in the order in which they came."""
    found = [chat for update in updates if isinstance(update, dict) for chat in _chats(update)]
    return list(dict.fromkeys(found))


def _chats(update: Mapping[str, Any]) -> Iterator[Found]:
    query = update.get("callback_query")
    holders = [update.get(place) for place in _PLACES] + [query.get("message") if isinstance(query, dict) else None]
    for holder in holders:
        chat = holder.get("chat") if isinstance(holder, dict) else None
        if isinstance(holder, dict) and isinstance(chat, dict) and isinstance(chat.get("id"), int):
            topic = holder.get("message_thread_id") if holder.get("is_topic_message") is True else None
            yield Found(chat["id"], str(chat.get("type") or "chat"), _title(chat), topic)


def _title(chat: Mapping[str, Any]) -> str:
    full = " ".join(str(chat[part]) for part in ("first_name", "last_name") if chat.get(part))
    title = str(chat.get("title") or full or chat.get("username") or "?")
    return "".join(letter if letter.isprintable() else "?" for letter in title)[:100]
