"""Telegram's Bot API on this machine."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from tests.support.stand_ins.server import Exchange, StandIn

# Telegram's limit for one message, in UTF-16 units.
MAX_TEXT = 4096


@dataclass
class Message:
    """One call of sendMessage, as it arrived. ``is_accepted``: Telegram took it, whatever it responded."""

    received_at: datetime
    token: str
    chat_id: str
    text: str
    fields: dict[str, str]
    is_accepted: bool = False


class Call:
    """One call of sendMessage, which a behaviour responds to."""

    def __init__(self, api: "BotApi", exchange: Exchange, message: Message) -> None:
        self._api = api
        self.exchange = exchange
        self.message = message

    def accept(self) -> str:
        """Take the message; the body of the response that says so."""
        return self._api.accept(self.message)

    def refuse(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        """Respond that the message was not taken."""
        body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        body |= {"parameters": parameters} if parameters else {}
        self.exchange.answer(code, json.dumps(body), "application/json")


Behaviour = Callable[[Call], None]


def accepts(call: Call) -> None:
    """Accept every message that Telegram would accept on a good day."""
    length = len(call.message.text.encode("utf-16-le")) // 2
    if not call.message.text.strip():
        call.refuse(400, "Bad Request: message text is empty")
    elif length > MAX_TEXT:
        call.refuse(400, "Bad Request: message is too long")
    else:
        call.exchange.answer(200, call.accept(), "application/json")


class BotApi(StandIn):
    """Telegram's Bot API. Each call meets the next queued behaviour, or ``behaviour`` if none is queued."""

    token = "123456:AAstandIn-for_a-bots-token"
    chat_id = "4242"

    def __init__(self) -> None:
        super().__init__()
        self.behaviour: Behaviour = accepts
        self.calls: list[Message] = []
        self._queue: deque[Behaviour] = deque()
        self._accepted: list[str] = []
        self._lock = threading.Lock()

    @property
    def environ(self) -> dict[str, str]:
        """The settings that make the telegram channel send here."""
        return {
            "TELEGRAM_BOT_TOKEN": self.token,
            "TELEGRAM_CHAT_ID": self.chat_id,
            "TELEGRAM_API_URL": self.url,
        }

    @property
    def messages(self) -> list[str]:
        """The accepted texts, in the order of their acceptance."""
        with self._lock:
            return list(self._accepted)

    def queue(self, *behaviours: Behaviour) -> None:
        """Let the next calls meet these behaviours, one each."""
        with self._lock:
            self._queue.extend(behaviours)

    def accept(self, message: Message) -> str:
        """See Call.accept."""
        with self._lock:
            message.is_accepted = True
            self._accepted.append(message.text)
            number = len(self._accepted)
        chat: dict[str, Any] = {"id": int(self.chat_id), "type": "private"}
        result = {"message_id": number, "date": int(time.time()), "chat": chat, "text": message.text}
        return json.dumps({"ok": True, "result": result})

    def answer(self, exchange: Exchange) -> None:
        bot, _, method = exchange.path.removeprefix("/").partition("/")
        if exchange.method != "POST" or not bot.startswith("bot") or method != "sendMessage":
            body = {"ok": False, "error_code": 404, "description": "Not Found"}
            exchange.answer(404, json.dumps(body), "application/json")
            return
        given = _fields(exchange)
        message = Message(
            received_at=datetime.now(UTC),
            token=bot.removeprefix("bot"),
            chat_id=given.get("chat_id", ""),
            text=given.get("text", ""),
            fields=given,
        )
        with self._lock:
            self.calls.append(message)
            behaviour = self._queue.popleft() if self._queue else self.behaviour
        behaviour(Call(self, exchange, message))


def _fields(exchange: Exchange) -> dict[str, str]:
    if "json" in (exchange.headers.get("Content-Type") or ""):
        return {name: str(value) for name, value in json.loads(exchange.body).items()}
    return {name: values[0] for name, values in parse_qs(exchange.body.decode(), keep_blank_values=True).items()}
