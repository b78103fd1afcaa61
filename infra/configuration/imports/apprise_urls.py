"""URLs of Apprise: of services that have no kind of channel here, and of those that have one."""

import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from infra.configuration.imports.channels import bracketed, chat_ids
from shared.notifiers.services.apprise.schemas import OWN_KINDS


def listed(text: str) -> list[str]:
    """The URLs in a text that holds one or more."""
    return [url.strip(" ,;") for url in re.split(r"[\s,;]+(?=[A-Za-z0-9+.-]+://)", text.strip()) if url.strip(" ,;")]


def channel(url: str) -> dict[str, Any] | str:
    """The settings of a channel that notifies where ``url`` does, or why there are none."""
    scheme = url.partition("://")[0].lower()
    kind = OWN_KINDS.get(scheme)
    if kind is None:
        return {"kind": "apprise", "url": url}
    try:
        parts = urlsplit(url)
        settings = _own(kind, parts)
    except ValueError:
        settings = None
    return settings or f"{scheme}:// has a kind of its own here: write it as a channel of the kind {kind}"


def matrix(server: str, room: str, token: str) -> str | None:
    """The URL of a Matrix room; None if ``server`` is no URL."""
    parts = urlsplit(server)
    if not (parts.hostname and room and token):
        return None
    return f"{_scheme('matrix', parts)}://{_host(parts)}/{quote(room, safe='')}?token={quote(token, safe='')}"


def rocket_chat(webhook: str) -> str | None:
    """The URL of a webhook of Rocket.Chat, ``https://host/hooks/A/B``."""
    parts = urlsplit(webhook)
    token = parts.path.strip("/").removeprefix("hooks/")
    if not parts.hostname or token.count("/") != 1:
        return None
    return f"{_scheme('rocket', parts)}://{_host(parts)}/?webhook={quote(token, safe='')}"


def signal(server: str, sender: str, recipient: str) -> str | None:
    """The URL of one recipient at a REST API of Signal."""
    parts = urlsplit(server if "://" in server else f"http://{server}")
    if not (parts.hostname and sender and recipient):
        return None
    return f"{_scheme('signal', parts)}://{_host(parts)}/{quote(sender, safe='+')}/{quote(recipient, safe='+')}"


def bark(endpoint: str) -> str | None:
    """The URL of a device at a server of Bark, ``https://host/KEY``."""
    parts = urlsplit(endpoint)
    key = parts.path.strip("/")
    return f"{_scheme('bark', parts)}://{_host(parts)}/{key}" if parts.hostname and key and "/" not in key else None


def feishu(webhook: str) -> str | None:
    """The URL of a bot of Feishu or Lark, whose webhook ends in its token."""
    parts = urlsplit(webhook)
    token = parts.path.rstrip("/").rpartition("/")[2]
    scheme = "lark" if "larksuite" in (parts.hostname or "") else "feishu"
    return f"{scheme}://{token}" if parts.hostname and token else None


def _own(kind: str, parts: SplitResult) -> dict[str, Any] | None:
    """The settings of the own kind, if the URL is of its plain form."""
    path = [unquote(part) for part in parts.path.split("/") if part]
    host = parts.netloc.rpartition("@")[2]
    options = {name for name, _ in parse_qsl(parts.query)}
    if options or parts.fragment:
        return None
    if kind == "discord" and len(path) == 1:
        return {"kind": kind, "webhook_url": f"https://discord.com/api/webhooks/{host}/{path[0]}"}
    if kind == "slack" and len(path) == 2 and not parts.username:
        return {"kind": kind, "webhook_url": f"https://hooks.slack.com/services/{host}/{path[0]}/{path[1]}"}
    if kind == "telegram" and path:
        return {"kind": kind, "bot_token": unquote(parts.netloc), "chat_id": chat_ids(",".join(path))}
    if kind == "gotify" and len(path) == 1 and not parts.username:
        scheme = "https" if parts.scheme == "gotifys" else "http"
        return {"kind": kind, "server_url": f"{scheme}://{host}", "token": path[0]}
    if kind == "pushover" and parts.username and not path:
        return {"kind": kind, "user_key": parts.username, "api_token": host}
    return None


def _scheme(name: str, parts: SplitResult) -> str:
    return name if parts.scheme == "http" else f"{name}s"


def _host(parts: SplitResult) -> str:
    return bracketed(parts.hostname or "") + (f":{parts.port}" if parts.port else "")
