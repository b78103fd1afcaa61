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
from tests.support.stand_ins.telegram_html import GAP, CannotParse, shown

# Telegram's limit for one message, in UTF-16 units.
MAX_TEXT = 4096
# The methods whose calls meet a behaviour.
WRITES = ("sendMessage", "editMessageText")


@dataclass
class Message:
    """A call of sendMessage or editMessageText. ``is_accepted``: it was taken, whatever the response.

    ``text``: as people read it, without markup and what nobody sees. ``fields`` has all as it arrived.
    """

    received_at: datetime
    token: str
    chat_id: str
    text: str
    fields: dict[str, str]
    is_accepted: bool = False
    method: str = "sendMessage"

    @property
    def trouble(self) -> str:
        """Why Telegram would not take its text; empty if it would."""
        try:
            text = shown(self.fields.get("text", ""), self.fields.get("parse_mode"))
        except CannotParse as error:
            return f"Bad Request: can't parse entities: {error}"
        if not text.strip():
            return "Bad Request: message text is empty"
        # Telegram counts after it has read the markup, and a gap counts too.
        return "Bad Request: message is too long" if len(text.encode("utf-16-le")) // 2 > MAX_TEXT else ""

    @property
    def buttons(self) -> list[dict[str, str]]:
        """The buttons below it, row by row."""
        keyboard = json.loads(self.fields.get("reply_markup", "{}")).get("inline_keyboard", [])
        return [button for row in keyboard for button in row]


class Call:
    """One call of sendMessage or editMessageText, which a behaviour responds to."""

    def __init__(self, api: "BotApi", exchange: Exchange, message: Message) -> None:
        self._api = api
        self.exchange = exchange
        self.message = message

    def accept(self) -> str:
        """Take the message; the body of the response that says so."""
        return self._api.accept(self.message)

    def refuse(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        """Respond that the message was not taken."""
        self._api.refuse(self.exchange, code, description, parameters)


Behaviour = Callable[[Call], None]


def accepts(call: Call) -> None:
    """Accept every message, and every edit, that Telegram would accept on a good day."""
    message = call.message
    if message.trouble:
        call.refuse(400, message.trouble)
    elif any(len(button.get("callback_data", "").encode()) > 64 for button in message.buttons):
        call.refuse(400, "Bad Request: BUTTON_DATA_INVALID")
    elif message.method == "editMessageText" and (trouble := call._api.trouble_with_edit(message)):
        call.refuse(400, trouble)
    else:
        call.exchange.answer(200, call.accept(), "application/json")


class BotApi(StandIn):
    """Telegram's Bot API. Each message meets the next queued behaviour, or ``behaviour`` if none is queued.

    Edits come beside messages: they have a list and a queue of their own, and otherwise meet ``edit_behaviour``.
    ``moved_to``: the supergroup that the group has become. ``updates``: what getUpdates still has. ``webhook``: what
    setWebhook was called with, if one is set.
    """

    token = "123456:AAstandIn-for_a-bots-token"
    chat_id = "4242"

    def __init__(self) -> None:
        super().__init__()
        self.behaviour: Behaviour = accepts
        self.edit_behaviour: Behaviour = accepts
        self.calls: list[Message] = []
        self.edits: list[Message] = []
        self.moved_to: int | None = None
        self.updates: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}
        self.others: list[tuple[str, dict[str, Any]]] = []
        # The view of each chat: the text and the buttons of each message, by chat and message id.
        self.shown: dict[tuple[str, int], tuple[str, list[dict[str, str]]]] = {}
        self._queue: deque[Behaviour] = deque()
        self._edit_queue: deque[Behaviour] = deque()
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
        """The accepted texts, in the order of their acceptance. An edit is none."""
        with self._lock:
            return list(self._accepted)

    def queue(self, *behaviours: Behaviour) -> None:
        """Let the next messages meet these behaviours, one each."""
        with self._lock:
            self._queue.extend(behaviours)

    def queue_for_edits(self, *behaviours: Behaviour) -> None:
        """Let the next edits meet these behaviours, one each."""
        with self._lock:
            self._edit_queue.extend(behaviours)

    def accept(self, message: Message) -> str:
        """See Call.accept."""
        with self._lock:
            message.is_accepted = True
            if message.method == "sendMessage":
                self._accepted.append(message.text)
                number = len(self._accepted)
            else:
                number = int(message.fields["message_id"])
            self.shown[message.chat_id, number] = message.text, message.buttons
        chat: dict[str, Any] = {"id": int(self.chat_id), "type": "private"}
        result = {"message_id": number, "date": int(time.time()), "chat": chat, "text": message.text}
        return json.dumps({"ok": True, "result": result})

    def trouble_with_edit(self, message: Message) -> str:
        """Why Telegram would not take an edit; empty if it would."""
        shown = self.shown.get((message.chat_id, int(message.fields["message_id"])))
        if shown is None:
            return "Bad Request: message to edit not found"
        if shown == (message.text, message.buttons):
            return (
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message"
            )
        return ""

    def refuse(self, exchange: Exchange, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        """Respond with a refusal, as Telegram words it."""
        body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        body |= {"parameters": parameters} if parameters else {}
        exchange.answer(code, json.dumps(body), "application/json")

    def answer(self, exchange: Exchange) -> None:
        bot, _, method = exchange.path.removeprefix("/").partition("/")
        given = _fields(exchange)
        if exchange.method != "POST" or not bot.startswith("bot"):
            self.refuse(exchange, 404, "Not Found")
        elif method in WRITES:
            self._write(exchange, bot.removeprefix("bot"), method, given)
        elif bot.removeprefix("bot") != self.token:
            self.refuse(exchange, 401, "Unauthorized")
        else:
            self._respond(exchange, method, given)

    def _write(self, exchange: Exchange, token: str, method: str, given: dict[str, str]) -> None:
        message = Message(
            received_at=datetime.now(UTC),
            token=token,
            chat_id=given.get("chat_id", ""),
            text=_seen(given.get("text", ""), given.get("parse_mode")),
            fields=given,
            method=method,
        )
        with self._lock:
            if method == "sendMessage":
                self.calls.append(message)
                behaviour = self._queue.popleft() if self._queue else self.behaviour
            else:
                self.edits.append(message)
                behaviour = self._edit_queue.popleft() if self._edit_queue else self.edit_behaviour
        behaviour(Call(self, exchange, message))

    def _respond(self, exchange: Exchange, method: str, given: dict[str, str]) -> None:
        with self._lock:
            self.others.append((method, given))
        if method == "getUpdates" and self.webhook.get("url"):
            words = (
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first"
            )
            self.refuse(exchange, 409, words)
            return
        if method == "sendChatAction" and self.moved_to is not None:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            self.refuse(exchange, 400, words, {"migrate_to_chat_id": self.moved_to})
            return
        result: Any = True
        if method == "getUpdates":
            result = self._take_updates(given)
        elif method == "getMe":
            result = {"id": 123456, "is_bot": True, "first_name": "Stand-in", "username": "stand_in_bot"}
        elif method == "getChat":
            result = {"id": int(self.chat_id), "type": "private", "first_name": "Kim"}
        elif method in ("setWebhook", "deleteWebhook"):
            self.webhook = {} if method == "deleteWebhook" else dict(given)
        elif method == "getWebhookInfo":
            waiting = {"pending_update_count": len(self.updates), "has_custom_certificate": False}
            result = {"url": self.webhook.get("url", ""), **waiting}
        exchange.answer(200, json.dumps({"ok": True, "result": result}), "application/json")

    def _take_updates(self, given: dict[str, str]) -> list[dict[str, Any]]:
        """The updates that were not confirmed yet: an offset confirms all before it."""
        offset = int(given.get("offset", 0))
        # Each call waits for a while, as long polling does, so that a poller does not spin.
        gives_up_at = time.monotonic() + min(float(given.get("timeout", 0)), 0.2)
        while True:
            with self._lock:
                self.updates = [update for update in self.updates if update["update_id"] >= offset]
                if self.updates or time.monotonic() >= gives_up_at:
                    return list(self.updates)
            time.sleep(0.02)


def _fields(exchange: Exchange) -> dict[str, str]:
    if "json" in (exchange.headers.get("Content-Type") or ""):
        found = json.loads(exchange.body or b"{}")
        return {
            name: value
            if isinstance(value, str)
            else json.dumps(value)
            if isinstance(value, list | dict)
            else str(value)
            for name, value in found.items()
        }
    return {name: values[0] for name, values in parse_qs(exchange.body.decode(), keep_blank_values=True).items()}


def _seen(text: str, parse_mode: str | None) -> str:
    try:
        return shown(text, parse_mode).replace(GAP, "")
    except CannotParse:
        return text
