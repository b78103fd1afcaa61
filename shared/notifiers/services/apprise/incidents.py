"""Incident services through Apprise, such as ilert: an alert is one incident, which its RECOVERY ends.

Left alone, a plugin makes the incident's key of the message's first line, or uses one key for everything. A RECOVERY,
which begins with another word, would then end nothing, and the next OUTAGE would join what is still open.
"""

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from shared.models.message import Message
from shared.notifiers.incidents import key_of
from shared.notifiers.services.apprise.schemas import INCIDENT_KEYS, OPENING_ONLY

# Actions with which each message opens an incident of its own, as somebody asked for. Apprise accepts their beginnings.
_OPENING = ("create", "trigger")


def has_incidents(url: str) -> bool:
    """Whether messages to this URL are about incidents that go on from one message to the next."""
    schema = url.partition("://")[0].lower()
    if schema not in INCIDENT_KEYS:
        return False
    options = {name.lower(): value.strip().lower() for name, value in parse_qsl(url.partition("?")[2])}
    action = options.get("action")
    return not any(each.startswith(action) for each in _OPENING) if action else schema not in OPENING_ONLY


@contextlib.contextmanager
def keyed(plugin: Any, url: str, message: Message) -> Iterator[str | None]:
    """Let the plugin send about the incident of the message's alert, and no longer than that; the incident's key.

    None if it has none of its own: the URL names one for all alerts, or there is no alert.
    """
    attribute = INCIDENT_KEYS.get(url.partition("://")[0].lower()) if has_incidents(url) else None
    own = getattr(plugin, attribute) if attribute else None
    # Without one, Splunk's plugin makes this of the URL.
    is_named = own and own != f"{plugin.app_id}/{getattr(plugin, 'routing_key', '')}"
    key = None if attribute is None or is_named else key_of(message)
    if attribute is None or key is None:
        yield None
        return
    setattr(plugin, attribute, key)
    try:
        yield key
    finally:
        setattr(plugin, attribute, own)
