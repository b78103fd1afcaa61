"""Telegram, through a bot."""

import functools
import logging
import re
import ssl
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from shared.models.message import Message
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed
from shared.settings import proxies
from shared.settings.parsers import without_slash

if TYPE_CHECKING:
    from shared.models.channel import Pace

# How long an unused connection is trusted to be still alive.
KEEP_SECONDS = 20.0


def _token(token: SecretStr) -> SecretStr:
    # Looser than the tokens of today: what matters is that it cannot change the URL that it is part of.
    if not re.fullmatch(r"[A-Za-z0-9_:-]+", token.get_secret_value()):
        raise ValueError("a bot's token")
    return token


def _chat(value: Any) -> str:
    chat = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if re.fullmatch(r"-?\d+|@\w+", chat):
        return chat
    # A token that was put there by mistake is still a secret.
    raise PydanticCustomError("secret", "a token") if re.search(r"\d:", str(value)) else ValueError("a chat")


class TelegramNotifier(NotifierKind):
    """Sends with python-telegram-bot's ``Bot``, as plain text, so that no markup in a message can break it."""

    shows_facts = False

    bot_token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        description="the bot's token, like 123456:ABC-DEF, as BotFather gave it"
    )
    chat_id: Annotated[str, BeforeValidator(_chat)] = Field(description="the chat's number or @channelname")
    api_url: Annotated[str, AfterValidator(without_slash)] = Field(
        "https://api.telegram.org", description="the http:// or https:// root of a Bot API server"
    )

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See Notifier.send."""
        gives_up_at = time.monotonic() + timeout_seconds
        # Imported here, because it takes 100 ms and only a send needs it.
        from telegram import error

        _silence_libraries()
        token_and_url = self.bot_token.get_secret_value(), f"{self.api_url}/bot"
        try:
            connection = _idle_connections.get(token_and_url, []).pop()
        except IndexError:
            connection = _Connection(*token_and_url)
        is_reusable = False
        try:
            accepted = self._send_where_it_is(connection, message.text, gives_up_at)
            is_reusable = True
        except (TimeoutError, error.TimedOut):
            raise SendFailed(f"no answer within {timeout_seconds:.3g} s") from None
        except error.RetryAfter as asked:
            # A number now, a timedelta in the library's next major version.
            wait = asked.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
            raise SendFailed(f"too many messages: asked to wait {seconds:g} s", retry_after=seconds) from None
        except error.ChatMigrated as moved:
            raise SendFailed(f"the group moved twice, the last time to {moved.new_chat_id}") from None
        except (error.BadRequest, error.Forbidden, error.InvalidToken) as refused:
            reason = self._without_token(str(refused)) + self._moved()
            # If the group's new chat refuses, the next message asks again for where the group is.
            new_chats.pop(self._group, None)
            raise SendFailed(reason, is_permanent=True) from None
        except error.TelegramError as failed:
            raise SendFailed(self._without_token(str(failed))) from None
        finally:
            if is_reusable:
                _idle_connections.setdefault(token_and_url, []).append(connection)
            else:
                connection.close()
        return accepted

    @property
    def pace(self) -> "Pace":
        """See NotifierKind.pace. A bot may send 20 messages a minute to a group; a person's number has no sign."""
        from shared.models.channel import USUAL, Pace

        # Telegram counts what arrives, and the network may move two messages closer together by a second or two.
        return USUAL if self.chat_id.isdecimal() else Pace(20, 62.0)

    @property
    def _group(self) -> tuple[str, str]:
        return self.api_url, self.chat_id

    def _moved(self) -> str:
        """What the log says about a group that became a supergroup, and so has another id."""
        new = new_chats.get(self._group)
        return f"; the group moved: {self.setting('chat_id')} has to be {new}" if new else ""

    def _send_where_it_is(self, connection: "_Connection", text: str, gives_up_at: float) -> Accepted:
        from telegram import error

        def left() -> float:
            return max(0.0, gives_up_at - time.monotonic())

        try:
            message_id = connection.send(new_chats.get(self._group, self.chat_id), text, left())
        except error.ChatMigrated as moved:
            # Telegram says so at every send to the old id, so that a new process need not know.
            new = new_chats[self._group] = str(moved.new_chat_id)
            message_id = connection.send(new, text, left())
        return Accepted(f"message {message_id}{self._moved()}", str(message_id))

    def refuse_unusable_proxy(self) -> None:
        """See NotifierKind.refuse_unusable_proxy."""
        proxies.http_proxy_of(self.api_url)

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """Ask who the bot is, and whether it can see the chat."""
        import requests

        from shared.notifiers.services.telegram.own_words import new_chat

        try:
            bot = self._ask("getMe", timeout_seconds)
            if not bot.get("ok"):
                fix = f"{self.setting('bot_token')}=… as BotFather's /token gives it"
                return ProbeResult("failure", _refused("the token", bot), "a bot's token", fix)
            chat = self._ask("getChat", timeout_seconds, chat_id=self.chat_id)
            # getChat still knows the old id of a group that moved; only what needs to write there is sent away.
            typing = self._ask("sendChatAction", timeout_seconds, chat_id=self.chat_id, action="typing")
        except requests.RequestException as error:
            # The error's text stays out: it holds the URL, and so the token.
            found, expected = f"Telegram is not reached: {type(error).__name__}", f"an answer from {self.api_url}"
            return ProbeResult("failure", found, expected, f"curl -sS {self.api_url} shows why")
        result = bot.get("result")
        name = result.get("username", "?") if isinstance(result, dict) else "?"
        for response in (chat, typing):
            if (new := new_chat(response)) is not None:
                fix = f"{self.setting('chat_id')}={new}"
                return ProbeResult("warning", f"the group {self.chat_id} moved to {new}", "the group's new id", fix)
        if not chat.get("ok"):
            fix = f"{self.setting('chat_id')}=…, and let somebody there write to @{name} or add it"
            return ProbeResult("failure", _refused("the chat", chat), f"a chat that @{name} is in", fix)
        return ProbeResult("ok", f"@{name} may write to the chat {self.chat_id}")

    def _ask(self, method: str, timeout_seconds: float, **fields: str) -> dict[str, Any]:
        import requests

        url = f"{self.api_url}/bot{self.bot_token.get_secret_value()}/{method}"
        with requests.Session() as session:
            session.trust_env = False  # see proxies
            options = proxies.requests_options(self.api_url)
            response = session.post(url, json=fields, timeout=timeout_seconds, allow_redirects=False, **options)
        try:
            found = response.json()
        except requests.JSONDecodeError:
            found = None
        return found if isinstance(found, dict) else {"description": f"HTTP {response.status_code}, and no JSON"}

    def _without_token(self, text: str) -> str:
        return text.replace(self.bot_token.get_secret_value(), "(hidden)")[:300]


def _refused(what: str, response: Mapping[str, Any]) -> str:
    return f"Telegram refuses {what}: {response.get('description', '?')}"


class _Connection:
    """A bot with its own event loop and TCP connection, for one send at a time; to build it costs as much as ten."""

    def __init__(self, token: str, base_url: str) -> None:
        import asyncio

        import httpx
        from telegram import Bot

        from shared.notifiers.services.telegram.own_words import only_own_words

        # If a message goes out on a connection that died unnoticed, its response never comes.
        limits = httpx.Limits(max_connections=1, keepalive_expiry=KEEP_SECONDS)
        options = {"verify": _tls(), "limits": limits, "trust_env": False}
        request = only_own_words()(httpx_kwargs=options, proxy=proxies.http_proxy_of(base_url))
        # Also for getUpdates, which we never call: the bot would build another request, which reads the CA bundle.
        self._bot = Bot(token, base_url=base_url, request=request, get_updates_request=request)
        self._loop = asyncio.new_event_loop()

    def send(self, chat_id: str, text: str, seconds: float) -> int:
        """The new message's id. Raises TimeoutError when the seconds are over, and TelegramError."""
        import asyncio

        # asyncio.run would wait at its end for a name look-up that hangs, and miss the deadline.
        return self._loop.run_until_complete(asyncio.wait_for(self._send(chat_id, text, seconds), seconds))

    async def _send(self, chat_id: str, text: str, seconds: float) -> int:
        from telegram import LinkPreviewOptions

        message = await self._bot.send_message(
            chat_id,
            text,
            # A preview would make Telegram's servers request the target.
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            read_timeout=seconds,
            write_timeout=seconds,
            connect_timeout=seconds,
            pool_timeout=seconds,
        )
        return message.message_id

    def close(self) -> None:
        """Close its TCP connection. A send that still hangs in it is abandoned."""
        try:
            self._loop.run_until_complete(self._bot.request.shutdown())
        finally:
            self._loop.close()


# The ids of groups that became supergroups, by address and old id.
new_chats: dict[tuple[str, str], str] = {}
# By token and address. Taken by pop and returned by append, each of which only one thread can do at a time.
_idle_connections: dict[tuple[str, str], list[_Connection]] = {}


@functools.cache
def _tls() -> ssl.SSLContext:
    # Read once: httpx would read the CA bundle again for every Bot, 40 ms of CPU each time.
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


@functools.cache
def _silence_libraries() -> None:
    # httpx logs every URL, and the token is part of it; the exceptions tell us all that matters.
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
