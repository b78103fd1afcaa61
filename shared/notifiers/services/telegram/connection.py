"""A bot's connection to the Bot API, through python-telegram-bot."""

import functools
import logging
import ssl
from collections.abc import Coroutine
from typing import Any

from shared.settings import proxies

# How long an unused connection is trusted to be still alive.
KEEP_SECONDS = 20.0


class Connection:
    """A bot with its own event loop and TCP connection, for one send at a time; to build it costs as much as ten."""

    def __init__(self, token: str, base_url: str) -> None:
        import asyncio

        import httpx
        from telegram import Bot

        from shared.notifiers.services.telegram.own_words import only_own_words

        # If a message goes out on a connection that died unnoticed, its response never comes.
        limits = httpx.Limits(max_connections=1, keepalive_expiry=KEEP_SECONDS)
        options = {"verify": tls(), "limits": limits, "trust_env": False}
        request = only_own_words()(httpx_kwargs=options, proxy=proxies.http_proxy_of(base_url))
        # Also for getUpdates, which we never call: the bot would build another request, which reads the CA bundle.
        self._bot = Bot(token, base_url=base_url, request=request, get_updates_request=request)
        self._loop = asyncio.new_event_loop()

    def send(self, chat_id: str, text: str, seconds: float, **options: Any) -> int:
        """The new message's id. ``options``: see Bot.send_message. Raises TimeoutError in time, and TelegramError."""
        message = self._run(self._bot.send_message(chat_id, text, **_common(seconds), **options), seconds)
        return int(message.message_id)

    def edit(self, chat_id: str, message_id: int, text: str, seconds: float, **options: Any) -> None:
        """Give a message another text. ``options``: see Bot.edit_message_text. Raises as ``send`` does."""
        about = {"chat_id": chat_id, "message_id": message_id, **_common(seconds)}
        self._run(self._bot.edit_message_text(text, **about, **options), seconds)

    def _run(self, call: Coroutine[Any, Any, Any], seconds: float) -> Any:
        import asyncio

        # asyncio.run would wait at its end for a name look-up that hangs, and miss the deadline.
        return self._loop.run_until_complete(asyncio.wait_for(call, seconds))

    def close(self) -> None:
        """Close its TCP connection. A send that still hangs in it is abandoned."""
        try:
            self._loop.run_until_complete(self._bot.request.shutdown())
        finally:
            self._loop.close()


def _common(seconds: float) -> dict[str, Any]:
    """The options of every call."""
    from telegram import LinkPreviewOptions

    timeouts = ("read_timeout", "write_timeout", "connect_timeout", "pool_timeout")
    # A preview would make Telegram's servers request the target.
    return {"link_preview_options": LinkPreviewOptions(is_disabled=True), **dict.fromkeys(timeouts, seconds)}


# By token and address. Taken by pop and returned by append, each of which only one thread can do at a time.
idle: dict[tuple[str, str], list[Connection]] = {}


@functools.cache
def tls() -> ssl.SSLContext:
    """What certificates are checked with."""
    # Read once: httpx would read the CA bundle again for every Bot, 40 ms of CPU each time.
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


@functools.cache
def silence_libraries() -> None:
    """Let the libraries log nothing."""
    # httpx logs every URL, and the token is part of it; the exceptions tell us all that matters.
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
