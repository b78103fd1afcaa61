"""Channels that are written as one URL, in the forms that people know from Apprise."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from shared.notifiers.services.apprise.schemas import OWN_KINDS
from shared.settings.parsers import http_url

_SLACK = "https://hooks.slack.com/services"
_DISCORD = "https://discord.com/api/webhooks"
_GOOGLE_CHAT = "https://chat.googleapis.com/v1/spaces"
_NTFY = "https://ntfy.sh"
# The servers that send mail for people with an address at these hosts. The hosts themselves do not.
_MAIL_SERVERS: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), ("smtp.gmail.com", 465)),
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com"), ("smtp-mail.outlook.com", 587)),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), ("smtp.mail.me.com", 587)),
    **dict.fromkeys(("daum.net", "hanmail.net"), ("smtp.daum.net", 465)),
    "fastmail.com": ("smtp.fastmail.com", 465),
    "kakao.com": ("smtp.kakao.com", 465),
    "naver.com": ("smtp.naver.com", 465),
    "yahoo.com": ("smtp.mail.yahoo.com", 465),
    "zoho.com": ("smtp.zoho.com", 465),
}
# The services whose webhooks have addresses at these hosts, and below those that begin with a dot.
_WEBHOOKS: Mapping[str, str] = {
    "chat.googleapis.com": "google_chat",
    "discord.com": "discord",
    "discordapp.com": "discord",
    "hook.dooray.com": "dooray",
    "hooks.slack.com": "slack",
    "wh.jandi.com": "jandi",
    ".logic.azure.com": "teams",
    ".powerplatform.com": "teams",
}
_WORKFLOW = "triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig="


class NotOne(ValueError):
    """The URL stands for no channel. The text says why; it never holds the URL."""


class _Url(NamedTuple):
    """A URL taken apart, its escapes resolved. ``authority``: the host and the port as they are written."""

    scheme: str
    authority: str
    host: str
    port: int | None
    user: str
    password: str
    path: tuple[str, ...]
    options: Mapping[str, str]

    @property
    def is_secure(self) -> bool:
        return self.scheme.endswith("s")

    @property
    def web(self) -> str:
        """The root of a server that speaks HTTP."""
        return http_url(f"{'https' if self.is_secure else 'http'}://{self.authority}")


def settings_of(url: str) -> dict[str, Any]:
    """The kind and the settings of the channel that a URL stands for; of the kind apprise if there is no other.

    Raises:
        NotOne: it is malformed, or has options that the kind cannot be given in this way.
    """
    scheme, separator, _ = url.strip().partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise NotOne("a URL such as slack://… or discord://…")
    if scheme.lower() in ("http", "https"):
        return _webhook(url.strip())
    kind = OWN_KINDS.get(scheme.lower())
    if kind is None:
        return {"kind": "apprise", "url": url.strip()}
    read = _READERS.get(kind)
    try:
        found = read(_taken_apart(urlsplit(url.strip()))) if read else None
    except (ValueError, KeyError, IndexError):
        found = None
    if found is None:
        raise NotOne(f"a channel of the kind {kind} with its fields, since this {scheme}:// cannot be read as one")
    return {"kind": kind, **found}


def _webhook(url: str) -> dict[str, Any]:
    """The channel that a webhook's address stands for, as its service shows it."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    kind = next(
        (kind for name, kind in _WEBHOOKS.items() if host == name or (name[0] == "." and host.endswith(name))), ""
    )
    if not kind:
        raise NotOne("a kind beside the address, such as {kind: mattermost, webhook_url: …} or {kind: webhook, url: …}")
    return {"kind": kind, "webhook_url": url}


def _taken_apart(parts: SplitResult) -> _Url:
    # urlsplit's hostname is in small letters, but in these URLs a token may stand in its place.
    written = parts.netloc.rpartition("@")[2]
    port = re.search(r":(\d{1,5})$", written)
    return _Url(
        scheme=parts.scheme,
        authority=written,
        host=unquote(written.rpartition(":")[0] if port else written),
        port=int(port[1]) if port else None,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        path=tuple(unquote(part) for part in parts.path.split("/") if part),
        options=dict(parse_qsl(parts.query)),
    )


def _only(url: _Url, *, path: int, options: tuple[str, ...] = ()) -> None:
    """Raise ValueError if there is another number of parts in the path, or any further option."""
    if len(url.path) != path or url.options.keys() - set(options):
        raise ValueError


def _slack(url: _Url) -> dict[str, Any]:
    _only(url, path=2)
    if url.user:  # the name that a bot is given
        raise ValueError
    return {"webhook_url": f"{_SLACK}/{url.host}/{url.path[0]}/{url.path[1]}"}


def _discord(url: _Url) -> dict[str, Any]:
    _only(url, path=1, options=("thread",))
    thread = {"thread_id": url.options["thread"]} if "thread" in url.options else {}
    return {"webhook_url": f"{_DISCORD}/{url.host}/{url.path[0]}", **thread}


def _telegram(url: _Url) -> dict[str, Any]:
    token = f"{url.user}:{url.password}@{url.authority}" if url.user else url.authority
    chats = [int(chat) if re.fullmatch(r"-?\d{1,20}", chat) else chat for chat in url.path]
    if url.options or not chats:
        raise ValueError
    return {"bot_token": unquote(token), "chat_id": chats[0] if len(chats) == 1 else chats}


def _email(url: _Url) -> dict[str, Any]:
    """``mailtos://user:password@example.com?smtp=…&to=…&from=…&mode=ssl``.

    Without ``smtp`` the host is the server, or has one that is known.
    """
    _only(url, path=0, options=("smtp", "to", "from", "mode", "user", "pass"))
    user = url.options.get("user") or url.user
    password = url.options.get("pass") or url.password
    sender = url.options.get("from") or (user if "@" in user else f"{user or 'bonghwa'}@{url.host}")
    server, port = url.options.get("smtp") or url.host, url.port
    is_tls, needs_tls = url.options.get("mode", "starttls") == "ssl" or port == 465, url.is_secure
    if "smtp" not in url.options and (known := _MAIL_SERVERS.get(url.host.lower())):
        server, port = known[0], port or known[1]
        is_tls, needs_tls = port == 465, True
        user = user if "@" in user or not user else f"{user}@{url.host}"
    credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""
    port = port or (465 if is_tls else 587 if needs_tls else 25)
    to = [each.strip() for each in url.options.get("to", sender).split(",") if each.strip()]
    starttls = {} if is_tls else {"starttls": "required" if needs_tls else "auto"}
    return {
        "url": f"{'smtps' if is_tls else 'smtp'}://{credentials}{server}:{port}",
        "from": sender,
        "to": to[0] if len(to) == 1 else to,
        **starttls,
    }


def _ntfy(url: _Url) -> dict[str, Any]:
    """``ntfy://topic`` at ntfy.sh, or ``ntfys://[user:password@ or token@]host/topic`` at a server of one's own."""
    _only(url, path=len(url.path[:1]), options=("priority",))
    found = {"server_url": url.web, "topic": url.path[0]} if url.path else {"server_url": _NTFY, "topic": url.host}
    if url.password:
        found |= {"username": url.user, "password": url.password}
    elif url.user:
        found["token"] = url.user
    return found | ({"priority": url.options["priority"]} if "priority" in url.options else {})


def _gotify(url: _Url) -> dict[str, Any]:
    *folder, token = url.path
    if url.options or url.user:
        raise ValueError
    return {"server_url": "/".join((url.web, *folder)), "token": token}


def _mattermost(url: _Url) -> dict[str, Any]:
    *folder, token = url.path
    if url.options:
        raise ValueError
    return {"webhook_url": "/".join((url.web, *folder, "hooks", token))}


def _google_chat(url: _Url) -> dict[str, Any]:
    _only(url, path=2)
    key, token = (quote(part, safe="") for part in url.path)
    return {"webhook_url": f"{_GOOGLE_CHAT}/{url.host}/messages?key={key}&token={token}"}


def _pagerduty(url: _Url) -> dict[str, Any]:
    if url.options or not url.user:
        raise ValueError
    return {"routing_key": url.user}


def _pushover(url: _Url) -> dict[str, Any]:
    if url.options or not url.user or len(url.path) > 1:
        raise ValueError
    return {"user_key": url.user, "api_token": url.host, **({"device": url.path[0]} if url.path else {})}


def _teams(url: _Url) -> dict[str, Any]:
    _only(url, path=2)
    workflow, signature = (quote(part, safe="") for part in url.path)
    return {"webhook_url": f"https://{url.authority}/workflows/{workflow}/{_WORKFLOW}{signature}"}


# How the URLs of each kind are read. Any other kind would send something else there than Apprise does.
_READERS: Mapping[str, Callable[[_Url], dict[str, Any]]] = {
    "discord": _discord,
    "email": _email,
    "google_chat": _google_chat,
    "gotify": _gotify,
    "mattermost": _mattermost,
    "ntfy": _ntfy,
    "pagerduty": _pagerduty,
    "pushover": _pushover,
    "slack": _slack,
    "teams": _teams,
    "telegram": _telegram,
}
