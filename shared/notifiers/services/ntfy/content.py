"""A message as ntfy takes it."""

import json
from typing import Any

from shared.models.message import Link, Message, Tone
from shared.notifiers.cutting import body_within, cut, cut_before, cut_to_bytes
from shared.notifiers.urgency import urgency

# From 4096 bytes on, a message silently becomes a file that is attached to an empty one.
_LONGEST = 4_095
_LONGEST_TITLE = 250
# The whole request, in which each line break and quotation mark takes two bytes.
_LONGEST_REQUEST = 2 * 4_096
_MOST_ACTIONS = 3
_PRIORITIES: dict[Tone, int] = {"bad": 5, "warning": 4, "good": 3, "neutral": 3}
_TAGS: dict[Tone, str] = {
    "bad": "rotating_light",
    "warning": "warning",
    "good": "white_check_mark",
    "neutral": "information_source",
}


def content(message: Message, topic: str, priority: int | None) -> bytes:
    """The request's body, with as much of the message as ntfy takes."""
    fields: dict[str, Any] = {
        "topic": topic,
        "title": cut(message.title, _LONGEST_TITLE),
        "priority": urgency(message, priority, _PRIORITIES),
        "tags": [_TAGS[message.tone]],
        "actions": [_action(link) for link in message.links[:_MOST_ACTIONS]],
    }
    if message.identity:
        # Apps replace a message with this id, and do not ring again. ntfy takes up to 64 letters, digits, - and _.
        fields["sequence_id"] = f"notification-{message.identity}"
    if (page := message.url("open")) is not None:
        fields["click"] = page
    longest = _LONGEST
    while True:
        body = body_within(message, longest, lambda text: len(text.encode()))
        fields["message"] = cut_before(message.mark, body or message.title, longest, cut_to_bytes)
        data = json.dumps(fields, ensure_ascii=False).encode()
        if len(data) <= _LONGEST_REQUEST or longest < len(message.mark) + 100:
            return data
        longest = longest * 3 // 4


def _action(link: Link) -> dict[str, Any]:
    if link.action == "open":
        return {"action": "view", "label": link.label, "url": link.url}
    return {"action": "http", "label": link.label, "url": link.url, "method": "POST", "clear": True}
