"""Fixtures of the tests of the bot's webhook: a system that Telegram's stand-in talks to."""

from collections.abc import Callable

import pytest

from tests.functions.api import FAILURE, Api
from tests.functions.receive_telegram.telegram import SECRET, Telegram
from tests.support.stand_ins import BotApi


@pytest.fixture
def telegram(api: Api, bot_api: BotApi, environ: Callable[..., None], telegram_library: None) -> Telegram:
    """A chat with an open alert, whose message has buttons."""
    environ(TELEGRAM_WEBHOOK_SECRET=SECRET, PUBLIC_URL="", **bot_api.environ)
    api.post(FAILURE)
    chat = Telegram(api, bot_api)
    chat.deliver()
    return chat
