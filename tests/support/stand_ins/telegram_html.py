"""The HTML that Telegram reads in a message, as strictly as Telegram does."""

import re

# Nobody sees it: it keeps a mention or an address from being one.
GAP = "\u200b"
_TOKEN = re.compile(r"<(/?)(b|a)((?: href=\"[^\"<>]*\")?)>|&(lt|gt|amp|quot);|([^<>&]+)")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class CannotParse(ValueError):
    """Telegram would refuse the text."""


def shown(text: str, parse_mode: str | None) -> str:
    """The text without its tags, with what each entity stands for.

    Raises:
        CannotParse: a tag is unknown, is not closed or closes another one, or a sign is not escaped.
    """
    if not parse_mode:
        return text
    if parse_mode != "HTML":
        raise CannotParse(f"unsupported parse_mode {parse_mode}")
    parts: list[str] = []
    opened: list[str] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise CannotParse(f"unsupported start tag or entity at {at}: {text[at : at + 20]!r}")
        closes, tag, address, entity, words = found.groups()
        at = found.end()
        if tag and closes:
            if not opened or opened.pop() != tag or address:
                raise CannotParse(f"unmatched end tag </{tag}>")
        elif tag:
            if (tag == "a") != bool(address):
                raise CannotParse(f"tag <{tag}> with {address!r}")
            opened.append(tag)
        else:
            parts.append(words or _ENTITIES[entity])
    if opened:
        raise CannotParse(f"can't find end tag of {opened[-1]}")
    return "".join(parts)
