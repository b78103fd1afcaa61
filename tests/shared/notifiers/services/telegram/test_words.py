"""Telegram's own words, and those of something on the way."""

import json

import pytest

from shared.channels import configured
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed
from shared.notifiers.services.telegram import new_chats
from tests.support.stand_ins import Behaviour, BotApi, Call, accepts, asks_to_wait, bad_gateway, refuses

TOKEN = "123456:ABC-DEF_ghi"
TELEGRAM = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100123"}


@pytest.fixture
def telegram(bot_api: BotApi) -> NotifierKind:
    new_chats.clear()
    return configured(TELEGRAM | {"TELEGRAM_API_URL": bot_api.url})["telegram"]


def says(status: int, body: str, content_type: str = "text/html") -> Behaviour:
    return lambda call: call.exchange.answer(status, body, content_type)


def refused_by(bot_api: BotApi, telegram: NotifierKind, behaviour: Behaviour) -> SendFailed:
    bot_api.queue(behaviour)
    with pytest.raises(SendFailed) as raised:
        telegram.send(Message.of_text("OUTAGE"), timeout_seconds=5)
    assert TOKEN not in str(raised.value)
    return raised.value


# --- refused by whom --------------------------------------------------------------------------------------------------

HTML = "<html><body><h1>Blocked by policy</h1></body></html>"


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 405, 407, 409, 410, 418, 451, 511, 599])
@pytest.mark.parametrize(
    "body",
    [
        HTML,
        "",
        '{"message": "Forbidden"}',
        '["no"]',
        "null",
        '{"ok": true, "result": {}}',
        '{"ok": "false"}',
        "[" * 9999,
    ],
    ids=["HTML", "nothing", "JSON of a gateway", "array", "null", "ok", "text", "deep"],
)
def test_whatever_a_middlebox_says_is_retried(bot_api: BotApi, telegram: NotifierKind, status: int, body: str) -> None:
    failure = refused_by(bot_api, telegram, says(status, body, "application/json"))
    assert not failure.is_permanent
    assert f"Invalid server response: HTTP {status}" in str(failure)


@pytest.mark.parametrize("body", [HTML, "", "{}", '{"ok": true}', '{"ok": true, "result": [1]}', '{"result": {}}'])
def test_a_success_that_is_not_telegrams_is_retried(bot_api: BotApi, telegram: NotifierKind, body: str) -> None:
    failure = refused_by(bot_api, telegram, says(200, body))
    assert not failure.is_permanent
    assert "Invalid server response" in str(failure)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, {"error_code": 403, "description": "Forbidden: bot was kicked"}, "bot was kicked"),
        (404, {"error_code": 404, "description": "Not Found"}, "Not Found"),
        (401, {}, "HTTP 401 Unauthorized"),
        (200, {"error_code": 400, "description": "Bad Request: chat not found"}, "Chat not found"),
        (403, {"error_code": 403, "description": "no", "parameters": [1]}, "no"),
        (403, {"error_code": 403, "description": ["no"], "parameters": {"retry_after": "x"}}, "no"),
    ],
)
def test_telegrams_own_refusal_is_permanent(
    bot_api: BotApi, telegram: NotifierKind, status: int, body: dict[str, object], reason: str
) -> None:
    failure = refused_by(bot_api, telegram, says(status, json.dumps({"ok": False, **body})))
    assert failure.is_permanent
    assert reason in str(failure)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("17", 17.0), ("1e12", 1e9), ("1" + "0" * 400, 1e9), ("1e999", 1e9), ("-5", 0.0), ("-1e999", 0.0), ("0", 0.0)],
)
def test_any_wait_that_telegram_asks_for_is_understood(
    bot_api: BotApi, telegram: NotifierKind, asked: str, seconds: float
) -> None:
    body = f'{{"ok": false, "error_code": 429, "description": "slow", "parameters": {{"retry_after": {asked}}}}}'
    failure = refused_by(bot_api, telegram, says(429, body))
    assert (failure.is_permanent, failure.retry_after) == (False, seconds)


@pytest.mark.parametrize("asked", ["NaN", '"17"', "null", "true", "[1]", "{}"])
def test_a_wait_that_is_no_number_is_none(bot_api: BotApi, telegram: NotifierKind, asked: str) -> None:
    body = f'{{"ok": false, "error_code": 429, "description": "slow", "parameters": {{"retry_after": {asked}}}}}'
    failure = refused_by(bot_api, telegram, says(429, body))
    assert not failure.is_permanent
    assert failure.retry_after is None


# --- a group that becomes a supergroup --------------------------------------------------------------------------------


def moved_to(chat: int) -> Behaviour:
    return lambda call: call.refuse(
        400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat}
    )


def knows(chats: dict[str, Behaviour]) -> Behaviour:
    """Telegram, which responds by chat."""

    def behaviour(call: Call) -> None:
        chats.get(call.message.chat_id, refuses(400, "Bad Request: chat not found"))(call)

    return behaviour


@pytest.mark.parametrize(
    ("name", "setting"),
    [("telegram", "TELEGRAM_CHAT_ID"), ("ops", "CHANNELS.ops.chat_id")],
    ids=["variable", "JSON"],
)
def test_a_group_that_moved_gets_this_and_later_messages(bot_api: BotApi, name: str, setting: str) -> None:
    ops = {"kind": "telegram", "bot_token": TOKEN, "chat_id": -100123, "api_url": bot_api.url}
    settings = {**TELEGRAM, "TELEGRAM_API_URL": bot_api.url, "CHANNELS": json.dumps({"ops": ops})}
    bot_api.behaviour = knows({"-100123": moved_to(-200), "-200": accepts})
    new_chats.clear()

    def send(text: str) -> str:
        # Configured for each request, as in the functions.
        return configured(settings)[name].send(Message.of_text(text), timeout_seconds=5).answer

    hint = f"; the group moved: {setting} has to be -200"
    assert [send("OUTAGE"), send("RECOVERY")] == [f"message 1{hint}", f"message 2{hint}"]
    assert bot_api.messages == ["OUTAGE", "RECOVERY"]
    assert [call.chat_id for call in bot_api.calls] == ["-100123", "-200", "-200"]


def test_a_group_that_moves_again_is_followed(bot_api: BotApi, telegram: NotifierKind) -> None:
    bot_api.behaviour = knows({"-100123": moved_to(-200), "-200": accepts})
    telegram.send(Message.of_text("first"), timeout_seconds=5)
    bot_api.behaviour = knows({"-100123": moved_to(-200), "-200": moved_to(-300), "-300": accepts})
    assert telegram.send(Message.of_text("second"), timeout_seconds=5).answer.endswith("has to be -300")
    assert bot_api.calls[-1].chat_id == "-300"


def test_groups_that_point_at_each_other_end_a_send(bot_api: BotApi, telegram: NotifierKind) -> None:
    bot_api.behaviour = knows({"-100123": moved_to(-200), "-200": moved_to(-100123)})
    failure = refused_by(bot_api, telegram, bot_api.behaviour)
    assert not failure.is_permanent
    assert len(bot_api.calls) == 2


def test_a_new_chat_that_refuses_is_asked_for_again(bot_api: BotApi, telegram: NotifierKind) -> None:
    bot_api.behaviour = knows({"-100123": moved_to(-200), "-200": refuses(403, "Forbidden: bot is not a member")})
    failure = refused_by(bot_api, telegram, bot_api.behaviour)
    assert failure.is_permanent
    assert "not a member; the group moved: TELEGRAM_CHAT_ID has to be -200" in str(failure)
    bot_api.behaviour = knows({"-100123": moved_to(-201), "-201": accepts})
    assert telegram.send(Message.of_text("x"), timeout_seconds=5).answer.endswith("has to be -201")


@pytest.mark.parametrize("trouble", [bad_gateway, asks_to_wait(2)], ids=["502", "429"])
def test_a_moved_groups_message_is_retried_there(bot_api: BotApi, telegram: NotifierKind, trouble: Behaviour) -> None:
    bot_api.behaviour = knows({"-100123": moved_to(-200), "-200": trouble})
    assert not refused_by(bot_api, telegram, bot_api.behaviour).is_permanent
    bot_api.behaviour = knows({"-200": accepts})
    assert telegram.send(Message.of_text("x"), timeout_seconds=5).answer.startswith("message 1")
