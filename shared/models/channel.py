"""The rules, pace and name of a channel. The package does not export them: only senders and rules ask."""

import re
from collections.abc import Collection, Mapping
from datetime import time, timedelta
from typing import Literal, NamedTuple

# The channel that is on unless CHANNELS says "off", and its kind.
CONSOLE = "console"


class QuietHours(NamedTuple):
    """From ``begins`` on, until before ``ends``, which is on the next day if it is the earlier time of the two."""

    begins: time
    ends: time
    time_zone: str = "UTC"


class Route(NamedTuple):
    """The messages that a channel gets, and when. Without any rule it gets everything at once.

    ``kind``: the channel's kind. ``only``: the kinds of message that it gets (None: all). ``quiet_hours``: when its
    messages are held. ``delay``: how long an alert has to last until the channel is notified. ``opens_incidents``:
    whether everything that it is told is an incident that somebody has to end.
    """

    kind: str = ""
    only: frozenset[str] | None = None
    quiet_hours: QuietHours | None = None
    delay: timedelta = timedelta(0)
    opens_incidents: bool = False


class Pace(NamedTuple):
    """At most so many messages to one channel in so many seconds."""

    messages: int
    seconds: float


# In a storm a channel gets at most one message a second, not counting the burst at its beginning. That is also
# what a chat at Telegram allows.
USUAL = Pace(10, 10.0)


class Preferences(NamedTuple):
    """The fields that channels of every kind have. ``title`` and ``text``: templates. None: not given."""

    title: str | None = None
    text: str | None = None
    language: Literal["en", "ko"] | None = None
    route: Route = Route()


# The names of the further channels that one description makes: ``ops#2``, ``ops#3`` ….
_NUMBERED = r"(.+)#\d+"
# The channels by name.
Channels = Mapping[str, Route]


def name_of(described: str, number: int) -> str:
    """The name of a channel that is one of several of a description, counted from 1; the first keeps the given name."""
    return described if number == 1 else f"{described}#{number}"


def is_numbered(channel: str) -> bool:
    """Whether a name reads like that of a further channel, so that nobody may give it."""
    return "#" in channel and re.fullmatch(_NUMBERED, channel) is not None


def is_among(channel: str, named: Collection[str]) -> bool:
    """Whether people mean this channel, among others, when they write these names."""
    numbered = re.fullmatch(_NUMBERED, channel) if channel not in named else None
    return channel in named or (numbered is not None and numbered[1] in named)
