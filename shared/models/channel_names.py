"""The names of channels that one description makes several of: ``ops``, ``ops#2``, ``ops#3`` …."""

import re
from collections.abc import Collection

_NUMBERED = re.compile(r"(.+)#\d+")


def name_of(described: str, number: int) -> str:
    """The name of the how manieth channel of a description; the first one has the name that people wrote."""
    return described if number == 1 else f"{described}#{number}"


def is_numbered(channel: str) -> bool:
    """Whether a name reads like that of a further channel, so that nobody may give it."""
    return _NUMBERED.fullmatch(channel) is not None


def is_among(channel: str, named: Collection[str]) -> bool:
    """Whether people mean this channel, among others, when they write these names."""
    numbered = _NUMBERED.fullmatch(channel) if channel not in named else None
    return channel in named or (numbered is not None and numbered[1] in named)
