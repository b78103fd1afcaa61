"""Gatus's alerting providers as kinds of channel."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from infra.configuration.imports import apprise_urls
from infra.configuration.imports.channels import chat_ids, recipients, smtp_url
from infra.configuration.imports.gatus.variables import Variables
from infra.configuration.imports.nodes import Node, keys
from infra.configuration.imports.placeholders import has_placeholder, unescaped

_COMMON = {"default-alert", "overrides", "client", "group"}
_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]+)\]")
# Our names for the placeholders of a body.
_WORDS = {"ENDPOINT_NAME": "monitor", "ENDPOINT_GROUP": "group", "RESULT_ERRORS": "cause"}
_LOST = {
    "title": "texts are templates here; set title",
    "message-content": "texts are templates here; set text",
    "click": "a message has its own links here",
    "email": "nothing is forwarded by e-mail here; add a channel of the kind email",
    "disable-firebase": "it has no counterpart here",
    "disable-cache": "it has no counterpart here",
    "channel": "a webhook writes into its own channel here",
}
_TELEGRAM = "https://api.telegram.org"
_NTFY = "https://ntfy.sh"
_MATRIX = "https://matrix-client.matrix.org"
_TLS_PORT = 465

Settings = dict[str, Any]


class Provider(Node):
    """The settings of a provider, whose texts are those of a channel."""

    def __init__(self, data: Any, node: Node, variables: Variables) -> None:
        super().__init__(data, node.where, node.notes)
        self.variables = variables

    def value(self, name: str) -> str:
        """A setting with its variables as placeholders."""
        return self.variables.of_channel(self.text(name).strip())


def settings_of(kind: str, provider: Provider) -> Settings | list[Settings] | str:
    """The settings of a channel of each recipient, or why there are none."""
    known, mapper = _PROVIDERS.get(kind, (frozenset(), None))
    if mapper is None:
        return "there is no such kind of channel here"
    provider.note_unknown({*known, *_COMMON}, "")
    if provider.has("client"):
        provider.note("client", "messages are sent without a client's settings here")
    for name, why in _LOST.items():
        if name in known and provider.has(name):
            provider.note(name, why)
    try:
        return mapper(provider) or "its settings are incomplete"
    except ValueError:
        return "its URL is malformed"


def _webhook_url(kind: str) -> Callable[[Provider], Settings]:
    return lambda provider: {"kind": kind, "webhook_url": provider.value("webhook-url")}


def _telegram(provider: Provider) -> Settings:
    api = provider.value("api-url").rstrip("/")
    topic = provider.value("topic-id")
    return {
        "kind": "telegram",
        "bot_token": provider.value("token"),
        "chat_id": chat_ids(provider.value("id")),
        "topic_id": int(topic) if topic.isdecimal() else topic,
        "api_url": api if api != _TELEGRAM else None,
    }


def _email(provider: Provider) -> Settings | None:
    host, port = provider.value("host"), provider.text("port").strip()
    sender = provider.value("from")
    user, password = provider.text("username").strip() or provider.text("from").strip(), provider.text("password")
    if not host:
        return None
    number = int(port) if port.isdecimal() and len(port) < 6 else None
    if not password:
        user = ""
    url = smtp_url(host, number, "", "", is_tls=number == _TLS_PORT)
    if user:
        credentials = f"{_credential(provider, 'username', user)}:{_credential(provider, 'password', password)}"
        url = url.replace("://", f"://{credentials}@")
    return {
        "kind": "email",
        "url": url,
        "from": sender,
        "to": recipients(provider.value("to")),
    }


def _credential(provider: Provider, name: str, text: str) -> str:
    """``text`` as it stands in a URL; the value of a variable is filled in there as it is."""
    placed = provider.variables.of_channel(text)
    if has_placeholder(placed):
        provider.note(name, "a variable's value stands in a URL here: percent-encode it")
    parts = re.split(r"(\$\{\w+\})", placed)
    return "".join(part if number % 2 else quote(unescaped(part), safe="") for number, part in enumerate(parts))


def _ntfy(provider: Provider) -> Settings:
    return {
        "kind": "ntfy",
        "server_url": provider.value("url") or _NTFY,
        "topic": provider.value("topic"),
        "token": provider.value("token"),
        "priority": provider.whole("priority"),
    }


def _gotify(provider: Provider) -> Settings:
    return {
        "kind": "gotify",
        "server_url": provider.value("server-url"),
        "token": provider.value("token"),
        "priority": provider.whole("priority"),
    }


def _pushover(provider: Provider) -> Settings:
    if provider.has("resolved-priority"):
        provider.note("resolved-priority", "all messages have one priority here")
    if provider.has("ttl"):
        provider.note("ttl", "messages stay until they are deleted here")
    return {
        "kind": "pushover",
        "api_token": provider.value("application-token"),
        "user_key": provider.value("user-key"),
        "device": provider.value("device"),
        "priority": provider.whole("priority"),
        "sound": provider.value("sound"),
    }


def _pagerduty(provider: Provider) -> Settings:
    return {"kind": "pagerduty", "routing_key": provider.value("integration-key")}


def _custom(provider: Provider) -> Settings:
    method = provider.text("method").strip().upper() or "GET"
    if provider.has("placeholders"):
        provider.note("placeholders", "the words for down and up cannot be chosen here; set body")
    headers = {name: provider.variables.of_channel(text) for name, text in provider.texts("headers").items()}
    url = provider.value("url")
    if _PLACEHOLDER.search(url):
        provider.note("url", "nothing about the alert is filled in into a URL here")
    return {
        "kind": "webhook",
        "url": url,
        "method": method if method != "POST" else None,
        "headers": headers,
        "body": _body(provider),
    }


def _body(provider: Provider) -> str | None:
    """The body with its placeholders as variables of ours, if all of them have a counterpart."""
    text = provider.text("body")
    if not text.strip():
        provider.note("body", "Gatus sends none; a JSON object is sent here")
        return None
    unknown = sorted({name for name in _PLACEHOLDER.findall(text) if name not in _WORDS})
    if unknown or "{{" in text or "{%" in text:
        what = f"[{unknown[0]}] has no counterpart" if unknown else "its braces are a template's"
        provider.note("body", f"{what} here, so the fields of ours are sent; adapt the receiver, or set body")
        return None
    return _PLACEHOLDER.sub(lambda found: f"{{{{ {_WORDS[found[1]]} }}}}", provider.variables.of_channel(text))


def _apprise(url: str | None) -> Settings | None:
    return {"kind": "apprise", "url": url} if url else None


def _plain(provider: Provider, *names: str) -> list[str] | None:
    """The texts of some settings; None, with a note, if one of them is a variable: a URL is made of them."""
    values = [provider.value(name) for name in names]
    if any("${" in value for value in values):
        provider.note(", ".join(names), "a variable cannot stand in a URL of Apprise; write its value")
        return None
    return values


def _matrix(provider: Provider) -> Settings | None:
    found = _plain(provider, "server-url", "internal-room-id", "access-token")
    return _apprise(apprise_urls.matrix(found[0] or _MATRIX, found[1], found[2])) if found else None


def _rocket_chat(provider: Provider) -> Settings | None:
    found = _plain(provider, "webhook-url")
    return _apprise(apprise_urls.rocket_chat(found[0])) if found else None


def _signal(provider: Provider) -> list[Settings] | None:
    found = _plain(provider, "api-url", "number")
    if not found:
        return None
    server, sender = found
    urls = (apprise_urls.signal(server, sender, str(recipient)) for recipient in provider.listed("recipients"))
    return [settings for url in urls if (settings := _apprise(url))] or None


_PROVIDERS: dict[str, tuple[frozenset[str], Callable[[Provider], Settings | list[Settings] | None]]] = {
    "discord": (keys("webhook-url title message-content"), _webhook_url("discord")),
    "slack": (keys("webhook-url title"), _webhook_url("slack")),
    "mattermost": (keys("webhook-url channel"), _webhook_url("mattermost")),
    "teams": (keys("webhook-url title"), _webhook_url("teams")),
    "teams-workflows": (keys("webhook-url title"), _webhook_url("teams")),
    "googlechat": (keys("webhook-url"), _webhook_url("google_chat")),
    "telegram": (keys("token id topic-id api-url"), _telegram),
    "email": (keys("from username password host port to"), _email),
    "ntfy": (keys("topic url token priority email click disable-firebase disable-cache"), _ntfy),
    "gotify": (keys("server-url token priority title"), _gotify),
    "pushover": (
        keys("application-token user-key title priority resolved-priority sound ttl device"),
        _pushover,
    ),
    "pagerduty": (keys("integration-key"), _pagerduty),
    "custom": (keys("url method body headers placeholders"), _custom),
    "matrix": (keys("server-url access-token internal-room-id"), _matrix),
    "rocketchat": (keys("webhook-url"), _rocket_chat),
    "signal": (keys("api-url number recipients"), _signal),
}
