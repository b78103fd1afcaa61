"""Text in which a service finds no markup, mention or link.

Every text of a target or a person goes through one of these. No pattern here is compiled before the first message.
"""

import re

# Nobody sees it. A service that looks for a mention or an address does not read past it.
_GAP = "\u200b"
# The signs after which one begins: of a mention, a link, an HTML tag or entity, a template; then those of an address.
_BEGINNINGS = r"[@<\[\]{&]|:(?=//)|\b[Ww][Ww][Ww](?=\.)"
# For services that have no escape for them.
_UNESCAPED, _LOOKALIKES = "*~`", "∗∼ˋ"


def unlinked(text: str) -> str:
    """``text`` with a gap that nobody sees where a mention, a link or an address would begin."""
    return re.sub(_BEGINNINGS, rf"\g<0>{_GAP}", text)


def backslashed(text: str, signs: str) -> str:
    """``text`` with a backslash before each of ``signs``."""
    return re.sub(f"[{re.escape(signs)}]", r"\\\g<0>", text)


def plain(text: str) -> str:
    """``text`` for a service that reads some Markdown and has no escape: also what would make it bold is not there."""
    return unlinked(text).translate(str.maketrans(_UNESCAPED, _LOOKALIKES))


def entities(text: str) -> str:
    """``text`` for a service that reads HTML, or three signs of it: in Slack, ``<!here>`` would call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link(label: str, url: str) -> str:
    """A link in Markdown. ``label`` is escaped already."""
    return f"[{label}]({re.sub(r'[()<> ]', lambda found: f'%{ord(found[0]):02X}', url)})"
