"""Telegram, through a bot.

TELEGRAM_BOT_TOKEN: the token that BotFather gave; the channel is on when it is set.
TELEGRAM_CHAT_ID: the chat to write to, a number or @channelname; needed with the token.
TELEGRAM_API_URL: the root of a self-hosted Bot API server; https://api.telegram.org by default.
"""

import functools
import logging
import re
import ssl
import time
from collections.abc import Mapping
from datetime import timedelta

from pydantic import SecretStr

from shared.models import Notification
from shared.notifiers import Notifier, SendFailed
from shared.settings import SettingError, http_url

# For how long a connection that nobody uses is trusted to be alive still.
KEEP_SECONDS = 20.0


class TelegramNotifier:
    """Sends with python-telegram-bot's ``Bot``, as plain text: there is no markup that anybody could break."""

    def __init__(self, token: SecretStr, chat_id: str, api_url: str) -> None:
        self.token = token
        self.chat_id = chat_id
        self.api_url = api_url

    def send(self, text: str, *, timeout_seconds: float, notification: Notification | None = None) -> str:  # noqa: ARG002
        """See Notifier.send."""
        gives_up_at = time.monotonic() + timeout_seconds
        # Here, and not above: it costs 100 ms, and only who sends needs it.
        from telegram import error

        _silence_libraries()
        place = self.token.get_secret_value(), f"{self.api_url}/bot"
        try:
            line = _idle_lines.get(place, []).pop()
        except IndexError:
            line = _Line(*place)
        is_well = False
        try:
            message_id = line.send(self.chat_id, text, max(0.0, gives_up_at - time.monotonic()))
            is_well = True
        except (TimeoutError, error.TimedOut):
            raise SendFailed(f"no answer within {timeout_seconds:.3g} s") from None
        except error.RetryAfter as asked:
            # A number now, a timedelta in the library's next major version.
            wait = asked.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
            raise SendFailed(f"too many messages: asked to wait {seconds:g} s", retry_after=seconds) from None
        except error.ChatMigrated as moved:
            reason = f"the group moved: TELEGRAM_CHAT_ID has to be {moved.new_chat_id}"
            raise SendFailed(reason, is_permanent=True) from None
        except (error.BadRequest, error.Forbidden, error.InvalidToken) as refused:
            raise SendFailed(self._without_token(str(refused)), is_permanent=True) from None
        except error.TelegramError as failed:
            raise SendFailed(self._without_token(str(failed))) from None
        finally:
            if is_well:
                _idle_lines.setdefault(place, []).append(line)
            else:
                line.close()
        return f"message {message_id}"

    def _without_token(self, text: str) -> str:
        return text.replace(self.token.get_secret_value(), "(hidden)")[:300]


class _Line:
    """A bot with an event loop and a connection of its own, for one send at a time; to make it costs as much as ten."""

    def __init__(self, token: str, base_url: str) -> None:
        import asyncio

        import httpx
        from telegram import Bot
        from telegram.request import HTTPXRequest

        # The answer to a message that went out on a connection that died unnoticed would never come.
        limits = httpx.Limits(max_connections=1, keepalive_expiry=KEEP_SECONDS)
        request = HTTPXRequest(httpx_kwargs={"verify": _tls(), "limits": limits})
        # Also for what is never asked here: the bot would make another, which reads the CA bundle.
        self._bot = Bot(token, base_url=base_url, request=request, get_updates_request=request)
        self._loop = asyncio.new_event_loop()

    def send(self, chat_id: str, text: str, seconds: float) -> int:
        """The new message's id. Raises TimeoutError once the seconds are over, and TelegramError."""
        import asyncio

        # Not asyncio.run: that waits at its end for a name look-up that hangs, and the deadline would be gone.
        return self._loop.run_until_complete(asyncio.wait_for(self._send(chat_id, text, seconds), seconds))

    async def _send(self, chat_id: str, text: str, seconds: float) -> int:
        from telegram import LinkPreviewOptions

        message = await self._bot.send_message(
            chat_id,
            text,
            # A preview would make Telegram's servers look at the target.
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            read_timeout=seconds,
            write_timeout=seconds,
            connect_timeout=seconds,
            pool_timeout=seconds,
        )
        return message.message_id

    def close(self) -> None:
        """End its connection. What still hangs in it is left behind."""
        try:
            self._loop.run_until_complete(self._bot.request.shutdown())
        finally:
            self._loop.close()


# By token and address; taken and given back by append and pop, which no two threads can do at once.
_idle_lines: dict[tuple[str, str], list[_Line]] = {}


@functools.cache
def _tls() -> ssl.SSLContext:
    # Read once: httpx would read the CA bundle again for every Bot, 40 ms of CPU each time.
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


@functools.cache
def _silence_libraries() -> None:
    # httpx logs every URL, and the token is part of it; what matters of the rest is in the exceptions.
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def from_env(environ: Mapping[str, str]) -> Notifier | None:
    """The notifier, or None without a token. Raises SettingError where something is missing or malformed."""
    token = environ.get("TELEGRAM_BOT_TOKEN", "").strip()
    chat_id = environ.get("TELEGRAM_CHAT_ID", "").strip()
    api_url = environ.get("TELEGRAM_API_URL", "").strip() or "https://api.telegram.org"
    if not token and not chat_id:
        return None
    # Looser than the tokens given out today: what matters is that it cannot change the URL it stands in.
    if not re.fullmatch(r"[A-Za-z0-9_:-]+", token):
        found = "(hidden)" if token else None
        raise SettingError("TELEGRAM_BOT_TOKEN", found, "the bot's token, like 123456:ABC-DEF, as BotFather gave it")
    if not re.fullmatch(r"-?\d+|@\w+", chat_id):
        # A token that was put there by mistake is a secret all the same.
        found = "(hidden)" if re.match(r"\d+:", chat_id) else chat_id
        raise SettingError("TELEGRAM_CHAT_ID", found or None, "the chat's number or @channelname")
    try:
        http_url(api_url)
    except ValueError:
        raise SettingError("TELEGRAM_API_URL", api_url, "the http:// or https:// root of a Bot API server") from None
    return TelegramNotifier(SecretStr(token), chat_id, api_url.rstrip("/"))
