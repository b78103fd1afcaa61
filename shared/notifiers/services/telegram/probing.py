"""Ask the Bot API, without python-telegram-bot: what the doctor and `python -m infra telegram` need."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import SecretStr

from shared.notifiers import ProbeResult
from shared.notifiers.services.telegram.own_words import new_chat
from shared.settings import proxies

# The kinds of updates that we read. Telegram keeps everything else to itself.
KINDS_OF_UPDATES = ["message", "channel_post", "callback_query"]


class Bot(Protocol):
    """A bot and the chat that it writes to."""

    @property
    def bot_token(self) -> SecretStr:
        """Its token."""

    @property
    def chat_id(self) -> str:
        """The chat."""

    @property
    def topic_id(self) -> int | None:
        """The topic in the chat, if it writes into one."""

    @property
    def api_url(self) -> str:
        """The root of the Bot API."""

    def setting(self, field: str, /) -> str:
        """See NotifierKind.setting."""


def probe(notifier: Bot, timeout_seconds: float) -> ProbeResult:
    """See NotifierKind.probe."""
    import requests

    chat_id, api_url, setting = notifier.chat_id, notifier.api_url, notifier.setting
    topic = {"message_thread_id": notifier.topic_id} if notifier.topic_id else {}
    try:
        bot = ask(notifier, "getMe", timeout_seconds)
        if not bot.get("ok"):
            fix = f"{setting('bot_token')}=… as BotFather's /token gives it"
            return ProbeResult("failure", _refused("the token", bot), "a bot's token", fix)
        chat = ask(notifier, "getChat", timeout_seconds, chat_id=chat_id)
        # getChat still knows the old id of a group that moved; only what needs to write there is sent away.
        typing = ask(notifier, "sendChatAction", timeout_seconds, chat_id=chat_id, action="typing", **topic)
    except requests.RequestException as error:
        # The error's text stays out: it holds the URL, and so the token.
        found, expected = f"Telegram is not reached: {type(error).__name__}", f"an answer from {api_url}"
        return ProbeResult("failure", found, expected, f"curl -sS {api_url} shows why")
    return _judged(notifier, _part(bot, "username"), chat, typing)


def _judged(notifier: Bot, name: str, chat: Mapping[str, Any], typing: Mapping[str, Any]) -> ProbeResult:
    """Whether the bot ``name`` may write, by what Telegram says of the chat and when the bot begins to type there."""
    chat_id, setting = notifier.chat_id, notifier.setting
    for response in (chat, typing):
        if (new := new_chat(response)) is not None:
            fix = f"{setting('chat_id')}={new}"
            return ProbeResult("warning", f"the group {chat_id} moved to {new}", "the group's new id", fix)
    if not chat.get("ok"):
        fix = f"{setting('chat_id')}=…, and let somebody there write to @{name} or add it"
        return ProbeResult("failure", _refused("the chat", chat), f"a chat that @{name} is in", fix)
    if typing.get("ok"):
        return ProbeResult("ok", f"@{name} may write to the chat {chat_id}")
    if _part(chat, "type") == "channel":
        # Telegram documents no typing in a channel, so that a refusal says nothing.
        found = f"@{name} knows the channel {chat_id}; whether it may post there only a test message shows"
        return ProbeResult("ok", found)
    is_topic = "thread" in str(typing.get("description")).lower()
    fix = f"{setting('topic_id')}=…" if is_topic else f"let @{name} write in the chat {chat_id}"
    return ProbeResult("failure", _refused("to write", typing), f"a chat that @{name} may write to", fix)


def ask(notifier: Bot, method: str, timeout_seconds: float, **fields: Any) -> dict[str, Any]:
    """The Bot API's answer; ``description`` says what it said instead if that is no JSON.

    Raises:
        requests.RequestException: there was no answer. Its text holds the token.
    """
    return call(notifier.bot_token.get_secret_value(), notifier.api_url, method, timeout_seconds, **fields)


def call(token: str, api_url: str, method: str, timeout_seconds: float, **fields: Any) -> dict[str, Any]:
    """As ``ask``, for a bot that no channel has yet."""
    import requests

    url = f"{api_url}/bot{token}/{method}"
    with requests.Session() as session:
        session.trust_env = False  # see proxies
        options = proxies.requests_options(api_url)
        response = session.post(url, json=fields, timeout=timeout_seconds, allow_redirects=False, **options)
    try:
        found = response.json()
    except requests.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"description": f"HTTP {response.status_code}, and no JSON"}


def _part(response: Mapping[str, Any], name: str) -> str:
    result = response.get("result")
    return str(result.get(name, "?")) if isinstance(result, dict) else "?"


def _refused(what: str, response: Mapping[str, Any]) -> str:
    return f"Telegram refuses {what}: {response.get('description', '?')}"
