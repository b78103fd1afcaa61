"""Telegram, through a bot."""

import re
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from shared.models.channel import USUAL, Pace
from shared.models.message import Message
from shared.models.notification import NotificationKind
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed
from shared.notifiers.services.telegram.bot import answer_of, bot_of, common
from shared.notifiers.services.telegram.content import buttons_of, words_of
from shared.notifiers.services.telegram.own_words import new_chat
from shared.settings import proxies
from shared.settings.parsers import without_slash

if TYPE_CHECKING:
    from telegram import Bot
    from telegram import Message as Written


# Makes a call of the bot, to this chat, within these seconds.
_Call = Callable[["Bot", str, float], Coroutine[Any, Any, "Written | bool"]]


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


def _topic(value: Any) -> int | None:
    # The general topic of a group has no number that Telegram would take.
    return int(value) or None if isinstance(value, str) or type(value) is int else value


class TelegramNotifier(NotifierKind):
    """Sends with python-telegram-bot's ``Bot``. Only Bonghwa makes markup and links in a message."""

    edits: ClassVar[bool] = True

    bot_token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        description="the bot's token, like 123456:ABC-DEF, as BotFather gave it"
    )
    chat_id: Annotated[str, BeforeValidator(_chat)] = Field(
        description="the chat's number or @channelname, or a list of them"
    )
    topic_id: Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_topic)] = Field(
        None, description="the number of a topic in the group"
    )
    silent_recovery: bool = Field(False, description="true or false")
    protect_content: bool = Field(False, description="true or false")
    api_url: Annotated[str, AfterValidator(without_slash)] = Field(
        "https://api.telegram.org", description="the http:// or https:// root of a Bot API server"
    )

    @classmethod
    def places(cls, settings: Mapping[str, object]) -> list[Mapping[str, object]]:
        """See NotifierKind.places. Each chat is one: if one refuses a message, the others have it all the same."""
        chats = settings.get("chat_id")
        if isinstance(chats, str):
            chats = [chat.strip() for chat in chats.split(",") if chat.strip()]
        if not isinstance(chats, list) or not chats:
            return [settings]
        return [{**settings, "chat_id": chat} for chat in dict.fromkeys(map(_hashable, chats))]

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        is_recovery = message.notification is not None and message.notification.kind is NotificationKind.RECOVERY
        words = words_of(message)
        options: dict[str, Any] = {
            **({"parse_mode": words.parse_mode} if words.parse_mode else {}),
            # Telegram refuses a topic that is empty.
            **({"message_thread_id": self.topic_id} if self.topic_id else {}),
            **({"disable_notification": True} if self.silent_recovery and is_recovery else {}),
            **({"protect_content": True} if self.protect_content else {}),
        }

        def call(bot: "Bot", chat: str, seconds: float) -> "Coroutine[Any, Any, Written]":
            return bot.send_message(chat, words.text, reply_markup=buttons_of(message), **common(seconds), **options)

        chat, number = self._attempt(call, timeout_seconds)
        # A number alone would name another message in the chat that another setting gives the channel.
        return Accepted(f"message {number}{self._moved()}", f"{chat.casefold()}/{number}")

    def update(self, message: Message, message_id: str, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.update. Earlier versions kept the message's number without its chat."""
        gives_up_at, words = time.monotonic() + timeout_seconds, words_of(message)
        own_chat, _, number = message_id.rpartition("/")
        if own_chat and not self._writes_to(own_chat, timeout_seconds):
            raise SendFailed(f"message {number} is in {own_chat}, which is not the channel's chat", is_permanent=True)

        def call(bot: "Bot", chat: str, seconds: float) -> "Coroutine[Any, Any, Written | bool]":
            options = {"parse_mode": words.parse_mode, "reply_markup": buttons_of(message), **common(seconds)}
            return bot.edit_message_text(words.text, chat, int(number), **options)

        try:
            self._attempt(call, gives_up_at - time.monotonic())
        except SendFailed as failure:
            if "message is not modified" in str(failure).lower():
                return Accepted(f"message {number} is like that already")
            raise
        return Accepted(f"message {number} edited")

    def _attempt(self, call: _Call, timeout_seconds: float) -> tuple[str, int]:
        """The chat and the number of the message that a call wrote within so many seconds in all. Raises SendFailed."""
        gives_up_at = time.monotonic() + timeout_seconds
        # Imported here, because it takes 100 ms and only a send needs it.
        from telegram import error

        try:
            return self._call_where_it_is(call, gives_up_at)
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

    @property
    def pace(self) -> Pace:  # type: ignore[override]  # of each chat, not of the kind
        """See NotifierKind.pace. A bot may send 20 messages a minute to a group; a person's number has no sign."""
        # Telegram counts what arrives, and the network may move two messages closer together by a second or two.
        return USUAL if self.chat_id.isdecimal() else Pace(20, 62.0)

    @property
    def _group(self) -> tuple[str, str]:
        return self.api_url, self.chat_id

    @property
    def chats(self) -> frozenset[str]:
        """The ids by which Telegram may name the chat: the configured one, and that of a group that moved.

        In small letters, since @Ops and @ops are one chat.
        """
        return frozenset({self.chat_id.casefold(), new_chats.get(self._group, self.chat_id).casefold()})

    @property
    def is_group(self) -> bool:
        """Whether the chat is a group that can become a supergroup; the number of one has 13 digits."""
        return re.fullmatch(r"-\d{1,12}", self.chat_id) is not None

    def look_for_move(self, timeout_seconds: float) -> bool:
        """Ask Telegram whether the group became a supergroup, which this process may not know before it sends there.

        Raises:
            requests.RequestException: there was no answer. Its text holds the token.
        """
        from shared.notifiers.services.telegram.probing import ask

        # Only what needs to write there is sent away, and this leaves no message.
        said = ask(self, "sendChatAction", timeout_seconds, chat_id=self.chat_id, action="typing")
        if (new := new_chat(said)) is not None:
            new_chats[self._group] = str(new)
        return new is not None

    def _writes_to(self, chat: str, timeout_seconds: float) -> bool:
        """Whether a chat is the channel's. Another process may know alone that the group has moved there."""
        if chat in self.chats or not self.is_group or len(self.chats) > 1:
            return chat in self.chats
        # Imported here: hardly any edit needs it.
        import requests

        try:
            self.look_for_move(timeout_seconds)
        except requests.RequestException:
            # Its text holds the token.
            raise SendFailed("Telegram did not say whether the group has moved") from None
        return chat in self.chats

    def _moved(self) -> str:
        """The log's words about a group that became a supergroup, and has another id."""
        new = new_chats.get(self._group)
        return f"; the group moved: {self.setting('chat_id')} has to be {new}" if new else ""

    def _call_where_it_is(self, call: _Call, gives_up_at: float) -> tuple[str, int]:
        from telegram import error

        bot = bot_of(self.bot_token.get_secret_value(), f"{self.api_url}/bot")

        def written(chat: str) -> tuple[str, int]:
            message: Any = answer_of(call(bot, chat, max(0.0, gives_up_at - time.monotonic())))
            return chat, int(message.message_id)

        try:
            return written(new_chats.get(self._group, self.chat_id))
        except error.ChatMigrated as moved:
            # Telegram says so at every send to the old id, so that a new process need not know.
            new = new_chats[self._group] = str(moved.new_chat_id)
            return written(new)

    def refuse_unusable_proxy(self) -> None:
        """See NotifierKind.refuse_unusable_proxy."""
        proxies.http_proxy_of(self.api_url)

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """Ask who the bot is, and whether it can see the chat."""
        from shared.notifiers.services.telegram.probing import probe

        return probe(self, timeout_seconds)

    def _without_token(self, text: str) -> str:
        return text.replace(self.bot_token.get_secret_value(), "(hidden)")[:300]


def _hashable(chat: object) -> object:
    return chat if isinstance(chat, str | int) else str(chat)


# The ids of groups that became supergroups, by address and old id.
new_chats: dict[tuple[str, str], str] = {}
