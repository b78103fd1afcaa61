"""Telegram, as the doctor asks it about the bot and the chat."""

import json
from typing import Any

from tests.support.stand_ins import BotApi, Exchange


class Bots(BotApi):
    """Telegram. ``says`` has what it responds when the doctor asks about the bot and the chat."""

    def __init__(self) -> None:
        super().__init__()
        self.says: dict[str, Any] = {"getMe": {"username": "beacon_bot"}, "getChat": {"id": 4242}}

    def answer(self, exchange: Exchange) -> None:
        method = exchange.path.rpartition("/")[2]
        if method not in self.says:
            super().answer(exchange)
            return
        said = self.says[method]
        if isinstance(said, str):
            body = {"ok": False, "error_code": 400, "description": said}
            exchange.answer(400, json.dumps(body), "application/json")
        else:
            exchange.answer(200, json.dumps({"ok": True, "result": said}), "application/json")
