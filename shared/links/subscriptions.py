"""The signed links in mails to subscribers. Each subscriber has a key of its own, so that no key of ours ends a link.

A link that confirms expires; one that ends a subscription holds as long as there is one.
"""

import base64
import hmac
import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Purpose = Literal["confirm", "end"]
_PURPOSES: dict[str, Purpose] = {"c": "confirm", "e": "end"}
# Compiled when the first link is read.
_SPELLING = r"(?P<letter>[ce])(?P<id>[1-9][0-9]{0,18})\.(?P<ends_at>[0-9]{1,12})\.(?P<mac>[A-Za-z0-9_-]{22})"


class Token(NamedTuple):
    """The purpose that a link claims, before anybody has looked at its signature. ``ends_at``: None if it holds on."""

    purpose: Purpose
    subscriber_id: int
    ends_at: datetime | None
    mac: str

    def is_signed_by(self, secret: str) -> bool:
        """Whether the subscriber's own key signed it."""
        return hmac.compare_digest(self.mac, _mac(secret, self.purpose, self.subscriber_id, _number(self.ends_at)))


def token_of(purpose: Purpose, subscriber_id: int, secret: str, ends_at: datetime | None = None) -> str:
    """The last segment of a link: letters, digits, dots, ``-`` and ``_``."""
    number = _number(ends_at)
    return f"{purpose[0]}{subscriber_id}.{number}.{_mac(secret, purpose, subscriber_id, number)}"


def read(text: str) -> Token | None:
    """The claim of a link; None if it is not spelt as we spell it."""
    found = re.fullmatch(_SPELLING, text)
    if found is None:
        return None
    number = int(found["ends_at"])
    try:
        ends_at = datetime.fromtimestamp(number, UTC) if number else None
    except (OverflowError, ValueError):
        return None
    return Token(_PURPOSES[found["letter"]], int(found["id"]), ends_at, found["mac"])


def _number(ends_at: datetime | None) -> int:
    return int(ends_at.timestamp()) if ends_at else 0


def _mac(secret: str, purpose: Purpose, subscriber_id: int, number: int) -> str:
    said = f"{purpose} {subscriber_id} {number}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), said, "sha256")[:16]).decode().rstrip("=")
