"""How loudly a message comes, in a service's own numbers."""

from collections.abc import Mapping

from shared.models.message import Message, Tone


def urgency(message: Message, asked: int | None, usual: Mapping[Tone, int]) -> int:
    """The message's priority: ``asked``, which is the channel's setting, or the ``usual`` one for how it is to look."""
    by_tone = usual[message.tone]
    if asked is None:
        return by_tone
    # A channel that is loud on purpose need not wake anybody to say that all is well.
    return min(asked, by_tone) if message.tone == "good" else asked
