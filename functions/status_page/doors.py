"""Pages with a password: a form, a cookie, and a limit to how often somebody may guess."""

import threading
import time
from collections import defaultdict, deque

from flask import Request, Response

from functions.status_page.readings import readings
from functions.status_page.showing import FOLDER, Viewer, title_of, viewer_of
from functions.status_page.visible import Page, page_of
from shared import web
from shared.pages import passwords
from shared.pages.answers import page_answer
from shared.pages.rendering import render
from shared.pages.requests import other_language
from shared.settings import Settings

MOST_TRIES = 10
_WITHIN_SECONDS = 60.0
_lock = threading.Lock()
_tries: dict[str, deque[float]] = defaultdict(deque)


def is_open(request: Request, page: Page) -> bool:
    """Whether the caller may see the page."""
    stored = page.settings.get("password")
    if not stored:
        return True
    given = request.cookies.get(_cookie(page.slug), "")
    return passwords.is_valid(given, stored, page.slug, now=time.time())


def locked(request: Request, page: Page, viewer: Viewer, code: str = "", status: int = 200) -> Response:
    """The form that asks for the password. It says nothing of the page but its title."""
    title = title_of(page, viewer.plain)
    html = render(
        FOLDER,
        "locked.html",
        language=viewer.language,
        words=viewer.words,
        title=title,
        root=viewer.root,
        languages=other_language(request, viewer.language),
        brand=title,
        brand_href="?",
        burning=0,
        live=0,
        wrong=viewer.say(code) if code else "",
    )
    return page_answer(request, html, "private", status=status)


def unlock(request: Request, settings: Settings, slug: str) -> Response:
    """Let in whoever knows the password."""
    page = page_of(readings(settings).get(settings).facts, slug)
    stored = page.settings.get("password") if page else None
    if page is None or not stored:
        raise web.Problem(404, "there is no such page")
    viewer = viewer_of(request, settings.message_language)
    if not _may_try(slug):
        response = locked(request, page, viewer, "too_many", 429)
        response.headers["Retry-After"] = str(int(_WITHIN_SECONDS))
        return response
    if not passwords.is_right(request.form.get("password", "")[:1024], stored):
        return locked(request, page, viewer, "wrong_password", 403)
    _tries.pop(slug, None)
    # Relative, so that it is right behind any path.
    query = request.query_string.decode("ascii", "replace")
    last = request.path.rstrip("/").rpartition("/")[2]
    response = Response(status=303, headers={"Location": f"{last}?{query}" if query else last})
    response.headers["Cache-Control"] = "private, no-store"
    response.autocorrect_location_header = False
    is_secure = request.is_secure or (settings.public_url or "").startswith("https://")
    value = passwords.ticket(stored, slug, now=time.time())
    response.set_cookie(_cookie(slug), value, path=None, httponly=True, samesite="Lax", secure=is_secure)
    return response


def _may_try(slug: str) -> bool:
    """Whether so few have guessed lately that one more may."""
    with _lock:
        tries, now = _tries[slug], time.monotonic()
        while tries and tries[0] < now - _WITHIN_SECONDS:
            tries.popleft()
        if len(tries) >= MOST_TRIES:
            return False
        tries.append(now)
        return True


def _cookie(slug: str) -> str:
    return f"bonghwa_page_{slug}" if slug else "bonghwa_page"
