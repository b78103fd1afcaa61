"""Webhooks of services that have a kind of channel here: the URL says which."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from infra.configuration.imports.channels import chat_ids
from infra.configuration.imports.secrets import Secrets
from infra.configuration.imports.uptimeflare.parts import Part, filled

MESSAGE = "$MSG"
_TELEGRAM = "https://api.telegram.org"
_PAGERDUTY = "https://events.pagerduty.com"
_BEARER = re.compile(r"(?i)bearer\s+(\S+)")

Settings = dict[str, Any]


class Webhook:
    """A request as UptimeFlare sends it. Its texts are as they are in a file."""

    def __init__(self, part: Part, secrets: Secrets) -> None:
        self.part = part
        self.payload = part.data.get("payload")
        self.secrets = secrets
        self.url = self.filled(part.text("url").strip())
        parts = urlsplit(self.url)
        self.server, self.place = f"{parts.scheme}://{parts.netloc}", f"{parts.netloc}{parts.path}"
        self._query = dict(parse_qsl(parts.query))
        self.headers = {name: self.filled(text.strip()) for name, text in part.texts("headers").items()}
        self._taken: set[str] = set()

    def filled(self, text: str, escape: Callable[[str], str] = str) -> str:
        """A text of the configuration as it is in the file. See ``parts.filled``."""
        return filled(text, self.secrets.refer, escape)

    def text(self, name: str) -> str:
        """A text or number of the payload, or else of the URL's query."""
        self._taken.add(name)
        value = self.payload.get(name) if isinstance(self.payload, dict) else None
        if isinstance(value, str | int | float):
            return self.filled(str(value))
        return self._query.get(name, "")

    def whole(self, name: str) -> int | None:
        """A number of the payload or of the query."""
        text = self.text(name)
        return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None

    def bearer(self) -> str | None:
        """The token of its header Authorization."""
        by_name = {name.lower(): text for name, text in self.headers.items()}
        found = _BEARER.fullmatch(by_name.get("authorization", ""))
        return found[1] if found else None

    def left(self) -> list[str]:
        """The names in the payload that nobody asked for, and that do not hold the message."""
        given = self.payload if isinstance(self.payload, dict) else {}
        return [name for name, value in given.items() if name not in self._taken and value != MESSAGE]


def settings_of(webhook: Webhook) -> Settings | None:
    """The settings of a channel of the service's own kind; None if there is no such kind."""
    for pattern, reader in _SERVICES:
        if found := pattern.fullmatch(webhook.place):
            return reader(webhook, found)
    return None


def _by_url(kind: str) -> Callable[[Webhook, re.Match[str]], Settings]:
    return lambda webhook, _: {"kind": kind, "webhook_url": webhook.url}


def _telegram(webhook: Webhook, found: re.Match[str]) -> Settings:
    topic = webhook.text("message_thread_id")
    if webhook.text("disable_notification").lower() == "true":
        webhook.part.note("payload.disable_notification", "only a RECOVERY can be silent here; an OUTAGE rings")
    return {
        "kind": "telegram",
        "bot_token": found[1],
        "chat_id": chat_ids(webhook.text("chat_id")),
        "topic_id": int(topic) if topic.isdecimal() else topic,
        "api_url": webhook.server if webhook.server != _TELEGRAM else None,
    }


def _discord(webhook: Webhook, found: re.Match[str]) -> Settings:
    address = f"{webhook.server}/{found[1]}"
    return {"kind": "discord", "webhook_url": address, "thread_id": webhook.text("thread_id")}


def _ntfy(webhook: Webhook, found: re.Match[str]) -> Settings:
    return {
        "kind": "ntfy",
        "server_url": webhook.server,
        "topic": found[1] or webhook.text("topic"),
        "token": webhook.bearer(),
        "priority": webhook.whole("priority"),
    }


def _gotify(webhook: Webhook, found: re.Match[str]) -> Settings | None:
    by_name = {name.lower(): text for name, text in webhook.headers.items()}
    token = webhook.text("token") or by_name.get("x-gotify-key") or webhook.bearer()
    if not token:
        return None
    return {
        "kind": "gotify",
        "server_url": f"{webhook.server}{found[1]}",
        "token": token,
        "priority": webhook.whole("priority"),
    }


def _pushover(webhook: Webhook, _: re.Match[str]) -> Settings:
    return {
        "kind": "pushover",
        "api_token": webhook.text("token"),
        "user_key": webhook.text("user"),
        "device": webhook.text("device"),
        "priority": webhook.whole("priority"),
        "sound": webhook.text("sound"),
    }


def _pagerduty(webhook: Webhook, _: re.Match[str]) -> Settings:
    return {
        "kind": "pagerduty",
        "routing_key": webhook.text("routing_key"),
        "api_url": webhook.server if webhook.server != _PAGERDUTY else None,
    }


_SERVICES: tuple[tuple[re.Pattern[str], Callable[[Webhook, re.Match[str]], Settings | None]], ...] = (
    (re.compile(r"[^/]+/bot([^/]+)/sendMessage"), _telegram),
    (re.compile(r"(?:\w+\.)?discord(?:app)?\.com/(api/(?:v\d+/)?webhooks/[^/]+/[^/]+)(?:/.*)?"), _discord),
    (re.compile(r"hooks\.slack(?:-gov)?\.com/services/.+"), _by_url("slack")),
    (re.compile(r"chat\.googleapis\.com/v1/spaces/.+"), _by_url("google_chat")),
    (re.compile(r"[\w.-]+\.(?:webhook\.office|logic\.azure|powerplatform)\.com(?::443)?/.+"), _by_url("teams")),
    (re.compile(r"ntfy\.[\w.:-]+/?([^/]*)"), _ntfy),
    (re.compile(r"[^/]+(|/.+)/message"), _gotify),
    (re.compile(r"api\.pushover\.net/1/messages\.json"), _pushover),
    (re.compile(r"events(?:\.eu)?\.pagerduty\.com/v2/enqueue"), _pagerduty),
)
