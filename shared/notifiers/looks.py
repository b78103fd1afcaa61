"""How a message looks by its tone, on every channel that can show it."""

from collections.abc import Mapping

from shared.models.message import Message, Tone

SIGNS: Mapping[Tone, str] = {"bad": "🔴", "warning": "🟠", "good": "🟢", "neutral": "🔵"}
COLOURS: Mapping[Tone, str] = {"bad": "#d92d20", "warning": "#f79009", "good": "#17b26a", "neutral": "#2e90fa"}


def headline(message: Message) -> str:
    """Its title, behind a sign that shows its tone."""
    return f"{SIGNS[message.tone]} {message.title}"
