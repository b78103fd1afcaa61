"""Passwords of status pages: stored so that nobody can read them, and remembered by a signed cookie."""

import base64
import hashlib
import hmac
import secrets

_COST = {"n": 2**14, "r": 8, "p": 1}
_KEPT_SECONDS = 12 * 3_600


def hashed(password: str) -> str:
    """The stored form of a password."""
    salt = secrets.token_bytes(16)
    return f"scrypt:{_text(salt)}:{_text(_digest(password, salt))}"


def is_right(password: str, stored: str) -> bool:
    """Whether a password is the one of which this is stored."""
    name, _, rest = stored.partition(":")
    salt, _, digest = rest.partition(":")
    if name != "scrypt":
        return False
    return hmac.compare_digest(_text(_digest(password, base64.urlsafe_b64decode(salt))), digest)


def ticket(stored: str, slug: str, *, now: float) -> str:
    """The value of the cookie of somebody who knew the password. Another password makes it worthless."""
    ends_at = int(now) + _KEPT_SECONDS
    return f"{ends_at}.{_signature(stored, slug, ends_at)}"


def is_valid(given: str, stored: str, slug: str, *, now: float) -> bool:
    """Whether a cookie's value is a ticket for the page, and still in time."""
    ends_at, _, signature = given.partition(".")
    if not (ends_at.isascii() and ends_at.isdecimal() and len(ends_at) < 12 and signature.isascii()):
        return False
    return hmac.compare_digest(signature, _signature(stored, slug, int(ends_at))) and now < int(ends_at)


def _signature(stored: str, slug: str, ends_at: int) -> str:
    return hmac.new(stored.encode(), f"bonghwa status page {slug} {ends_at}".encode(), "sha256").hexdigest()


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, dklen=32, **_COST)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()
