"""Telegram: topics, silence, buttons, messages that are edited, and several chats."""

import json

import pytest

from shared.channels import configured
from shared.models import AlertStatus
from shared.models.message import Fact, Link
from shared.notifiers import NotifierKind, SendFailed
from shared.notifiers.services.telegram import TelegramNotifier, new_chats
from shared.settings import SettingError
from tests.shared.notifiers.messages import LINKS, listed, message
from tests.support.stand_ins import Behaviour, BotApi, asks_to_wait, bad_gateway, hangs, refuses

TOKEN = "123456:ABC-DEF_ghi"
TELEGRAM = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100123"}


@pytest.fixture
def telegram(bot_api: BotApi) -> NotifierKind:
    return configured(TELEGRAM | {"TELEGRAM_API_URL": bot_api.url})["telegram"]


# --- options, buttons and edits ---------------------------------------------------------------------------------------


def telegram_of(bot_api: BotApi, **settings: str) -> TelegramNotifier:
    found = configured(TELEGRAM | {"TELEGRAM_API_URL": bot_api.url} | settings)["telegram"]
    assert isinstance(found, TelegramNotifier)
    return found


@pytest.mark.slow
def test_a_message_goes_into_the_topic(bot_api: BotApi) -> None:
    telegram_of(bot_api, TELEGRAM_TOPIC_ID="7").send(message(), timeout_seconds=5)
    telegram_of(bot_api, TELEGRAM_TOPIC_ID="0").send(message(), timeout_seconds=5)
    telegram_of(bot_api).send(message(), timeout_seconds=5)
    assert [call.fields.get("message_thread_id") for call in bot_api.calls] == ["7", None, None]


def test_only_a_recovery_may_come_silently(bot_api: BotApi) -> None:
    channel = telegram_of(bot_api, TELEGRAM_SILENT_RECOVERY="true")
    for kind in ("OUTAGE", "RECOVERY", "REMINDER"):
        channel.send(message(kind), timeout_seconds=5)
    telegram_of(bot_api).send(message("RECOVERY"), timeout_seconds=5)
    assert [call.fields.get("disable_notification") for call in bot_api.calls] == [None, "true", None, None]


def test_a_message_may_be_kept_from_being_forwarded(bot_api: BotApi) -> None:
    ops = {"kind": "telegram", "bot_token": TOKEN, "chat_id": 1, "api_url": bot_api.url, "protect_content": True}
    configured({"CHANNELS": json.dumps({"ops": ops})})["ops"].send(message(), timeout_seconds=5)
    assert bot_api.calls[0].fields["protect_content"] == "true"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"TELEGRAM_TOPIC_ID": "general"}, "TELEGRAM_TOPIC_ID is 'general': expected the number of a topic"),
        ({"TELEGRAM_TOPIC_ID": "-1"}, "TELEGRAM_TOPIC_ID is '-1': expected the number of a topic"),
        ({"TELEGRAM_SILENT_RECOVERY": "quiet"}, "TELEGRAM_SILENT_RECOVERY is 'quiet': expected true or false"),
    ],
)
def test_a_malformed_option_is_named(given: dict[str, str], expected: str) -> None:
    with pytest.raises(SettingError, match=expected):
        configured(TELEGRAM | given)


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that hears when a button is pressed."""
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "a-secret")


@pytest.mark.usefixtures("pressed")
def test_a_message_has_a_button_for_each_thing_to_do(bot_api: BotApi, telegram: NotifierKind) -> None:
    for each in (message(), message(status=AlertStatus.ACK), message("RECOVERY"), message(language="ko"), listed(3)):
        telegram.send(each, timeout_seconds=5)
    assert [[(b["text"], b["callback_data"]) for b in call.buttons] for call in bot_api.calls] == [
        [("Acknowledge", "a:7:ack"), ("Silence 1 h", "a:7:silence")],
        [("Silence 1 h", "a:7:silence")],
        [],
        [("확인", "a:7:ack"), ("1시간 무음", "a:7:silence")],
        [],
    ]


@pytest.mark.usefixtures("pressed")
@pytest.mark.parametrize(("root", "is_there"), [("https://b.example", True), ("http://127.0.0.1:5000", False)])
def test_a_page_that_telegram_can_lead_to_has_a_button(
    bot_api: BotApi, telegram: NotifierKind, root: str, is_there: bool
) -> None:
    url = f"{root}/dashboard/alerts/7"
    telegram.send(message(links=(Link("open", "Open", url),)), timeout_seconds=5)
    assert ({"text": "Open", "url": url} in bot_api.calls[0].buttons) is is_there


def test_there_are_no_buttons_that_nobody_hears(bot_api: BotApi, telegram: NotifierKind) -> None:
    telegram.send(message(links=LINKS), timeout_seconds=5)
    assert bot_api.calls[0].buttons == []
    assert "reply_markup" not in bot_api.calls[0].fields


@pytest.mark.usefixtures("pressed")
def test_a_message_is_edited_in_place(bot_api: BotApi, telegram: NotifierKind) -> None:
    sent = telegram.send(message(), timeout_seconds=5)
    assert sent.message_id == "-100123/1"
    facts = (Fact("Now", "«kim» has it"),)
    changed = message(status=AlertStatus.ACK)._replace(title="OUTAGE Shop", facts=facts, actions=())
    assert telegram.update(changed, sent.message_id, timeout_seconds=5).answer == "message 1 edited"
    assert bot_api.shown["-100123", 1] == ("OUTAGE Shop\nNow: «kim» has it\n#17", [])
    assert len(bot_api.messages) == 1
    edit = bot_api.edits[0]
    assert (edit.method, edit.chat_id, edit.fields["message_id"]) == ("editMessageText", "-100123", "1")
    assert json.loads(edit.fields["link_preview_options"]) == {"is_disabled": True}
    again = telegram.update(changed, "1", timeout_seconds=5)
    assert again.answer == "message 1 is like that already", "not modified is a success"


def test_an_edit_of_another_chats_message_is_given_up(bot_api: BotApi) -> None:
    """Somebody took the first chat of a list away, and the channel has its number in another one."""
    channels = [telegram_of(bot_api, TELEGRAM_CHAT_ID=chats) for chats in ("@First,-100123", "-100123")]
    sent = channels[0].send(message(), timeout_seconds=5)
    assert sent.message_id == "@first/1"
    channels[1].send(message(), timeout_seconds=5)
    with pytest.raises(SendFailed, match="message 1 is in @first, which is not the channel's chat") as raised:
        channels[1].update(message(), sent.message_id, timeout_seconds=5)
    assert raised.value.is_permanent
    assert bot_api.edits == []


def test_a_process_that_does_not_know_of_a_move_edits_in_the_new_chat(bot_api: BotApi) -> None:
    new_chats.clear()
    sender, other = (telegram_of(bot_api, TELEGRAM_BOT_TOKEN=bot_api.token, TELEGRAM_CHAT_ID="-42") for _ in range(2))
    bot_api.moved_to = -1001
    new_chats[bot_api.url, "-42"] = "-1001"
    sent = sender.send(message(), timeout_seconds=5)
    assert sent.message_id == "-1001/1"
    new_chats.clear()
    other.update(message(status=AlertStatus.ACK), sent.message_id, timeout_seconds=5)
    assert [(edit.chat_id, edit.fields["message_id"]) for edit in bot_api.edits] == [("-1001", "1")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "is_permanent", "reason"),
    [
        (refuses(400, "Bad Request: message to edit not found"), True, "Message to edit not found"),
        (refuses(400, "Bad Request: message can't be edited"), True, "can't be edited"),
        (asks_to_wait(17), False, "asked to wait 17 s"),
        (bad_gateway, False, "Bad Gateway"),
        (hangs, False, "no answer within 0.5 s"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_failed_edit_says_whether_trying_again_can_help(
    bot_api: BotApi, telegram: NotifierKind, behaviour: Behaviour, is_permanent: bool, reason: str
) -> None:
    telegram.send(message(), timeout_seconds=10)
    bot_api.queue_for_edits(behaviour)
    with pytest.raises(SendFailed, match=reason) as raised:
        telegram.update(message(), "1", timeout_seconds=0.5)
    assert raised.value.is_permanent is is_permanent


# --- several chats ----------------------------------------------------------------------------------------------------


def test_each_chat_of_a_list_is_a_channel_of_its_own(bot_api: BotApi) -> None:
    ops = {"kind": "telegram", "bot_token": TOKEN, "chat_id": [1, "@night", -100123, 1], "api_url": bot_api.url}
    found = configured({"CHANNELS": json.dumps({"ops": ops})})
    assert list(found) == ["console", "ops", "ops#2", "ops#3"]
    for name in ("ops", "ops#2", "ops#3"):
        found[name].send(message(), timeout_seconds=5)
    assert [call.chat_id for call in bot_api.calls] == ["1", "@night", "-100123"]
    variables = TELEGRAM | {"TELEGRAM_CHAT_ID": "1, 2"}
    assert list(configured(variables)) == ["console", "telegram", "telegram#2"]


@pytest.mark.parametrize(
    ("chats", "expected"),
    [
        ([], r"CHANNELS.ops.chat_id is '\[\]': expected the chat's number"),
        ([1, "x y"], "CHANNELS.ops.chat_id is 'x y': expected the chat's number"),
        ([1, [2]], "CHANNELS.ops.chat_id is .*: expected the chat's number"),
        ([1, "12:se/cret"], r"CHANNELS.ops.chat_id is '\(hidden\)': expected"),
    ],
)
def test_a_wrong_chat_of_a_list_is_named(chats: list[object], expected: str) -> None:
    ops = {"kind": "telegram", "bot_token": TOKEN, "chat_id": chats}
    with pytest.raises(SettingError, match=expected):
        configured({"CHANNELS": json.dumps({"ops": ops})})


def test_nobody_can_give_a_name_that_a_list_makes() -> None:
    ops = {"kind": "telegram", "bot_token": TOKEN, "chat_id": 1}
    with pytest.raises(SettingError, match="expected a name that does not end with # and a number"):
        configured({"CHANNELS": json.dumps({"ops#2": ops})})
