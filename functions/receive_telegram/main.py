"""POST /telegram: somebody pressed a button of a message in Telegram, or wrote a command to the bot."""

import hmac
import json
import logging
from collections.abc import Mapping, Sequence

import functions_framework
from flask import Request, Response

from functions.receive_telegram.addressing import is_for_us
from functions.receive_telegram.commands import answer_to_command
from functions.receive_telegram.doing import Chat
from functions.receive_telegram.moved_groups import look_for_moves
from functions.receive_telegram.presses import answer_to_press
from functions.receive_telegram.updates import Command, Press, command_in, press_in
from shared import web
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.logs import step
from shared.notifiers import NotifierKind, routes_of
from shared.settings import Settings
from shared.store import open_store
from shared.words import Language

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@functions_framework.http
@web.function("POST", access="open")
def receive_telegram(request: Request, settings: Settings) -> Response:
    """200 for every update, with a call of the Bot API that answers it, if it has an answer.

    404 if nobody set TELEGRAM_WEBHOOK_SECRET, 401 if the header does not hold it.
    """
    _admit(request, settings)
    try:
        update = json.loads(web.body_of(request))
    except (ValueError, RecursionError):
        update = None
    if not isinstance(update, dict):
        raise web.Problem(400, "body: expected a JSON object", field="body")
    asked = press_in(update) or command_in(update)
    if asked is None:
        return web.answer({})
    channels = configured()
    names = _channels_in(channels, asked)
    if not names:
        look_for_moves(asked.chats, channels.values())
        names = _channels_in(channels, asked)
    if not names:
        step("server", "chat_unknown", level=logging.WARNING, reason="an update of a chat that no channel names")
    if isinstance(asked, Command) and not is_for_us(asked, [channels[name] for name in names]):
        return web.answer({})
    # A message may have been written to the group before it moved.
    asked = asked._replace(chats=asked.chats.union(*(channels[name].chats for name in names)))  # type: ignore[attr-defined]
    store = open_store(settings)
    language = _language_in(channels, names) or settings.message_language
    chat = Chat(store, routes_of(channels), names, language)
    done = answer_to_press(asked, chat) if isinstance(asked, Press) else answer_to_command(asked, chat)
    deliver_at_once(store, channels, done.notification_ids, settings)
    return web.answer(done.answer)


def _admit(request: Request, settings: Settings) -> None:
    """Let Telegram in, and the local runner, which fetches updates by itself. Raises Problem."""
    if settings.telegram_polling and web.has_key(request, settings):
        return
    if settings.telegram_webhook_secret is None:
        raise web.Problem(404, "there is nothing at this path: TELEGRAM_WEBHOOK_SECRET is not set")
    # WSGI hands header bytes over as Latin-1.
    given = request.headers.get(HEADER, "").encode("latin-1", "replace")
    if not hmac.compare_digest(given, settings.telegram_webhook_secret.get_secret_value().encode()):
        raise web.Problem(401, f"the {HEADER} header is {'wrong' if given else 'missing'}")


def _channels_in(channels: Mapping[str, NotifierKind], asked: Press | Command) -> tuple[str, ...]:
    """The channels that write to the chat of an update."""
    found = []
    for name, notifier in channels.items():
        if notifier.kind == "telegram" and not asked.chats.isdisjoint(notifier.chats):  # type: ignore[attr-defined]
            found.append(name)
    return tuple(found)


def _language_in(channels: Mapping[str, NotifierKind], names: Sequence[str]) -> Language | None:
    """The language that the first channel of the chat sets, if it does."""
    return channels[names[0]].common.language if names else None
