"""The facts that a page takes from a request: the language, and the way back to where all pages begin."""

from typing import NamedTuple
from urllib.parse import urlencode

from flask import Request

from shared.words import Language

LANGUAGES: tuple[Language, ...] = ("en", "ko")
# The parameters of a page's address that its links keep. Others are dropped: each value would be a page of its own.
_KEPT = {"lang": LANGUAGES, "period": ("1h", "24h", "7d", "30d", "90d", "12m", "1y"), "theme": ("light", "dark")}


class Choice(NamedTuple):
    """A language, and whether the address says it."""

    language: Language
    is_in_address: bool


def language_of(request: Request, default: Language) -> Choice:
    """``?lang=``, or the language that the browser prefers, or ``default`` if it names none of ours."""
    asked = request.args.get("lang")
    for language in LANGUAGES:
        if asked == language:
            return Choice(language, True)
    best = request.accept_languages.best_match(LANGUAGES)
    return Choice("ko" if best == "ko" else "en" if best == "en" else default, False)


def other_language(request: Request, language: Language) -> tuple[Language, str]:
    """The other language, and the link to this page in it, which keeps the rest of the query."""
    other: Language = "en" if language == "ko" else "ko"
    return other, linked(request, lang=other)


def linked(request: Request, **changed: str) -> str:
    """A link to this page with some of its query changed."""
    return f"?{urlencode({**kept_of(request), **changed})}"


def kept_of(request: Request) -> dict[str, str]:
    """The part of the query that decides how a page looks."""
    return {name: value for name, value in request.args.items() if value in _KEPT.get(name, ())}


def base_of(request: Request, first: str, public_url: str | None) -> str:
    """The URL under which all paths begin, for what is read elsewhere. ``first``: as for ``root_of``."""
    if public_url:
        return public_url
    path = request.path.removeprefix("/")
    prefix = "" if path.split("/", 1)[0].partition(".")[0] == first else f"/{path.partition('/')[0]}"
    return f"{request.url_root.rstrip('/')}{prefix}"


def root_of(request: Request, first: str) -> str:
    """The way from a page up to where all pages begin: one folder for ``/status/shop``. ``first``: its first segment.

    Links are relative, so that they are right behind any path that a proxy or a platform puts before ours.
    """
    path = request.path.removeprefix("/")
    own = path if path.split("/", 1)[0] == first else path.partition("/")[2]
    return "".join(("..", "/") * own.count("/")) or "./"
