"""A channel as it is written into the file: complete, and without a secret in it."""

import re
from typing import Any
from urllib.parse import quote

from infra.configuration.imports.naming import channel_name, upper_snake
from infra.configuration.imports.placeholders import has_placeholder, unescaped
from infra.configuration.imports.result import Imported

# The settings that each kind needs.
NEEDED: dict[str, tuple[str, ...]] = {
    "slack": ("webhook_url",),
    "mattermost": ("webhook_url",),
    "teams": ("webhook_url",),
    "discord": ("webhook_url",),
    "google_chat": ("webhook_url",),
    "telegram": ("bot_token", "chat_id"),
    "email": ("url", "from", "to"),
    "ntfy": ("server_url", "topic"),
    "gotify": ("server_url", "token"),
    "pushover": ("api_token", "user_key"),
    "pagerduty": ("routing_key",),
    "webhook": ("url",),
    "apprise": ("url",),
}
_SECRET = {"webhook_url", "bot_token", "token", "password", "api_token", "user_key", "routing_key", "secret"}
# Of these kinds the whole URL is secret: what gives access stands in its path.
_SECRET_URL = {"webhook", "apprise"}
_SECRET_HEADER = re.compile(r"(?i)authorization|cookie|key|token|secret|password|auth")
_PASSWORD = re.compile(r"(?<=://)([^/?#\s:@]*):([^/?#\s]*)@")


def add_channel(imported: Imported, wanted: str, settings: dict[str, Any]) -> str | None:
    """Add a channel and return its name, or None with a note if the source does not say enough.

    ``settings`` holds its kind. A value of None or "" is a setting that is not set. Texts are as in the file: ``$$`` is
    a literal ``$``.
    """
    given = {name: value for name, value in settings.items() if value not in (None, "", [], {})}
    missing = [name for name in NEEDED[given["kind"]] if name not in given]
    if missing:
        why = f"{given['kind']} needs {' and '.join(missing)}, which the source does not set; the channel is left out"
        imported.notes.add(f"channels {wanted!r}", "the channel", why)
        return None
    name = channel_name(wanted, imported.channels, imported.notes)
    base = upper_snake(name) or str(len(imported.channels) + 1)
    base = base if base[0].isalpha() else f"CHANNEL_{base}"
    imported.channels[name] = _without_secrets(given, base, imported)
    return name


def smtp_url(host: str, port: int | None, user: str, password: str, *, is_tls: bool) -> str:
    """The URL of a mail server."""
    credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""
    return f"{'smtps' if is_tls else 'smtp'}://{credentials}{bracketed(host)}:{port or (465 if is_tls else 25)}"


def bracketed(host: str) -> str:
    """``host`` as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def chat_ids(value: Any) -> Any:
    """One chat or a list of them, each as a number if it is one."""
    found: list[Any] = [part.strip() for part in str(value or "").split(",") if part.strip()]
    found = [int(part) if re.fullmatch(r"-?\d{1,20}", part) else part for part in found]
    return found[0] if len(found) == 1 else found


def _without_secrets(given: dict[str, Any], base: str, imported: Imported) -> dict[str, Any]:
    def kept(value: str, what: str) -> str:
        if has_placeholder(value):
            return value
        return imported.secrets.keep(f"{base}_{upper_snake(what) or 'VALUE'}", unescaped(value))

    channel: dict[str, Any] = {}
    for name, value in given.items():
        is_secret = name in _SECRET or (name == "url" and given["kind"] in _SECRET_URL)
        if is_secret and isinstance(value, str):
            channel[name] = kept(value, name)
        elif name == "url" and isinstance(value, str):
            channel[name] = _PASSWORD.sub(lambda found: f"{found[1]}:{kept(found[2], 'password')}@", value)
        elif name == "headers" and isinstance(value, dict):
            channel[name] = {
                header: kept(text, header) if _SECRET_HEADER.search(header) else text for header, text in value.items()
            }
        else:
            channel[name] = value
    return channel
