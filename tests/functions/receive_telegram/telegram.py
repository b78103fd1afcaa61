"""A chat in Telegram: what it shows, and the updates that Telegram sends when people act in it."""

import itertools
from typing import Any

from werkzeug.test import TestResponse

from tests.functions.api import Api
from tests.support.stand_ins import BotApi

SECRET = "the-secret_of-our-webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
KIM = {"id": 42, "is_bot": False, "first_name": "Kim", "last_name": "Minsu", "username": "kim"}
LEE = {"id": 43, "is_bot": False, "first_name": "Lee"}


class Telegram:
    """The chat of the configured channel."""

    def __init__(self, api: Api, bot_api: BotApi) -> None:
        self.api, self.bot_api = api, bot_api
        self._numbers = itertools.count(1)

    def deliver(self) -> None:
        """One run of deliveries."""
        response = self.api.call("POST", "/deliver_notifications")
        assert response.status_code == 200, response.text

    def shown(self, message_id: int = 1) -> tuple[str, list[str]]:
        """The text of a message, and the data of its buttons."""
        text, buttons = self.bot_api.shown[self.bot_api.chat_id, message_id]
        return text, [button["callback_data"] for button in buttons]

    def press_of(
        self, data: str = "a:1:ack", by: dict[str, Any] | None = None, message_id: int = 1, chat_id: int | None = None
    ) -> dict[str, Any]:
        """The update of a press, as the Bot API documents it."""
        number = next(self._numbers)
        chat = {"id": int(self.bot_api.chat_id) if chat_id is None else chat_id, "type": "private"}
        bot = {"id": 123456, "is_bot": True, "first_name": "Stand-in", "username": "stand_in_bot"}
        message = {"message_id": message_id, "from": bot, "chat": chat, "date": 1736332200, "text": "OUTAGE …"}
        query = {"id": f"43{number:017}", "from": by or KIM, "message": message, "chat_instance": "-1", "data": data}
        return {"update_id": 10_000 + number, "callback_query": query}

    def command_of(self, text: str, by: dict[str, Any] | None = None, chat_id: int | None = None) -> dict[str, Any]:
        """The update of a message in the chat."""
        number = next(self._numbers)
        chat = {"id": int(self.bot_api.chat_id) if chat_id is None else chat_id, "type": "private"}
        message = {"message_id": 500 + number, "from": by or KIM, "chat": chat, "date": 1736332200, "text": text}
        return {"update_id": 10_000 + number, "message": message}

    def send(self, update: Any, secret: str | None = SECRET) -> TestResponse:
        """Telegram posts an update."""
        headers = {} if secret is None else {HEADER: secret}
        return self.api.call("POST", "/telegram", update, key=None, headers=headers)

    def press(self, *what: Any, **more: Any) -> str:
        """Somebody presses a button; what they then read."""
        update = self.press_of(*what, **more)
        response = self.send(update)
        assert response.status_code == 200, response.text
        assert response.json is not None
        assert response.json["method"] == "answerCallbackQuery"
        assert response.json["callback_query_id"] == update["callback_query"]["id"]
        return str(response.json["text"])

    def write(self, text: str, **more: Any) -> str | None:
        """Somebody writes to the bot; what it answers, if it does."""
        update = self.command_of(text, **more)
        response = self.send(update)
        assert response.status_code == 200, response.text
        answer = response.json or {}
        if not answer:
            return None
        assert (answer["method"], answer["chat_id"]) == ("sendMessage", update["message"]["chat"]["id"])
        assert answer["reply_parameters"]["message_id"] == update["message"]["message_id"]
        return str(answer["text"])

    def alert(self, alert_id: int = 1) -> tuple[str, str | None]:
        """The status of an alert, and who acknowledged it."""
        found = self.api.get(f"/alerts/{alert_id}")
        return found["status"], found["acknowledged_by"]

    def windows(self) -> list[tuple[str, list[str], str]]:
        """The windows, newest first."""
        return [(each["kind"], each["monitors"], each["by"]) for each in self.api.get("/windows")["windows"]]
