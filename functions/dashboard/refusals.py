"""A refusal, as a page in the visitor's language. Imported by the first request that needs it."""

from collections.abc import Callable

from flask import Request, Response

from shared import store
from shared.alerting import IllegalMove, TooManyMoves
from shared.models import AlertKind, AlertStatus
from shared.pages.problems import problem_page
from shared.words import Language
from shared.words.dashboard import dashboard_words
from shared.words.pages import plain_speaker

_SENTENCES = {403: "refused_here", 404: "nothing_here", 405: "nothing_here", 503: "store_gone"}
# Those whose type says all that there is to say.
_CODES: dict[type[Exception], str] = {
    store.AlertNotFound: "no_such_alert",
    store.MonitorNotFound: "no_such_monitor",
    store.WindowNotFound: "no_such_window",
    store.IncidentNotFound: "no_such_incident",
    store.NameTaken: "name_taken",
    store.WindowOfFile: "window_of_file",
    store.DependsInCircle: "in_circle",
}
Say = Callable[..., str]


def page_of(request: Request, response: Response, language: Language, error: Exception | None = None) -> Response:
    """The page that says to a browser what ``response``, a problem, says to programs. ``error``: why, if it was raised.

    The problem's own text, which is English, is shown only if there are no words for it.
    """
    words = dashboard_words(language)
    status = response.status_code
    sentence = str(words[_SENTENCES.get(status, "refused")])
    said = _words_for(error, plain_speaker(words)) if error else ""
    if said is None:
        said = str((response.get_json() or {}).get("detail", ""))
    said = "" if said == sentence else said
    page = problem_page(request, status, sentence, said, first="dashboard", language=language)
    page.headers.extend((name, value) for name, value in response.headers if name in ("Retry-After", "Allow"))
    return page


def _words_for(error: Exception, say: Say) -> str | None:
    """Why something was refused; None if there are no words for it."""
    if code := _CODES.get(type(error)):
        return say(code)
    match error:
        case IllegalMove():
            return _move(error, say)
        case TooManyMoves():
            return say("too_many_moves", n=error.retry_after)
        case store.OwnedElsewhere():
            return say(f"owned_by_{error.source if error.source in ('env', 'report') else 'file'}")
        case store.UnknownName():
            return say("unknown_target", name=error.name)
    return None


def _move(refused: IllegalMove, say: Say) -> str:
    if refused.alert.kind is AlertKind.SUMMARY:
        return say("move_of_summary")
    if refused.to is AlertStatus.ACK:
        return say("move_of_resolved", id=refused.alert.id)
    return say("move_beside_other", name=refused.alert.subject)
