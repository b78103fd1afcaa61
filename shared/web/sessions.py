"""Sessions of the dashboard: the signed cookie, the token of its forms, and the link that signs in once.

A cookie is signed with a key that is derived from the secret that opened it, so that it is worth nothing once that
secret is none any more; and the store knows it, so that signing out ends it.
"""

import base64
import binascii
import contextlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Request, Response
from pydantic import SecretStr

from shared.models import now
from shared.settings import Settings
from shared.store import StoreUnavailable, open_store
from shared.web.visitors import is_over_tls

LASTS = timedelta(hours=12)
EXTENDED_EVERY = timedelta(minutes=5)
LINK_LASTS = timedelta(minutes=15)
COOKIE = "bonghwa_session"
HEADER = "X-CSRF-Token"
# Each use of a secret has a key of its own, so that one signature is never taken for another.
_COOKIE, _FORM, _LINK = b"bonghwa session, version 1", b"bonghwa form, version 1", b"bonghwa sign-in link, version 1"
_TOKEN_BYTES, _MAC_BYTES = 24, 32


class Session(NamedTuple):
    """Somebody who is signed in. ``name``: how they called themselves."""

    token: str
    name: str | None
    ends_at: datetime
    secret: SecretStr

    def form_token(self) -> str:
        """A token that a changing form of this session holds.

        Each page has another one, so that none can be guessed from how well a page compresses.
        """
        pad = secrets.token_bytes(_MAC_BYTES)
        return _encoded(pad + _xor(pad, _mac(self.secret, _FORM, self.token)))

    def is_form_token(self, given: str) -> bool:
        """Whether a form of this session holds this token."""
        whole = _decoded(given)
        if whole is None or len(whole) != 2 * _MAC_BYTES:
            return False
        pad, hidden = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
        return hmac.compare_digest(_xor(pad, hidden), _mac(self.secret, _FORM, self.token))


def session_of(request: Request, settings: Settings) -> Session | None:
    """The session whose cookie the browser shows; None without one, or if it has ended."""
    found = _signed(request.cookies.get(COOKIE, ""), settings, _COOKIE)
    if found is None:
        return None
    token, ends_at, secret = found
    stored = open_store(settings).visits.sessions.get(token, now=now()) if now() < ends_at else None
    return Session(token, stored.name, ends_at, secret) if stored else None


def authorises(request: Request, settings: Settings) -> bool:
    """Whether a session lets a call of the API in: it shows the token of a form too, and comes from our own page."""
    given = request.headers.get(HEADER, "")
    session = session_of(request, settings) if given else None
    return session is not None and session.is_form_token(given) and is_own_origin(request, settings)


def secret_shown(given: str, settings: Settings) -> SecretStr | None:
    """The secret that somebody showed to sign in, if it is one of ours."""
    shown, found = given.encode("utf-8", "replace"), None
    # Compare with every one, even after a match: otherwise the response time would tell which one it was.
    for secret in _secrets(settings):
        if hmac.compare_digest(shown, secret.get_secret_value().encode()):
            found = secret
    return found


def begin(request: Request, response: Response, settings: Settings, secret: SecretStr, name: str | None) -> None:
    """Begin a session that ``secret`` opened. A cookie that the browser had before is none any more."""
    token, ends_at = secrets.token_urlsafe(_TOKEN_BYTES), now() + LASTS
    former = _signed(request.cookies.get(COOKIE, ""), settings, _COOKIE)
    open_store(settings).visits.sessions.begin(
        token, name=name, former=former[0] if former else None, ends_at=ends_at, now=now()
    )
    _set_cookie(request, response, settings, token, ends_at, secret)


def extend(request: Request, response: Response, settings: Settings, session: Session) -> None:
    """Let a session last for LASTS from now on. It is written once in EXTENDED_EVERY at most."""
    ends_at = now() + LASTS
    if ends_at - session.ends_at < EXTENDED_EVERY:
        return
    with contextlib.suppress(StoreUnavailable):  # a page can be read without it
        open_store(settings).visits.sessions.extend(session.token, ends_at=ends_at)
        _set_cookie(request, response, settings, session.token, ends_at, session.secret)


def end(request: Request, response: Response, settings: Settings) -> None:
    """End the session of the browser, here and there."""
    if found := _signed(request.cookies.get(COOKIE, ""), settings, _COOKIE):
        open_store(settings).visits.sessions.end(found[0])
    response.delete_cookie(COOKIE, secure=is_over_tls(request, settings), httponly=True, samesite="Strict")


def link_token(settings: Settings) -> str:
    """The token of a link that signs in once, within LINK_LASTS."""
    return _sign(secrets.token_urlsafe(_TOKEN_BYTES), now() + LINK_LASTS, settings.key, _LINK)


def secret_of_link(token: str, settings: Settings) -> SecretStr | None:
    """The secret that made a link's token; None if it is none of ours, or too old."""
    found = _signed(token, settings, _LINK)
    return found[2] if found and now() < found[1] else None


def is_own_origin(request: Request, settings: Settings) -> bool:
    """Whether a request comes from a page of ours, as far as the browser says where it comes from."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    schemes = ("https",) if is_over_tls(request, settings) else ("http", "https")
    # Compare them as text: to parse one that is no URL would fail.
    ours = {f"{scheme}://{request.host.lower()}" for scheme in schemes}
    if settings.public_url:
        public = urlsplit(settings.public_url)
        ours.add(f"{public.scheme}://{public.netloc.lower()}")
    return origin.lower() in ours


def _set_cookie(
    request: Request, response: Response, settings: Settings, token: str, ends_at: datetime, secret: SecretStr
) -> None:
    response.set_cookie(
        COOKIE,
        _sign(token, ends_at, secret, _COOKIE),
        max_age=int(LASTS.total_seconds()),
        secure=is_over_tls(request, settings),
        httponly=True,
        samesite="Strict",
    )


def _secrets(settings: Settings) -> tuple[SecretStr, ...]:
    password = settings.dashboard_password
    return settings.api_keys if password is None else (*settings.api_keys, password)


def _sign(token: str, ends_at: datetime, secret: SecretStr, purpose: bytes) -> str:
    said = f"{token}.{int(ends_at.timestamp())}"
    return f"{said}.{_encoded(_mac(secret, purpose, said))}"


def _signed(whole: str, settings: Settings, purpose: bytes) -> tuple[str, datetime, SecretStr] | None:
    """The signed text, until when it holds, and the secret that signed it; None if none of ours did."""
    said, _, mac = whole.rpartition(".")
    token, _, ends_at = said.partition(".")
    given = _decoded(mac) or b""
    found = None
    for secret in _secrets(settings):
        if hmac.compare_digest(given, _mac(secret, purpose, said)):
            found = secret
    return (token, datetime.fromtimestamp(int(ends_at), UTC), found) if found is not None else None


def _mac(secret: SecretStr, purpose: bytes, said: str) -> bytes:
    return hmac.digest(hmac.digest(secret.get_secret_value().encode(), purpose, "sha256"), said.encode(), "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
