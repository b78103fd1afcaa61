"""Standard Webhooks: the headers by which a receiver knows the sender, and a message that it has seen before."""

import base64
import binascii
import re
from collections.abc import Mapping

from pydantic import SecretStr

PREFIX = "whsec_"
# The standard asks for 24 bytes or more, but some receivers make secrets of 18.
_FEWEST_BYTES = 16
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Those that say how long a request is, or that it has already.
_TAKEN = frozenset(
    ("webhook-id", "webhook-timestamp", "webhook-signature", "idempotency-key", "content-length", "transfer-encoding")
)


def checked_secret(secret: SecretStr | None) -> SecretStr | None:
    """``secret`` if it is one of the standard's. Raises ValueError if it is not."""
    if secret is not None:
        text = secret.get_secret_value()
        try:
            key = _key(text)
        except binascii.Error:
            key = b""
        if not text.startswith(PREFIX) or len(key) < _FEWEST_BYTES:
            raise ValueError("a secret of Standard Webhooks")
    return secret


def checked_headers(headers: Mapping[str, SecretStr]) -> dict[str, SecretStr]:
    """``headers`` by their names in one spelling. Raises ValueError if one cannot be sent, or is sent anyway."""
    for name, value in headers.items():
        # A line break would begin another header, or the body.
        is_value = re.fullmatch(r"[\x20-\x7e]+", value.get_secret_value())
        if not _NAME.fullmatch(name) or not is_value or name.lower() in _TAKEN:
            raise ValueError("a header that can be sent")
    return {name.title(): value for name, value in headers.items()}


def headers_of(message_id: str, timestamp: int, body: bytes, secret: SecretStr | None) -> dict[str, str]:
    """The headers of a request; without ``secret``, no signature. ``timestamp``: seconds since 1970."""
    headers = {"idempotency-key": message_id, "webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secret is None:
        return headers
    # Imported here: a start that sends nothing signs nothing.
    import hmac

    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signature = base64.b64encode(hmac.digest(_key(secret.get_secret_value()), signed, "sha256")).decode()
    return {**headers, "webhook-signature": f"v1,{signature}"}


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
