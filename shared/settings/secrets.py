"""THE list of what is secret, and how a secret is masked wherever a text may hold one."""

import functools
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from shared.settings.parsers import POSTGRESQL

HIDDEN = "(hidden)"
MASK = "***"  # a password in a URL
_DATABASE = "DATABASE"
_CHANNELS = "CHANNELS"
# A setting is secret if its name holds one of these words.
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "HEARTBEAT", _CHANNELS, _DATABASE)
# Compiled only for a text with an @: few cold starts see one.
_CREDENTIALS = r"://[^/\s,]*@"
_USERINFO = r"(?<=://)([^/?#\s:@]*):?([^/?#\s]*)@"
_AFTER_USER = r"://[^/\s]*?:([^/\s]*)@"
# Shorter ones are parts of ordinary words: to mask them would garble the text.
SHORTEST = 6
# The double and the single quote in HTML: Python's, Go's and PHP's way, and that of those who leave the single one.
_QUOTES = (("&quot;", "&#x27;"), ("&#34;", "&#39;"), ("&quot;", "&#039;"), ("&quot;", "'"))


def is_secret(name: str, value: str = "") -> bool:
    """Whether a setting is secret: by its name, or because a URL in its value carries credentials."""
    return any(word in name for word in _SECRET_WORDS) or ("@" in value and re.search(_CREDENTIALS, value) is not None)


def shown(name: str, value: str) -> str:
    """A malformed value as it may be shown: never a secret, nor the credentials inside a URL."""
    # A malformed PostgreSQL URL may hold its password anywhere; the path of a SQLite file is no secret.
    is_file = _DATABASE in name and not value.startswith(POSTGRESQL)
    if is_secret(name) and not is_file:
        return HIDDEN
    return re.sub(r"(?<=://)\S*@", f"{HIDDEN}@", value)[:200]


def without_credentials(url: str) -> str:
    """``url`` without the user and the password that it may carry."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def without_password(text: str) -> str:
    """``text`` with ``***`` in place of the password of every URL in it, or of the user if that is all that there is.

    A user without a password is often a token.
    """
    return re.sub(_USERINFO, _masked_userinfo, text) if "@" in text else text


def password_in(url: str) -> str:
    """The text that ``without_password`` masks in ``url``; empty if there is none."""
    found = re.search(_USERINFO, url) if "@" in url else None
    return (found[2] or found[1]) if found else ""


def _masked_userinfo(found: re.Match[str]) -> str:
    user, password = found.groups()
    return f"{user}:{MASK}@" if password else f"{MASK}@"


def without_token(path: str) -> str:
    """The path of a request with ``***`` in place of the token of a heartbeat or a link, which is a credential."""
    return re.sub(r"(/heartbeats/|/api/push/|/act/|/status/subscriptions/)[^/?\s]+", rf"\1{MASK}", path)


def secret_parts(environ: Mapping[str, str]) -> set[str]:
    """Every text in ``environ`` that must not be shown: each secret, each of several keys, and passwords in URLs.

    ``CHANNELS`` is not taken apart, because most of its JSON is no secret. A caller that may show a part of it adds the
    secrets of each channel, as ``CHANNELS.ops.bot_token``.
    """
    secret = {name: value for name, value in environ.items() if is_secret(name) and _DATABASE not in name}
    keys = [key for name, value in secret.items() if _CHANNELS not in name for key in re.split("[ ,]+", value)]
    passwords = [match[1] for value in environ.values() if "@" in value for match in re.finditer(_AFTER_USER, value)]
    return {part for part in (*secret.values(), *keys, *passwords) if len(part) >= SHORTEST}


def unexpected(defect: Exception, *more: str, environ: Mapping[str, str] = os.environ) -> str:
    """The name and the text of an exception that should not happen, without a secret of ``environ`` or of ``more``."""
    # A notifier's own settings need not stand in the environment as such: those of CHANNELS are parts of its JSON.
    reason = masked(str(defect), {*secret_parts(environ), *(part for part in more if part)})
    return f"unexpected {type(defect).__name__}: {without_password(reason)}"[:300]


def masked(text: str, parts: Iterable[str]) -> str:
    """``text`` in which each of ``parts`` is hidden, however a server spells it."""
    found = {spelling for part in parts for spelling in spellings(part)}
    for spelling in sorted(found, key=len, reverse=True):
        text = text.replace(spelling, HIDDEN)
    return text


@functools.lru_cache(maxsize=256)
def spellings(secret: str) -> frozenset[str]:
    """A secret as it is, and as a server writes it into JSON, a page or a URL."""
    in_json = {json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    in_json |= {form.replace("/", "\\/") for form in in_json}  # PHP's
    escaped = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    in_html = {escaped.replace('"', double).replace("'", single) for double, single in _QUOTES}
    in_url = {quote(secret, safe=""), quote_plus(secret)}
    in_url |= {re.sub("%..", lambda found: found[0].lower(), form) for form in in_url}  # .NET's
    return frozenset({secret, *in_json, *in_html, *in_url})


def basic_credentials(user: str, password: str) -> str:
    """A user and a password as HTTP's basic authentication sends them, without the word ``Basic``."""
    from base64 import b64encode  # few processes need it

    return b64encode(f"{user}:{password}".encode()).decode()


def quoted(value: Any) -> str:
    """``value`` as an error quotes it, at most 200 characters, and without the passwords of URLs."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = without_password(text)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= 200 else f"{text[:199]}…"
