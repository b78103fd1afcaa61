"""A service's answer over HTTP."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Response(NamedTuple):
    """A service's answer: the status, the headers by their names in small letters, and the first 64 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace").strip()

    @property
    def data(self) -> dict[str, Any]:
        """The body if it is a JSON object, otherwise an empty one."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people: of a firewall, a proxy or a login, and hardly of the service itself."""
        return self.headers.get("content-type", "").startswith("text/html") or self.body.lstrip()[:1] == b"<"


def own_words(value: Any) -> str:
    """``value`` if it is a text like ``Unknown Webhook`` or ``INVALID_ARGUMENT``, and so without a secret; else ``""``.

    A service's answer may quote the request. No address and hardly any token consists of letters only.
    """
    is_plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z\uac00-\ud7a3][A-Za-z\uac00-\ud7a3 ._,']{0,99}", value)
    return str(value) if is_plain else ""
