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
    def api_url(self) -> str:
        """The root of the Bot API."""

    def setting(self, field: str, /) -> str:
        """See NotifierKind.setting."""


def probe(notifier: Bot, timeout_seconds: float) -> ProbeResult:
    """See NotifierKind.probe."""
    import requests

    chat_id, api_url, setting = notifier.chat_id, notifier.api_url, notifier.setting
    try:
        bot = ask(notifier, "getMe", timeout_seconds)
        if not bot.get("ok"):
            fix = f"{setting('bot_token')}=… as BotFather's /token gives it"
            return ProbeResult("failure", _refused("the token", bot), "a bot's token", fix)
        chat = ask(notifier, "getChat", timeout_seconds, chat_id=chat_id)
        # getChat still knows the old id of a group that moved; only what needs to write there is sent away.
        typing = ask(notifier, "sendChatAction", timeout_seconds, chat_id=chat_id, action="typing")
    except requests.RequestException as error:
        # The error's text stays out: it holds the URL, and so the token.
        found, expected = f"Telegram is not reached: {type(error).__name__}", f"an answer from {api_url}"
        return ProbeResult("failure", found, expected, f"curl -sS {api_url} shows why")
    result = bot.get("result")
    name = result.get("username", "?") if isinstance(result, dict) else "?"
    for response in (chat, typing):
        if (new := new_chat(response)) is not None:
            fix = f"{setting('chat_id')}={new}"
            return ProbeResult("warning", f"the group {chat_id} moved to {new}", "the group's new id", fix)
    if not chat.get("ok"):
        fix = f"{setting('chat_id')}=…, and let somebody there write to @{name} or add it"
        return ProbeResult("failure", _refused("the chat", chat), f"a chat that @{name} is in", fix)
    return ProbeResult("ok", f"@{name} may write to the chat {chat_id}")


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


def _refused(what: str, response: Mapping[str, Any]) -> str:
    return f"Telegram refuses {what}: {response.get('description', '?')}"
