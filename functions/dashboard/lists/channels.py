"""/dashboard/channels: whether each channel delivers, and a test message to see."""

import base64
import json
from collections.abc import Sequence
from typing import NamedTuple

from flask import Response

from functions.dashboard.visit import Visit, changing, reading
from shared import web
from shared.channels import configured
from shared.delivery.trial import Trial, try_channel
from shared.logs import step
from shared.messages import one_line
from shared.models import as_time
from shared.models.channel import CONSOLE
from shared.pages.formatting import Named
from shared.pages.states import Shown
from shared.store import Row
from shared.web.visitors import is_over_tls

MAX_ANSWER = 300
_COOKIE, _SHOWN_SECONDS = "bonghwa_tested", 60
_MARKS = {"up": "✓", "down": "✕", "unk": "?"}


class Channel(NamedTuple):
    """A channel in the list. ``trial``: what it said to a test message just now."""

    name: str
    kind: str
    shown: Shown
    word: str
    delivered: Row | None
    refused: Row | None
    owed: int
    trial: Trial | None


@web.route("GET", "/dashboard/channels", access="open")
@reading
def show_channels(visit: Visit) -> Response:
    """200 with every channel, those in trouble first; in the row of one that was just tried stands what it said."""
    response = _page(visit, _tried(visit.request.cookies.get(_COOKIE, "")))
    if _COOKIE in visit.request.cookies:
        response.delete_cookie(_COOKIE)
    return response


@web.route("POST", "/dashboard/channels", access="open")
@changing
def test_channel(visit: Visit) -> Response:
    """303 to the list, which shows what the channel said to a test message."""
    name = visit.form.get("channel", "")
    notifier = configured().get(name)
    if notifier is None:
        raise web.Problem(404, visit.say("nothing_here"))
    trial = try_channel(notifier, visit.settings.message_language, at=visit.at)
    step("server", "channel_tested", channel=name, is_accepted=trial.is_accepted, answer=trial.answer)
    response = visit.to("/dashboard/channels")
    # A browser drops a cookie of more than 4,096 bytes, and an escaped character takes up to twelve.
    said = json.dumps([name, trial.is_accepted, one_line(trial.answer, MAX_ANSWER)], ensure_ascii=False)
    # A reload of the list would send another message if the list were the response to this one.
    response.set_cookie(
        _COOKIE,
        base64.urlsafe_b64encode(said.encode()).decode(),
        max_age=_SHOWN_SECONDS,
        secure=is_over_tls(visit.request, visit.settings),
        httponly=True,
        samesite="Strict",
    )
    return response


def _tried(kept: str) -> dict[str, Trial]:
    """The answer of a channel to a test message, as the browser kept it."""
    try:
        name, is_accepted, answer = json.loads(base64.urlsafe_b64decode(kept))
        return {str(name): Trial(bool(is_accepted), one_line(str(answer), MAX_ANSWER))}
    except (ValueError, TypeError):
        return {}


def _page(visit: Visit, trials: dict[str, Trial]) -> Response:
    found = sorted(_channels(visit, trials), key=lambda each: (each.shown != "down", each.shown != "pend"))
    shown, sentence = _sentence(visit, found)
    return visit.page(
        "channels.html",
        f"{_MARKS[shown]} {sentence}",
        shown=shown,
        here="channels",
        hero=shown,
        sentence=sentence,
        channels=found,
        as_time=as_time,
        is_console_alone={each.kind for each in found} == {CONSOLE},
    )


def _sentence(visit: Visit, found: Sequence[Channel]) -> tuple[Shown, str]:
    """How the channels are. One that was never used may still refuse, so that they are well only if all delivered."""
    broken = [each for each in found if each.shown == "down"]
    delivered = sum(each.shown == "up" for each in found)
    if broken or not found:
        code = "channels_broken" if broken else "no_channels"
        return "down", visit.say(code, n=len(broken), name=Named(broken[0].name if broken else ""))
    if delivered == len(found):
        return "up", visit.say("channels_fine", n=delivered)
    return "unk", visit.say("channels_untried" if delivered else "channels_ready", n=len(found), delivered=delivered)


def _channels(visit: Visit, trials: dict[str, Trial]) -> list[Channel]:
    notifiers = configured()
    accepted, failed = visit.store.visits.overview.deliveries(list(notifiers))
    delivered = {row["channel"]: row for row in accepted}
    refused = {row["channel"]: row for row in failed}
    facts = visit.store.health_facts(now=visit.at)
    owed = visit.store.visits.overview.owed(late=visit.at)
    found = []
    for name, notifier in notifiers.items():
        last, other = delivered.get(name), refused.get(name)
        is_failing = other is not None and (last is None or other["attempted_at"] > last["attempted_at"])
        if name in facts.refused:
            shown, word = "down", visit.say("state_refuses")
        elif is_failing:
            shown, word = "down", visit.say("state_fails")
        else:
            shown, word = ("up", visit.say("state_delivers")) if last else ("unk", visit.say("state_untried"))
        found.append(Channel(name, notifier.kind, shown, word, last, other, owed.get(name, 0), trials.get(name)))  # type: ignore[arg-type]
    return found
