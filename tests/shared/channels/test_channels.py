"""The configured channels: what the two sources make together, what is refused, and two channels of one kind."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.channels import configured, of_json, read
from shared.delivery import deliver_owed
from shared.models import AlertKind, Event, as_text
from shared.notifiers import NotifierKind, kinds
from shared.notifiers.services.sns import SnsNotifier
from shared.notifiers.services.telegram import TelegramNotifier
from shared.settings import SettingError, Settings
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import routes
from tests.support.stand_ins import BotApi, Call, accepts

TOKEN = "123456:ABC-DEF_ghi"
ARN = "arn:aws:sns:eu-west-1:123456789012:alerts"
TELEGRAM = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100123"}
OPS = {"kind": "telegram", "bot_token": TOKEN, "chat_id": -100123}


def json_of(**described: Any) -> dict[str, str]:
    return {"CHANNELS": json.dumps(described)}


# --- the two sources ----------------------------------------------------------------------------------------------


def test_without_settings_only_the_console_is_on() -> None:
    assert list(configured({})) == ["console"]
    assert list(configured({"TELEGRAM_BOT_TOKEN": " ", "TELEGRAM_CHAT_ID": "", "CHANNELS": " "})) == ["console"]


def test_an_optional_variable_alone_switches_nothing_on() -> None:
    assert list(configured({"TELEGRAM_API_URL": "https://bots.example"})) == ["console"]


def test_channels_from_variables_are_named_like_their_kinds() -> None:
    channels = configured({**TELEGRAM, "SNS_TOPIC_ARN": f" {ARN} "})
    assert {name: notifier.kind for name, notifier in channels.items()} == {
        "console": "console",
        "sns": "sns",
        "telegram": "telegram",
    }
    assert isinstance(channels["sns"], SnsNotifier)
    assert channels["sns"].topic_arn == ARN


def test_the_channels_of_json_follow_in_their_order() -> None:
    topic = {"kind": "sns", "topic_arn": ARN}
    environ = {**TELEGRAM, **json_of(ops=OPS, topic=topic, night={**OPS, "chat_id": "@night"}, 밤={"kind": "console"})}
    channels = configured(environ)
    assert list(channels) == ["console", "telegram", "ops", "topic", "night", "밤"]
    assert list(of_json(environ)) == ["ops", "topic", "night", "밤"]
    ops, night = channels["ops"], channels["night"]
    assert isinstance(ops, TelegramNotifier)
    assert isinstance(night, TelegramNotifier)
    assert (ops.chat_id, night.chat_id, night.api_url) == ("-100123", "@night", "https://api.telegram.org")


def test_a_channel_of_json_may_be_named_like_a_kind_that_is_off() -> None:
    assert configured(json_of(telegram=OPS))["telegram"].kind == "telegram"


def test_a_notifier_knows_what_its_settings_are_called() -> None:
    channels = configured({**TELEGRAM, **json_of(ops=OPS)})
    assert channels["telegram"].secrets() == {"TELEGRAM_BOT_TOKEN": TOKEN}
    assert channels["ops"].secrets() == {"CHANNELS.ops.bot_token": TOKEN}


def test_a_changed_setting_takes_effect_at_once() -> None:
    environ = json_of(ops=OPS)
    assert configured(environ)["ops"] is configured(environ)["ops"], "unchanged, it is not built again"
    assert "ops" not in configured({**environ, "CHANNELS": ""})
    changed = configured(json_of(ops={**OPS, "chat_id": 7}))["ops"]
    assert isinstance(changed, TelegramNotifier)
    assert changed.chat_id == "7"


def test_a_caller_cannot_change_what_the_next_one_gets() -> None:
    configured({}).clear()
    assert list(configured({})) == ["console"]


# --- what is refused ----------------------------------------------------------------------------------------------

A_NAME = "a name of 1 to 64 printable characters, without a blank at either end"


@pytest.mark.parametrize(
    ("described", "message"),
    [
        # A setting, named with its channel.
        ({"ops": {**OPS, "chat_id": "x"}}, "CHANNELS.ops.chat_id is 'x': expected the chat's number or @channelname"),
        ({"ops": {**OPS, "chat_id": 1.5}}, "CHANNELS.ops.chat_id is '1.5': expected the chat's number or @channelname"),
        ({"ops": {**OPS, "chat_id": True}}, "CHANNELS.ops.chat_id is 'true': expected the chat's number"),
        ({"ops": {**OPS, "api_url": None}}, "CHANNELS.ops.api_url is 'null': expected the http:// or https:// root of"),
        ({"ops": {"kind": "telegram", "chat_id": 1}}, "CHANNELS.ops.bot_token is not set: expected the bot's token"),
        ({"t": {"kind": "sns", "topic_arn": "t"}}, "CHANNELS.t.topic_arn is 't': expected a topic's ARN, like arn:aws"),
        # An unknown name, with the nearest one.
        (
            {"ops": {"kind": "telegarm"}},
            "CHANNELS.ops.kind is 'telegarm': expected a kind of channel, perhaps telegram",
        ),
        ({"ops": {"kind": "x"}}, f"CHANNELS.ops.kind is 'x': expected a kind of channel: {', '.join(kinds())}"),
        ({"ops": {"kind": ["sns"]}}, """CHANNELS.ops.kind is '["sns"]': expected a kind of channel"""),
        ({"ops": {}}, f"CHANNELS.ops.kind is not set: expected a kind of channel: {', '.join(kinds())}"),
        (
            {"ops": {"kind": "telegram", "bot_token": TOKEN, "chatid": 1}},
            "CHANNELS.ops.chatid is '(hidden)': expected a setting of telegram, perhaps chat_id",
        ),
        (
            {"ops": {**OPS, "what": 1}},
            "CHANNELS.ops.what is '(hidden)': expected a setting of telegram: bot_token, chat_id, ",
        ),
        (
            {"screen": {"kind": "console", "what\n": 1}},
            "CHANNELS.screen.what? is '(hidden)': expected a setting of console: title, text, language, only,",
        ),
        # A name of a channel.
        ({"console": {"kind": "console"}}, "CHANNELS key is 'console': expected another name, since there is such a"),
        ({"": OPS}, f"CHANNELS key is '': expected {A_NAME}"),
        ({" ops": OPS}, f"CHANNELS key is ' ops': expected {A_NAME}"),
        ({"o\nps": OPS}, f"CHANNELS key is 'o\\nps': expected {A_NAME}"),
        ({"o\ud800ps": OPS}, f"CHANNELS key is 'o\\ud800ps': expected {A_NAME}"),
        ({"x" * 65: OPS}, f"CHANNELS key is '{'x' * 65}': expected {A_NAME}"),
        # The whole.
        ({"ops": 7}, "CHANNELS.ops is '(hidden)': expected an object with the channel's kind and settings, or a URL"),
        ({"ops": "telegram"}, "CHANNELS.ops is '(hidden)': expected a URL such as slack://"),
        ([OPS], "CHANNELS is '(hidden)': expected a JSON object of channels by name, like {"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_a_malformed_channel_is_named(described: Any, message: str) -> None:
    with pytest.raises(SettingError) as raised:
        configured({"CHANNELS": json.dumps(described)})
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "line 1 column 2"),
        ('{"ops": {"kind": "console"}, "ops": {"kind": "sns"}}', "a name occurs twice in one object"),
        ('{"ops": {"kind": "console", "kind": "sns"}}', "a name occurs twice in one object"),
        ("[" * 100_000, "recursion"),
    ],
    ids=["no end", "two channels", "two kinds", "too deep"],
)
def test_what_is_no_json_says_why(text: str, reason: str) -> None:
    with pytest.raises(SettingError, match=r"^CHANNELS is '\(hidden\)': expected a JSON object .*") as raised:
        configured({"CHANNELS": text})
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    "described",
    [
        {"ops": {**OPS, "bot_token": "se/cret"}},
        {"ops": {**OPS, "bot_token": ["se/cret"]}},
        {"ops": {**OPS, "bot_tokn": "se/cret"}},
        {"ops": {**OPS, "chat_id": "12:se/cret"}},
        {"ops": {**OPS, "chat_id": ["12:se/cret"]}},
        {"ops": {**OPS, "api_url": "https://kim:se/cret@h:0"}},
        {"ops": "12:se/cret"},
        ["12:se/cret"],
    ],
    ids=str,
)
def test_a_secret_is_never_shown(described: Any) -> None:
    with pytest.raises(SettingError) as raised:
        configured({"CHANNELS": json.dumps(described)})
    assert "cret" not in str(raised.value)
    assert "(hidden)" in str(raised.value)


def test_a_malformed_channel_leaves_the_others_usable() -> None:
    environ = {"SNS_TOPIC_ARN": "x", **json_of(ops=OPS, night={"kind": "telegram"}, day={"kind": "x"})}
    channels, errors = read(environ)
    assert list(channels) == ["console", "ops"]
    assert [error.variable for error in errors] == ["SNS_TOPIC_ARN", "CHANNELS.night.bot_token", "CHANNELS.day.kind"]


# --- two chats ----------------------------------------------------------------------------------------------------

START = datetime(2025, 1, 8, 12, tzinfo=UTC)
TTL = 86_400.0
SETTINGS = Settings.from_env({"NOTIFICATION_TTL": str(TTL)})


def report(store: Store, *channels: str) -> None:
    event = Event(target_url="http://t/", monitor="shop", timestamp=START, is_success=False)
    store.events.add([event], received_at=START, channels=routes(*channels))


def deliver(store: Store, channels: Mapping[str, NotifierKind], after: float = 0) -> dict[str, int]:
    at = START + timedelta(seconds=after)
    outcomes = deliver_owed(store, channels, SETTINGS, clock=lambda: at)
    return {str(status): count for status, count in outcomes.items() if count}


def two_chats(bot_api: BotApi) -> dict[str, str]:
    telegram = {"kind": "telegram", "bot_token": bot_api.token, "api_url": bot_api.url}
    return json_of(ops={**telegram, "chat_id": 1}, night={**telegram, "chat_id": 2})


@pytest.mark.slow
def test_two_chats_of_one_bot_have_their_own_outcomes(database: Database, bot_api: BotApi) -> None:
    """One refuses: its messages are FAILED, and the other chat is told so, by the channel's name."""

    def refuses_one(call: Call) -> None:
        if call.message.chat_id == "1":
            call.refuse(400, "Bad Request: chat not found")
        else:
            accepts(call)

    migrate(database, as_text(START))
    store, channels = Store(database), configured(two_chats(bot_api))
    bot_api.behaviour = refuses_one
    report(store, *channels)
    deliver(store, channels)
    deliver(store, channels, after=1)
    outcomes = {(log.channel, log.status) for log in store.notifications.logs(limit=9) if log.alert_id == 1}
    assert outcomes == {("console", "SENT"), ("ops", "FAILED"), ("night", "SENT")}
    outage, refused = sorted(bot_api.messages)[::-1]
    assert outage.startswith("OUTAGE shop ")
    assert refused.startswith("CHANNEL_REFUSED ops\n")
    assert {call.chat_id for call in bot_api.calls if call.is_accepted} == {"2"}
    alerts = {alert.subject: alert.kind for alert in store.alerts.page(limit=9)}
    assert alerts["ops"] is AlertKind.CHANNEL_REFUSED


def test_what_is_owed_to_a_channel_that_is_gone_expires(database: Database) -> None:
    migrate(database, as_text(START))
    store, channels = Store(database), configured({})
    report(store, "ops")
    assert deliver(store, channels) == {}
    assert deliver(store, channels, after=TTL + 1) == {"EXPIRED": 1}
    assert [log.channel for log in store.notifications.logs(limit=9)] == ["ops"]
