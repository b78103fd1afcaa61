"""A visit to the dashboard: the person, their permissions, and the page they get."""

import functools
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Request, Response

from shared import web
from shared.models import now
from shared.pages.answers import page_answer
from shared.pages.problems import wants_html
from shared.pages.rendering import render
from shared.pages.requests import LANGUAGES, language_of, other_language, root_of
from shared.pages.states import Shown, fires
from shared.settings import SettingError, Settings
from shared.store import Store, open_store
from shared.web.forms import Form, form_of
from shared.web.problems import MEDIA_TYPE, response_to
from shared.web.sessions import Session, extend, is_own_origin, session_of
from shared.web.visitors import is_at_this_machine
from shared.words import Language
from shared.words.dashboard import dashboard_words
from shared.words.pages import frame_words, plain_speaker, speaker

if TYPE_CHECKING:
    from shared.web.dispatch import RoutedFunction

FOLDER = Path(__file__).parent
FIRST = "dashboard"
_LANGUAGE = "bonghwa_language"
# The frame's script writes it.
_THEME = "bonghwa_theme"
# A page of ours, whatever else a link asks for.
_LOCAL = re.compile(r"/dashboard(/[A-Za-z0-9_~-]+)*(\?[A-Za-z0-9_.~%&=+-]*)?", re.ASCII)
# The fields that are pressed, picked or hidden: little is lost if somebody has to press or pick again.
_NOT_TYPED = frozenset(
    {"csrf", "page", "back", "status", "do", "end", "remove", "channel", "kind", "about", "duration", "first"}
    | {"incident", "updates", "state", "was"}
)
UseCase = Callable[..., Response]


class Visit:
    """One request of somebody who looks at the dashboard. ``form``: what they send; empty for a page that is read."""

    def __init__(self, request: Request, settings: Settings) -> None:
        self.request, self.settings = request, settings
        self.session: Session | None = session_of(request, settings)
        self.language: Language = _language(request, settings)
        self.words = dashboard_words(self.language)
        # For titles and labels; and as markup, in which a name keeps its own direction of writing.
        self.say = plain_speaker(self.words, frame_words(self.language))
        self.markup = speaker(self.words, frame_words(self.language))
        self.form = Form([])
        self.at = now()

    @property
    def store(self) -> Store:
        """The store."""
        return open_store(self.settings)

    @property
    def may_read(self) -> bool:
        """Whether they see anything at all."""
        is_open = self.settings.api_auth != "all" and is_at_this_machine(self.request, self.settings)
        return self.session is not None or is_open

    @property
    def by(self) -> str:
        """The person that changes are recorded under."""
        return (self.session and self.session.name) or FIRST

    @property
    def once(self) -> str:
        """The name of what they send: a form that is sent again as it was, as by a second press, has the same one.

        Each page has another token in its forms.
        """
        sent = repr((self.request.path, [(name, self.form.every(name)) for name in self.form]))
        return f"form {hashlib.sha256(sent.encode()).hexdigest()}"

    @property
    def root(self) -> str:
        """The way to where all pages begin."""
        return root_of(self.request, FIRST)

    def status_path(self) -> str:
        """The path of a status page, if there is one: the main one, or the first of the others."""
        pages = self.store.boards.pages(self.settings.status_page)
        return "" if not pages else "status" if "" in pages else f"status/{min(pages)}"

    def page(
        self,
        template: str,
        title: str,
        *,
        shown: Shown | None = "up",
        is_handled: bool = False,
        status: int = 200,
        live: int = 0,
        here: str = "",
        **values: Any,
    ) -> Response:
        """A page. ``shown``: the worst state on it. ``here``: which entry of the navigation it belongs to."""
        html = render(
            FOLDER,
            template,
            language=self.language,
            words=self.words,
            title=f"{title} · Bonghwa",
            root=self.root,
            languages=other_language(self.request, self.language),
            brand="Bonghwa",
            brand_href=f"{self.root}dashboard",
            burning=fires(shown, is_handled=is_handled),
            live=live,
            theme=_theme(self.request),
            session=self.session,
            form_token=self.session.form_token() if self.session else "",
            here=here,
            own_path=_local_path(self.request),
            status_path=self.status_path,
            now=self.at,
            **values,
        )
        return self.finished(page_answer(self.request, html, "private", status=status))

    def finished(self, response: Response) -> Response:
        """The response with what the browser keeps, and with the origin that its forms have to name."""
        # Without a referrer a browser hides the origin of a form too.
        response.headers["Referrer-Policy"] = "same-origin"
        if self.request.args.get("lang") in LANGUAGES:
            response.set_cookie(_LANGUAGE, self.language, max_age=31_536_000, samesite="Lax")
        return response

    def to(self, path: str) -> Response:
        """Lead the browser to another page of ours, a path that begins with ``/dashboard``."""
        headers = {"Location": self.root + path.removeprefix("/"), "Cache-Control": "no-store"}
        return self.finished(Response(status=303, headers=headers))

    def next_page(self) -> str:
        """The path that somebody wanted before they had to sign in: always a page of ours."""
        asked = self.form.get("next") or self.request.args.get("next", "")
        return asked if _LOCAL.fullmatch(asked) else "/dashboard"


def reading(use_case: UseCase) -> UseCase:
    """A page. It leads a visitor who may not read to the sign-in, and back."""
    return _admitting(use_case, _refusal_to_read)


def changing(use_case: UseCase) -> UseCase:
    """The target of a form. It takes a session, the session's token, and our own page as the origin."""
    return _admitting(use_case, _refusal_to_change)


def open_to_all(use_case: UseCase) -> UseCase:
    """The sign-in: everybody sees it."""
    return _admitting(use_case, lambda _: None)


def _admitting(use_case: UseCase, refusal: Callable[[Visit], Response | None]) -> UseCase:
    """The use case, for visits without a ``refusal``. Its parameters are numbers. A browser gets problems as pages."""

    @functools.wraps(use_case)
    def respond(request: Request, settings: Settings, *parameters: str) -> Response:
        try:
            visit = Visit(request, settings)
            for parameter in parameters:
                number_of(visit, parameter)
            response = refusal(visit) or use_case(visit, *parameters)
        except Exception as error:
            if not wants_html(request):
                raise
            # Imported here: most requests have no problem.
            from functions.dashboard.refusals import page_of

            return page_of(request, response_to(error, FIRST), _language(request, settings), error)
        # A page that renews itself does not count: it would keep somebody signed in who is gone.
        if visit.session is not None and wants_html(request) and "Set-Cookie" not in response.headers:
            extend(request, response, settings, visit.session)
        return response

    return respond


def with_pages(function: "RoutedFunction") -> "RoutedFunction":
    """Tell a browser that there is nothing at a path by a page. No use case does, since none has the path."""

    @functools.wraps(function)
    def respond(request: Request) -> Response:
        response = function(request)
        if response.status_code not in (404, 405) or response.mimetype != MEDIA_TYPE or not wants_html(request):
            return response
        from functions.dashboard.refusals import page_of

        try:
            language = _language(request, Settings.from_env())
        except SettingError:
            return response
        return page_of(request, response, language)

    return respond  # type: ignore[return-value]  # it has the routes of the other


def number_of(visit: Visit, text: str) -> int:
    """The number in a path. Raises Problem, 404, if it is none."""
    if not web.is_id(text):
        raise web.Problem(404, visit.say("nothing_here"))
    return int(text)


def _refusal_to_read(visit: Visit) -> Response | None:
    return None if visit.may_read else to_sign_in(visit, _local_path(visit.request))


def _refusal_to_change(visit: Visit) -> Response | None:
    visit.form = form_of(visit.request)
    if not is_own_origin(visit.request, visit.settings):
        raise web.Problem(403, visit.say("foreign_origin"))
    is_typed = any(text for name, text in visit.form.items() if name not in _NOT_TYPED)
    if visit.session is None:
        if is_typed and wants_html(visit.request):
            return visit.page("again.html", visit.say("signed_out"), shown=None, typed=(), status=401)
        return to_sign_in(visit, visit.form.get("page") or _local_path(visit.request))
    if not visit.session.is_form_token(visit.form.get("csrf", "")):
        if is_typed and wants_html(visit.request):
            typed = [(name, text) for name in visit.form if name != "csrf" for text in visit.form.every(name)]
            return visit.page("again.html", visit.say("sent_late"), shown=None, typed=typed, status=403)
        raise web.Problem(403, visit.say("stale_form"))
    return None


def to_sign_in(visit: Visit, path: str) -> Response:
    """Lead to the sign-in, and from there to this page."""
    return visit.to(
        f"/dashboard/sign-in?next={quote(path, safe='')}" if _LOCAL.fullmatch(path) else "/dashboard/sign-in"
    )


def _local_path(request: Request) -> str:
    """The path and the query of a request, without what a platform put before them."""
    path = "/" + request.path[request.path.find(FIRST) :].rstrip("/")
    query = request.query_string.decode("latin-1") if request.method in ("GET", "HEAD") else ""
    return f"{path}?{query}" if query else path


def _theme(request: Request) -> str:
    """The theme that somebody chose: the page is drawn in it at once.

    A public page leaves that to its script, which keeps the theme for itself too, so that caches serve one page to all.
    """
    kept = request.cookies.get(_THEME, "")
    return kept if kept in ("light", "dark") else ""


def _language(request: Request, settings: Settings) -> Language:
    kept = request.cookies.get(_LANGUAGE)
    chosen = language_of(request, settings.message_language)
    if not chosen.is_in_address:
        for language in LANGUAGES:
            if kept == language:
                return language
    return chosen.language
