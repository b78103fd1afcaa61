"""A channel as it is written into the file: complete, and without a secret in it."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import ValidationError

from infra.configuration.imports.naming import channel_name, upper_snake
from infra.configuration.imports.placeholders import has_placeholder, unescaped
from infra.configuration.imports.result import Imported
from shared.notifiers import kind_named
from shared.notifiers.fields import expected_of

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
# The whole URL of these kinds is secret: its path gives access.
_SECRET_URL = {"webhook", "apprise"}
_SECRET_HEADER = re.compile(r"(?i)authorization|cookie|key|token|secret|password|auth")
_RECIPIENT = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,;])+')
_PASSWORD = re.compile(r"(?<=://)([^/?#\s:@]*):([^/?#\s]*)@")


class _Mistake(NamedTuple):
    """A setting that the file may not hold, and what is expected of it."""

    setting: str
    expected: str


def add_channel(imported: Imported, wanted: str, settings: dict[str, Any]) -> str | None:
    """Add a channel and return its name, or None with a note if the source does not say enough.

    A setting that is wrong is a note. Without one that the kind needs there is no channel.

    ``settings`` holds its kind. A value of None or "" is a setting that is not set. Texts are as in the file: ``$$`` is
    a literal ``$``.
    """
    given = {name: value for name, value in settings.items() if value not in (None, "", [], {})}
    where, needed = f"channels {wanted!r}", NEEDED[given["kind"]]
    missing = [name for name in needed if name not in given]
    if missing:
        why = f"{given['kind']} needs {' and '.join(missing)}, which the source does not set; the channel is left out"
        imported.notes.add(where, "the channel", why)
        return None
    for mistake in _mistakes(given):
        if mistake.setting in needed or mistake.setting not in given:
            why = f"expected {mistake.expected}; the channel is left out"
            imported.notes.add(where, mistake.setting, why)
            return None
        imported.notes.add(where, mistake.setting, f"expected {mistake.expected}; it is left out")
        del given[mistake.setting]
    name = channel_name(wanted, imported.channels, imported.notes)
    base = upper_snake(name) or str(len(imported.channels) + 1)
    base = base if base[0].isalpha() else f"CHANNEL_{base}"
    imported.channels[name] = _without_secrets(given, base, imported)
    return name


def smtp_url(host: str, port: int | None, user: str, password: str, *, is_tls: bool) -> str:
    """The URL of a mail server. Nobody logs in with half of the credentials."""
    credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user and password else ""
    return f"{'smtps' if is_tls else 'smtp'}://{credentials}{bracketed(host)}:{port or (465 if is_tls else 25)}"


def bracketed(host: str) -> str:
    """``host`` as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def chat_ids(value: Any) -> Any:
    """One chat or a list of them, each as a number if it is one."""
    found: list[Any] = [part.strip() for part in str(value or "").split(",") if part.strip()]
    found = [int(part) if re.fullmatch(r"-?\d{1,20}", part) else part for part in found]
    return found[0] if len(found) == 1 else found


def recipients(text: str) -> list[str]:
    """The addresses in a text with commas or semicolons between them, which a quoted name may hold too."""
    return [found.strip() for found in _RECIPIENT.findall(text) if found.strip()]


def _mistakes(given: dict[str, Any]) -> Iterator[_Mistake]:
    """The settings that the kind's model refuses: the whole file would be wrong. Those to be filled in are skipped."""
    kind = kind_named(given["kind"])
    found: dict[str, str] = {}
    for place in kind.places({name: _unescaped(value) for name, value in given.items() if name != "kind"}):
        try:
            kind.configured(place, {})
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                name = str(detail["loc"][0])
                if not has_placeholder(str(given.get(name))):
                    field = kind.fields().get(name)
                    found.setdefault(name, expected_of(field, detail) if field else "another setting")
    return (_Mistake(*pair) for pair in found.items())


def _unescaped(value: Any) -> Any:
    """``value`` as it is when the file is read."""
    if isinstance(value, str):
        return unescaped(value)
    if isinstance(value, dict):
        return {name: _unescaped(part) for name, part in value.items()}
    return [_unescaped(part) for part in value] if isinstance(value, list) else value


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
