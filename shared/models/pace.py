"""How many messages a channel may get. Not part of the package's face: only what sends asks, and a start is sooner."""

from typing import NamedTuple


class Pace(NamedTuple):
    """At most so many messages to one channel in so many seconds."""

    messages: int
    seconds: float


# What a channel gets in a storm is at most one message a second, not counting the burst at its beginning. That is also
# what a chat at Telegram allows.
USUAL = Pace(10, 10.0)
