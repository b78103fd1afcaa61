"""A message as Telegram shows it, and the buttons below it."""

from typing import Any, NamedTuple

from shared.models.message import Link, Message
from shared.notifiers.cutting import cut_to_units, units
from shared.notifiers.markup import entities, unlinked
from shared.settings import Settings

# Telegram's own limit, in UTF-16 units of what is seen, so without tags and with an escaped sign as one.
_LONGEST = 4_096
_LONGEST_TITLE = 1_024
# The letters by which a button names what it does.
ACTIONS = {"ack": "acknowledge", "silence": "silence"}


class Words(NamedTuple):
    """A text, and how Telegram is to read it: as HTML, or as it is."""

    text: str
    parse_mode: str | None


def words_of(message: Message) -> Words:
    """The message's full form, with a bold title and its number at the end; its one text if it has no full form."""
    if not message.has_full_form:
        return Words(_without_mentions(message.text), None)
    links = [link for link in message.links if not _has_button(link)]
    labels = " · ".join(link.label for link in links)
    title = cut_to_units(unlinked(message.title), _LONGEST_TITLE)
    # Three line breaks stand between the four parts.
    room = _LONGEST - units(title) - units(labels) - units(message.mark) - 3
    content = cut_to_units(unlinked(message.content), room)
    parts = [f"<b>{entities(title)}</b>", entities(content), " · ".join(map(_anchor, links)), message.mark]
    return Words("\n".join(part for part in parts if part), "HTML")


def _without_mentions(text: str) -> str:
    """A list, or a line. Each id in it matters, so that nothing is cut for the gaps' sake."""
    shown = unlinked(text)
    return shown if units(shown) <= _LONGEST else text.replace("@", "\uff20")


def buttons_of(message: Message) -> Any:
    """The keyboard below a message: what one can do about its alert. None without one."""
    if message.alert is None or not _takes_presses():
        return None
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    labels = {action.name: action.label for action in message.actions}
    rows = [
        [
            InlineKeyboardButton(labels[action], callback_data=f"a:{message.alert.id}:{verb}")
            for verb, action in ACTIONS.items()
            if action in labels
        ],
        [
            InlineKeyboardButton(link.label, url=link.url)
            for link in message.links
            if link.action == "open" and _has_button(link)
        ],
    ]
    shown = [row for row in rows if row]
    return InlineKeyboardMarkup(shown) if shown else None


def _has_button(link: Link) -> bool:
    """Whether a button below the message does what the link does."""
    # Telegram refuses a whole message for a button that leads to an address of its own machine.
    return _takes_presses() and (link.action != "open" or link.url.startswith("https://"))


def _takes_presses() -> bool:
    """Whether presses reach us. Otherwise a pressed button would only spin."""
    return Settings.from_env().takes_presses


def _anchor(link: Link) -> str:
    return f'<a href="{entities(link.url)}">{entities(link.label)}</a>'
