"""Pages with a password: a form, a cookie, and a limit to how often somebody may guess."""

import contextlib
import threading
import time
from collections import defaultdict, deque

from flask import Request, Response

from functions.status_page.readings import readings
from functions.status_page.showing import FOLDER, Viewer, title_of, viewer_of
from functions.status_page.visible import Page, missing, page_of
from shared.pages import passwords
from shared.pages.answers import page_answer
from shared.pages.rendering import render
from shared.pages.requests import other_language
from shared.settings import Settings, network_of

# The limits of one client and of all together: strangers who guess must not keep out those who know the password. Each
# costs some 25 ms of a processor.
MOST_TRIES, MOST_OF_ALL = 10, 600
_WITHIN_SECONDS = 60.0
_lock = threading.Lock()
_tries: dict[str, deque[tuple[float, str]]] = defaultdict(deque)


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
        raise missing()
    # Imported here: few pages have a password.
    from shared.web.visitors import address_of, is_over_tls

    viewer = viewer_of(request, settings.message_language)
    tried = _try(slug, network_of(address_of(request, settings)))
    if tried is None:
        response = locked(request, page, viewer, "too_many", 429)
        response.headers["Retry-After"] = str(int(_WITHIN_SECONDS))
        return response
    if not passwords.is_right(request.form.get("password", "")[:1024], stored):
        return locked(request, page, viewer, "wrong_password", 403)
    _forgive(slug, tried)
    # Relative, so that it is right behind any path.
    query = request.query_string.decode("ascii", "replace")
    last = request.path.rstrip("/").rpartition("/")[2]
    response = Response(status=303, headers={"Location": f"{last}?{query}" if query else last})
    response.headers["Cache-Control"] = "private, no-store"
    response.autocorrect_location_header = False
    value = passwords.ticket(stored, slug, now=time.time())
    response.set_cookie(
        _cookie(slug), value, path=None, httponly=True, samesite="Lax", secure=is_over_tls(request, settings)
    )
    return response


def _try(slug: str, client: str) -> tuple[float, str] | None:
    """Count a try before it is judged, so that many at once are not all judged; None if too many were wrong lately."""
    with _lock:
        tries, now = _tries[slug], time.monotonic()
        while tries and tries[0][0] < now - _WITHIN_SECONDS:
            tries.popleft()
        if len(tries) >= MOST_OF_ALL or sum(each == client for _, each in tries) >= MOST_TRIES:
            return None
        tried = now, client
        tries.append(tried)
        return tried


def _forgive(slug: str, tried: tuple[float, str]) -> None:
    """Note that the try was no wrong one."""
    with _lock, contextlib.suppress(ValueError):
        _tries[slug].remove(tried)


def _cookie(slug: str) -> str:
    return f"bonghwa_page_{slug}" if slug else "bonghwa_page"
