"""An event's quotes of a server, without the secrets of its policy: many a server echoes what it is sent."""

import os
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

from shared.models import Cause
from shared.models.cause import MAX_TEXT
from shared.monitors.masking import is_secret, secrets_in
from shared.monitors.placeholders import MissingValue, filled, names_in
from shared.monitors.policy import Policy
from shared.settings.secrets import HIDDEN, SHORTEST, basic_credentials, masked, spellings

Hide = Callable[[str], str]
# Compiled when a failure needs them: a cold start does without.
_AUTHORITY = r"^[^/]*//[^/?#]*"
_WORD = r"[^\s;,]+"


def hider(policy: Policy, token: str | None) -> Hide:
    """A function that hides each secret of ``policy``, and its ``token`` of OAuth 2, in a text."""
    secrets = {secret for secret in _secrets(policy, token) if len(secret) >= SHORTEST}
    if not secrets:
        return str  # the usual case: every text stays as it is
    parts = {spelling for secret in secrets for spelling in spellings(secret)}
    return lambda text: _without_beginnings(masked(text, secrets), parts)


def beginning(body: bytes | None, charset: str, most: int, hide: Hide) -> str | None:
    """The first printable characters of what a server sent."""
    if not body:
        return None
    # Four bytes are enough for any character, and white space shrinks.
    text = hide(body[: 4 * most].decode(charset, "replace"))
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)
    return " ".join(shown.split())[:most] or None


def hidden(cause: Cause, hide: Hide) -> Cause:
    """The same cause without a secret in its parameters, of which some quote the server."""
    given = cause.parameters
    found = {name: hide(each)[:MAX_TEXT] if isinstance(each, str) else each for name, each in given.items()}
    return cause if found == given else cause.model_copy(update={"parameters": found})


def _secrets(policy: Policy, token: str | None) -> Iterator[str]:
    yield token or ""
    for written in secrets_in(policy):
        yield _filled(written)
    for name, value in policy.headers.items():
        if is_secret(("headers", name)):
            yield from _parts(_filled(value))
    # A placeholder stands for what must not be written down, except in the URL's host.
    url = policy.url or ""
    for text in (*policy.headers.values(), policy.body or "", re.sub(_AUTHORITY, "", url) if "$" in url else ""):
        yield from (_filled(f"${{{name}}}") for name in names_in(text))
    yield from _credentials(policy)


def _filled(text: str) -> str:
    try:
        found = filled(text, os.environ).strip()
        found.encode()
    except (MissingValue, UnicodeEncodeError):
        return ""  # nothing was sent
    return found


def _parts(header: str) -> Iterator[str]:
    """The part that a server may show by itself: the value of a cookie, or what stands behind ``Bearer``."""
    for place, word in enumerate(re.findall(_WORD, header)):
        _, is_named, value = word.rstrip("=").partition("=")
        if is_named or place:
            yield value if is_named else word


def _credentials(policy: Policy) -> Iterator[str]:
    """The password of the URL, and what HTTP's basic authentication makes of a user and a password."""
    own = policy.basic_auth
    if own:
        user, password = _filled(own.username), _filled(own.password)
    else:
        url = _filled(policy.url or "")
        if "@" not in url:
            return
        try:
            parts = urlsplit(url)
        except ValueError:
            return
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user or password:
        yield password
        yield basic_credentials(user, password)


def _without_beginnings(text: str, parts: set[str]) -> str:
    """``text`` without what is left of a secret amid which a value in it was cut: at its end, or before a bracket."""
    for part in parts:
        at = text.find(part[:SHORTEST])
        while at >= 0:
            end = at + next(size for size in range(len(part), 0, -1) if text.startswith(part[:size], at))
            if text[end : end + 1] in ("", ")"):
                text = text[:at] + HIDDEN + text[end:]
            at = text.find(part[:SHORTEST], at + 1)
    return text
