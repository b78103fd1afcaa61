"""/act/<token>: a signed link from a message opens a page with one button, which acts on one alert.

Opening it changes nothing, since programs that scan mail, and previews in chats, follow links too.
"""

from urllib.parse import urlsplit

import functions_framework
from flask import Request, Response

from functions.follow_link.page import page
from shared import web
from shared.alerting import IllegalMove, TooManyMoves
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.links import Grant, links_of
from shared.messages import one_line, said_cause, time_text, title_of
from shared.models import Alert, AlertStatus, NotificationKind, now
from shared.models.message import BUTTON_SILENCE_SECONDS
from shared.notifiers import routes_of
from shared.settings import Settings
from shared.store import AlertNotFound, NotAMonitors, log_move, open_store
from shared.words import Language
from shared.words.acting import acting_words

MAX_NAME = 64


class _Refused(Exception):
    """The link leads nowhere; ``response`` says why."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@web.route("GET", "/act/<token>", access="open")
def show_link(request: Request, settings: Settings, token: str) -> Response:
    """200 with a page that says what the alert is, and a button if there is something to do. It changes nothing.

    404 for a token that is none of ours, 410 if it has expired or the alert has ended.
    """
    language = _language(request, settings)
    try:
        grant, alert = _granted(settings, token, language)
    except _Refused as refused:
        return refused.response
    return _page_of(grant, alert, settings, language)


@web.route("POST", "/act/<token>", access="open")
def use_link(request: Request, settings: Settings, token: str) -> Response:
    """303 to the same page once the alert is acknowledged, or its monitor silenced. The first to act stays.

    404 and 410 as for the page, 429 after too many moves, 409 for a silence of what is no monitor.
    """
    language = _language(request, settings)
    try:
        grant, alert = _granted(settings, token, language)
        _act(grant, alert, settings, language)
    except _Refused as refused:
        return refused.response
    # PUBLIC_URL may have a path of its own, which a proxy takes away.
    path = urlsplit(settings.public_url or "").path
    return Response(status=303, headers={"Location": f"{path}/act/{token}", "Cache-Control": "no-store"})


@functions_framework.http
@web.routes(show_link, use_link)
def follow_link() -> None:
    """Links from messages. The token is all that one needs: it is signed, for one alert, one action and a week."""


def _granted(settings: Settings, token: str, language: Language) -> tuple[Grant, Alert]:
    """The action that the link allows, and its alert. Raises _Refused."""
    words, links = acting_words(language), links_of(settings)
    grant = links.read(token) if links else None
    if grant is None:
        raise _Refused(page(language, words["link_unknown"], words["link_whole"], status=404))
    if now() >= grant.ends_at:
        raise _Refused(page(language, words["link_expired"], words["link_lasts"], status=410))
    try:
        alert, _ = open_store(settings).alerts.get(grant.alert_id)
    except AlertNotFound:
        # It is so old that it was deleted, or the store is another one.
        raise _Refused(page(language, words["link_expired"], words["link_lasts"], status=410)) from None
    if not alert.status.is_active:
        raise _Refused(_over(alert, language))
    return grant, alert


def _act(grant: Grant, alert: Alert, settings: Settings, language: Language) -> None:
    channels, store = configured(), open_store(settings)
    is_silence = grant.action == "silence"
    try:
        change = store.alerts.move(
            grant.alert_id,
            None if is_silence else AlertStatus.ACK,
            by=grant.channel,
            at=now(),
            channels=routes_of(channels),
            silence_seconds=BUTTON_SILENCE_SECONDS if is_silence else None,
            keeps_silence=True,
        )
    except IllegalMove as too_late:
        raise _Refused(_over(too_late.alert, language)) from None
    except TooManyMoves as flood:
        refusal = _cannot(alert, language, "too_many_moves", status=429, seconds=str(flood.retry_after))
        refusal.headers["Retry-After"] = str(flood.retry_after)
        raise _Refused(refusal) from None
    except NotAMonitors:
        raise _Refused(_cannot(alert, language, "not_a_monitor", status=409)) from None
    log_move(change, grant.channel)
    deliver_at_once(store, channels, change.notification_ids, settings)


def _page_of(grant: Grant, alert: Alert, settings: Settings, language: Language) -> Response:
    words = acting_words(language)
    done = _done(grant, alert, settings, language)
    return page(
        language,
        _title(alert, language),
        said_cause(alert.cause_data, alert.cause, language),
        words["since"].format(time=time_text(alert.failed_at)),
        done or words[f"{grant.action}_means"].format(by=grant.channel, subject=one_line(alert.subject)),
        button=None if done else words[grant.action],
        small="" if done else words["link_until"].format(time=time_text(grant.ends_at)),
    )


def _done(grant: Grant, alert: Alert, settings: Settings, language: Language) -> str:
    """The person who has already done what the link is for; empty if nobody has."""
    words = acting_words(language)
    if grant.action == "acknowledge":
        if alert.status is not AlertStatus.ACK or alert.acknowledged_at is None:
            return ""
        name, code, at = alert.acknowledged_by, "acknowledged", alert.acknowledged_at
    else:
        silence = open_store(settings).windows.silence_of(alert.subject, BUTTON_SILENCE_SECONDS, now=now())
        if silence is None:
            return ""
        name, code, at = silence.by, "silenced", silence.ends_at
    return words[code].format(name=one_line(name or "", MAX_NAME) or words["somebody"], time=time_text(at))


def _over(alert: Alert, language: Language) -> Response:
    words = acting_words(language)
    ended = words["over"].format(time=time_text(alert.resolved_at)) if alert.resolved_at else ""
    return page(language, _title(alert, language), ended, status=410)


def _cannot(alert: Alert, language: Language, why: str, *, status: int, **parameters: str) -> Response:
    return page(language, _title(alert, language), acting_words(language)[why].format(**parameters), status=status)


def _title(alert: Alert, language: Language) -> str:
    return f"{title_of(alert, NotificationKind(alert.kind.value), language)} · #{alert.id}"


def _language(request: Request, settings: Settings) -> Language:
    """The language that the browser prefers; that of messages if it names none of ours."""
    best = request.accept_languages.best_match(("en", "ko"))
    return "ko" if best == "ko" else "en" if best == "en" else settings.message_language
