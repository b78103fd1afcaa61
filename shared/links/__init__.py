"""Signed links with which whoever reads a message acts on one alert. There are none without ``PUBLIC_URL``."""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, get_args

from pydantic import SecretStr

from shared.settings import Settings

Action = Literal["acknowledge", "silence"]
VALID_FOR = timedelta(days=7)
# An API key signs nothing itself: a key of its own is derived from it, so that no link helps to find the key.
_PURPOSE = b"bonghwa links that act, version 1"
_MAC_BYTES = 16


class Grant(NamedTuple):
    """The permission of a link until ``ends_at``: one action on one alert, for all readers of this channel."""

    alert_id: int
    action: Action
    channel: str
    ends_at: datetime


class Links(NamedTuple):
    """Makes and reads the links of one system. ``keys``: the API keys; the first one signs, and each is accepted."""

    public_url: str
    keys: tuple[SecretStr, ...]

    def url(self, alert_id: int, action: Action, channel: str, *, at: datetime) -> str:
        """The link that is valid from ``at`` for VALID_FOR."""
        return f"{self.public_url}/act/{self.token(Grant(alert_id, action, channel, at + VALID_FOR))}"

    def page(self, alert_id: int) -> str:
        """The address of the alert's page, which asks for a sign-in and so needs no signature."""
        return f"{self.public_url}/dashboard/alerts/{alert_id}"

    def token(self, grant: Grant) -> str:
        """The last segment of the link: letters, digits, ``-`` and ``_``."""
        ends_at = int(grant.ends_at.timestamp())
        said = f"{grant.alert_id} {grant.action[0]} {ends_at} {grant.channel}".encode()
        return base64.urlsafe_b64encode(_mac(self.keys[0], said) + said).decode().rstrip("=")

    def read(self, token: str) -> Grant | None:
        """The permission of a token, also of one that has ended; None if it is none of ours."""
        signed = _bytes_of(token)
        if signed is None:
            return None
        mac, said = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        # Compare with every key, even after a match: otherwise the response time would tell which one it was.
        are_equal = [hmac.compare_digest(mac, _mac(key, said)) for key in self.keys]
        if not any(are_equal):
            return None
        alert_id, letter, ends_at, channel = said.decode().split(" ", 3)
        action: Action = next(action for action in get_args(Action) if action[0] == letter)
        return Grant(int(alert_id), action, channel, datetime.fromtimestamp(int(ends_at), UTC))


def links_of(settings: Settings) -> Links | None:
    """The links of a system with these settings; None without PUBLIC_URL, or without a key."""
    return Links(settings.public_url, settings.api_keys) if settings.public_url and settings.api_keys else None


def configured(environ: Mapping[str, str] = os.environ) -> Links | None:
    """As ``links_of``, by the environment. Raises SettingError if a setting is malformed."""
    return links_of(Settings.from_env(environ))


def _mac(key: SecretStr, said: bytes) -> bytes:
    own = hmac.digest(key.get_secret_value().encode(), _PURPOSE, "sha256")
    return hmac.digest(own, said, "sha256")[:_MAC_BYTES]


def _bytes_of(token: str) -> bytes | None:
    """The bytes that a token holds; None if it is not spelt as we spell it, so that no link has two spellings."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", token) or len(token) % 4 == 1:
        return None
    try:
        found = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return None
    return found if base64.urlsafe_b64encode(found).decode().rstrip("=") == token else None
