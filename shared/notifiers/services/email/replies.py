"""What a mail server says, and what its refusals mean."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from shared.notifiers.outcomes import PATIENCE, SendFailed

_LONGEST_SAID = 200


class Reply(NamedTuple):
    """What the server said to a command: the code, and its words in one line."""

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
    """What it means that the server refused with one of these codes: only if each lasts, trying again cannot help."""
    said = "; ".join(dict.fromkeys(map(str, replies)))
    is_permanent = all(500 <= reply.code < 600 for reply in replies)
    return SendFailed(f"the mail server refused {stage}: {said}", is_permanent=is_permanent)


def not_offered(what: str, attempts: int) -> SendFailed:
    """What it means that the server lacks what we need."""
    # Somebody in between may say so, and not for long.
    return SendFailed(f"the mail server does not offer {what}", is_permanent=attempts >= PATIENCE)


def without_words(reply: Reply) -> str:
    """The code and the enhanced code, if it begins with one."""
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)", reply.words)
    return f"{reply.code} {enhanced[0] if enhanced else ''}".strip()
