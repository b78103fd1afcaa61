"""Whether a command is for a bot of ours: in a group, all bots may read what names one of them."""

import functools
import logging
from collections.abc import Iterable

from functions.receive_telegram.updates import Command
from shared.logs import step
from shared.notifiers import NotifierKind

SECONDS = 5.0


def is_for_us(command: Command, notifiers: Iterable[NotifierKind]) -> bool:
    """Whether a command names none, or the bot of one of these channels. Nobody is asked for a name otherwise."""
    if command.bot is None:
        return True
    bots = {(each.api_url, each.bot_token.get_secret_value()) for each in notifiers}  # type: ignore[attr-defined]
    return any(_username(*bot) == command.bot for bot in sorted(bots))


def _username(api_url: str, token: str) -> str | None:
    # Imported here: few commands name a bot, and buttons need none of it.
    import requests

    try:
        return _known_username(api_url, token)
    except (requests.RequestException, LookupError, TypeError) as error:
        # Otherwise a command for another bot could silence a monitor. The error's text may hold the token.
        step("server", "bot_unknown", level=logging.WARNING, reason=type(error).__name__)
        return None


@functools.lru_cache(maxsize=64)
def _known_username(api_url: str, token: str) -> str:
    from shared.notifiers.services.telegram.probing import call

    return str(call(token, api_url, "getMe", SECONDS)["result"]["username"]).casefold()
