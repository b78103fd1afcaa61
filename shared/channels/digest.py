"""A digest of the channels, so that whoever has their description sees whether a system runs with the same ones."""

import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from shared.channels import json_with
from shared.settings import SettingError

_PURPOSE = b"channels"


def digest(key: str, environ: Mapping[str, str] = os.environ, more: Mapping[str, Any] | None = None) -> str | None:
    """The digest of ``CHANNELS`` with ``more`` channels in it; None if it is malformed.

    ``key``: an API key. Without it nobody can find out by guessing which secrets the channels have.
    """
    try:
        described = json.loads(json_with(environ, more or {}))
    except SettingError:
        return None
    own = hmac.digest(key.encode("utf-8", "replace"), _PURPOSE, "sha256")
    return hmac.digest(own, json.dumps(described, sort_keys=True).encode(), "sha256").hex()
