"""The replies of a mail server, and the meaning of its refusals."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from shared.notifiers.outcomes import PATIENCE, SendFailed

_LONGEST_SAID = 200
_ENHANCED = r"[245]\.\d{1,3}\.\d{1,3}(?!\S)"
# RFC 3463 and RFC 7505: no such address or domain, one that has moved or takes no mail, a mailbox that is disabled.
_GONE = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}


class Reply(NamedTuple):
    """The server's reply to a command: the code, and its words in one line."""

    code: int
    words: str

    @property
    def is_success(self) -> bool:
        """Whether the server did what it was asked for."""
        return 200 <= self.code < 300

    def __str__(self) -> str:
        said = "".join(letter if letter.isprintable() else " " for letter in self.words)
        return f"{self.code} {' '.join(said.split())[:_LONGEST_SAID]}".strip()


def refused(stage: str, replies: Sequence[Reply]) -> SendFailed:
    """The meaning of a refusal with these codes: trying again cannot help only if each of them lasts."""
    said = "; ".join(dict.fromkeys(map(str, replies)))
    is_permanent = all(500 <= reply.code < 600 for reply in replies)
    return SendFailed(f"the mail server refused {stage}: {said}", is_permanent=is_permanent)


def not_offered(what: str, attempts: int) -> SendFailed:
    """The meaning of a server that lacks what we need."""
    # Somebody in between may say so, and not for long.
    return SendFailed(f"the mail server does not offer {what}", is_permanent=attempts >= PATIENCE)


def without_words(reply: Reply) -> Reply:
    """The reply with its codes alone: the enhanced one stays, if the words begin with it."""
    enhanced = re.match(_ENHANCED, reply.words)
    return Reply(reply.code, enhanced[0] if enhanced else "")


def is_too_many(reply: Reply) -> bool:
    """Whether a recipient is refused because the mail has many already. A full mailbox has the same code."""
    enhanced = re.match(_ENHANCED, reply.words)
    return reply.code == 452 and (enhanced is None or enhanced[0] == "4.5.3")


def is_mailbox_gone(reply: Reply) -> bool:
    """Whether a refused recipient has no mailbox.

    A 5xx alone does not say so: a server that relays nothing for us any more, or takes us for a spammer, refuses
    everybody with one.
    """
    enhanced = re.match(_ENHANCED, reply.words)
    return reply.code >= 500 and enhanced is not None and enhanced[0] in _GONE
