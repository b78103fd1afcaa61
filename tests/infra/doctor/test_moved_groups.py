"""The doctor and a Telegram group that became a supergroup."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.doctor.channels import ALL, examine_channels
from infra.doctor.findings import Finding, Verdict
from shared.channels import configured
from shared.notifiers.services.telegram import new_chats
from tests.support.stand_ins import BotApi, Exchange, accepts

MOVED = {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat"}
MOVED["parameters"] = {"migrate_to_chat_id": -1001}


class Group(BotApi):
    """Telegram, in which the bot's group became a supergroup; ``says`` has what each method responds."""

    def __init__(self) -> None:
        super().__init__()
        self.says: dict[str, dict[str, Any]] = {
            "getMe": {"ok": True, "result": {"username": "beacon_bot"}},
            "getChat": {"ok": True, "result": {"id": -42}},
        }

    def answer(self, exchange: Exchange) -> None:
        said = self.says.get(exchange.path.rpartition("/")[2])
        if said is None:
            super().answer(exchange)
        else:
            exchange.answer(200 if said["ok"] else 400, json.dumps(said), "application/json")


@pytest.fixture
def group() -> Iterator[Group]:
    new_chats.clear()
    with Group() as listening:
        yield listening


def found(group: Group, *, tested: str | None = None) -> list[Finding]:
    channels = configured(group.environ | {"TELEGRAM_CHAT_ID": "-42"})
    return [finding for finding in examine_channels(channels, "en", tested=tested) if "group" in finding.found]


@pytest.mark.parametrize("method", ["getChat", "sendChatAction"])
def test_a_group_that_moved_is_found(group: Group, method: str) -> None:
    group.says[method] = MOVED
    [moved] = found(group)
    assert (moved.verdict, moved.fix) == (Verdict.WARNING, "TELEGRAM_CHAT_ID=-1001")
    assert "the group -42 moved to -1001" in moved.found


def test_a_test_message_says_where_the_group_is(group: Group) -> None:
    def behaviour(call: Any) -> None:
        if call.message.chat_id == "-1001":
            accepts(call)
        else:
            call.refuse(400, MOVED["description"], MOVED["parameters"])

    group.behaviour = behaviour
    [tested] = found(group, tested=ALL)
    assert (
        "telegram accepted a test message: message 1; the group moved: TELEGRAM_CHAT_ID has to be -1001" in tested.found
    )
