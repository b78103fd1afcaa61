"""Findings about the channels."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.doctor.channels import ALL
from tests.infra.doctor.bots import Bots
from tests.infra.doctor.examined import FAILURE, OK, WARNING, find, one
from tests.support.running import AWS
from tests.support.stand_ins import Behaviour, BotApi, Exchange, StandIn, Target, chat_not_found

pytestmark = pytest.mark.slow

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


def test_a_console_alone_is_found(environ: dict[str, str]) -> None:
    found = one(find(environ), "channels", "only the console is on")
    assert found.verdict is WARNING
    assert (found.fix or "").startswith("channels in bonghwa.yaml or CHANNELS, TELEGRAM_BOT_TOKEN and ")


def test_a_console_that_is_off_alone_is_found(environ: dict[str, str]) -> None:
    findings = find(environ | {"CHANNELS": '{"console": "off"}'})
    assert one(findings, "channels", "no channel is on: nobody is notified").verdict is FAILURE


def test_the_fields_of_every_kind_are_examined(environ: dict[str, str]) -> None:
    described = {"screen": {"kind": "console", "delay": "soon"}}
    found = one(find(environ | {"CHANNELS": json.dumps(described)}), "settings", "CHANNELS.screen.delay is 'soon'")
    assert (found.verdict, found.expected) == (FAILURE, "a duration such as 30s or 5m")


def test_telegram_names_the_bot_and_no_message_is_sent(environ: dict[str, str], bots: Bots) -> None:
    findings = find(environ | bots.environ)
    assert one(findings, "channels", "telegram: @beacon_bot may write to the chat 4242").verdict is OK
    assert not [each for each in findings if "only the console" in each.found]
    assert bots.calls == []


def test_channels_of_one_kind_are_examined_by_name(environ: dict[str, str], bots: Bots) -> None:
    telegram = {"kind": "telegram", "bot_token": BotApi.token, "api_url": bots.url}
    described = {"ops": {**telegram, "chat_id": -100123}, "night": {**telegram, "chat_id": "@night"}}
    environ |= {"CHANNELS": json.dumps(described)}
    findings = find(environ)
    assert one(findings, "channels", "ops: @beacon_bot may write to the chat -100123").verdict is OK
    assert one(findings, "channels", "night: @beacon_bot may write to the chat @night").verdict is OK
    assert not [each for each in findings if "only the console" in each.found]
    bots.says |= {"getMe": f"no /bot{BotApi.token}/"}
    found = one(find(environ), "channels", "ops: Telegram refuses the token: no /bot(hidden)/")
    assert found.fix == "CHANNELS.ops.bot_token=… as BotFather's /token gives it"
    bots.is_down = True
    assert one(find(environ), "channels", "night: Telegram is not reached: ConnectionError").verdict is FAILURE


def test_a_malformed_channel_hides_no_other(environ: dict[str, str], bots: Bots) -> None:
    described = {"ops": {"kind": "telegram", "bot_token": BotApi.token, "chatid": 1}, "screen": {"kind": "console"}}
    findings = find(environ | bots.environ | {"CHANNELS": json.dumps(described)})
    found = one(findings, "settings", "CHANNELS.ops.chatid is '(hidden)'")
    assert (found.expected, found.fix) == (
        "a setting of telegram, perhaps chat_id",
        "CHANNELS=… in .env or the environment",
    )
    assert one(findings, "channels", "telegram: @beacon_bot may write to the chat 4242").verdict is OK
    assert one(findings, "channels", "screen: console is on").verdict is OK


@pytest.mark.parametrize(
    ("says", "words", "fix"),
    [
        ({"getMe": "Unauthorized"}, "Telegram refuses the token: Unauthorized", "TELEGRAM_BOT_TOKEN=…"),
        (
            {"getChat": "Bad Request: chat not found"},
            "Telegram refuses the chat: Bad Request: chat",
            "TELEGRAM_CHAT_ID=…",
        ),
        ({"getMe": ["nobody"], "getChat": "no chat"}, "Telegram refuses the chat: no chat", "TELEGRAM_CHAT_ID=…"),
        ({"getMe": f"no /bot{BotApi.token}/"}, "Telegram refuses the token: no /bot(hidden)/", "TELEGRAM_BOT_TOKEN=…"),
    ],
)
def test_what_telegram_refuses_is_found(
    environ: dict[str, str], bots: Bots, says: dict[str, Any], words: str, fix: str
) -> None:
    bots.says |= says
    found = one(find(environ | bots.environ), "channels", words)
    assert (found.verdict, (found.fix or "").startswith(fix)) == (FAILURE, True)


def test_a_bot_that_may_not_write_is_found(environ: dict[str, str], bots: Bots) -> None:
    bots.says |= {"sendChatAction": "Bad Request: not enough rights to send text messages to the chat"}
    found = one(find(environ | bots.environ), "channels", "Telegram refuses to write: Bad Request: not enough rights")
    assert (found.verdict, found.fix) == (FAILURE, "let @beacon_bot write in the chat 4242")
    bots.says |= {"getChat": {"id": -100123, "type": "channel"}}
    assert one(find(environ | bots.environ), "channels", "@beacon_bot knows the channel 4242").verdict is OK


def test_a_topic_that_is_not_there_is_found(environ: dict[str, str], bots: Bots) -> None:
    telegram = {"kind": "telegram", "bot_token": BotApi.token, "api_url": bots.url, "chat_id": -100, "topic_id": 5}
    environ |= {"CHANNELS": json.dumps({"ops": telegram})}
    assert one(find(environ), "channels", "ops: @beacon_bot may write to the chat -100").verdict is OK
    asked = dict(bots.others)
    assert asked["sendChatAction"]["message_thread_id"] == "5"
    bots.says |= {"sendChatAction": "Bad Request: message thread not found"}
    found = one(find(environ), "channels", "ops: Telegram refuses to write: Bad Request: message thread not found")
    assert (found.verdict, found.fix) == (FAILURE, "CHANNELS.ops.topic_id=…")


def test_an_unreachable_telegram_is_found_without_its_token(environ: dict[str, str], bots: Bots) -> None:
    bots.is_down = True
    found = one(find(environ | bots.environ), "channels", "Telegram is not reached: ConnectionError")
    assert (found.verdict, found.fix) == (FAILURE, f"curl -sS {bots.url} shows why")


def test_something_that_is_not_telegram_is_found(environ: dict[str, str], target: Target) -> None:
    telegram = {**BotApi().environ, "TELEGRAM_API_URL": target.url}
    assert (
        one(find(environ | telegram), "channels", "Telegram refuses the token: HTTP 200, and no JSON").verdict
        is FAILURE
    )


def test_a_topic_is_checked_and_nothing_is_published(environ: dict[str, str], aws: dict[str, str]) -> None:
    import boto3

    topics = boto3.client("sns", region_name="eu-west-1")
    found = one(find(environ | {"SNS_TOPIC_ARN": f"{TOPIC}-gone"}), "channels", "sns: NotFound")
    assert found.verdict is FAILURE
    assert (found.fix or "").startswith("aws sns create-topic --region eu-west-1 --name alerts-gone")

    arn = topics.create_topic(Name="doctored")["TopicArn"]
    found = one(find(environ | {"SNS_TOPIC_ARN": arn}), "channels", "nobody's subscription is confirmed")
    assert (found.verdict, arn in (found.fix or "")) == (WARNING, True)


class Sns(StandIn):
    """SNS, which knows of two subscriptions (moto counts none), or refuses everything."""

    is_refusing = False

    def answer(self, exchange: Exchange) -> None:
        if not self.is_refusing:
            entry = "<entry><key>SubscriptionsConfirmed</key><value>2</value></entry>"
            result = f"<GetTopicAttributesResult><Attributes>{entry}</Attributes></GetTopicAttributesResult>"
            body = f"<GetTopicAttributesResponse>{result}</GetTopicAttributesResponse>"
            exchange.answer(200, body, "text/xml")
            return
        error = "<Error><Code>AuthorizationError</Code><Message>not authorized</Message></Error>"
        exchange.answer(403, f"<ErrorResponse>{error}</ErrorResponse>", "text/xml")


def test_a_topic_that_cannot_be_read_may_still_be_writable(
    environ: dict[str, str], aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sns() as refusing:
        monkeypatch.setenv("AWS_ENDPOINT_URL", refusing.url)
        found = one(find(environ | {"SNS_TOPIC_ARN": TOPIC}), "channels", "with 2 confirmed subscriptions")
        assert found.verdict is OK
        refusing.is_refusing = True
        findings = find(environ | {"SNS_TOPIC_ARN": TOPIC}, tested=ALL)
        found = one(findings, "channels", "whether the topic is there cannot be asked: not authorized")
        assert (found.verdict, found.fix) == (WARNING, ".venv/bin/python -m infra doctor --send-test")
        assert one(findings, "channels", "sns did not accept a test message: AuthorizationError").verdict is FAILURE
        refusing.is_down = True
        assert (
            one(find(environ | {"SNS_TOPIC_ARN": TOPIC}), "channels", "sns: EndpointConnectionError").verdict is FAILURE
        )
    for name in AWS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    found = one(find(environ | {"SNS_TOPIC_ARN": TOPIC}), "channels", "there are no AWS credentials")
    assert (found.verdict, found.fix) == (FAILURE, "aws configure")


def test_a_topic_without_boto3_is_found(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("boto3", "botocore"):
        monkeypatch.setitem(sys.modules, name, None)
    found = one(find(environ | {"SNS_TOPIC_ARN": TOPIC}, tested=ALL), "settings", "SNS_TOPIC_ARN is ")
    assert (found.verdict, found.fix) == (FAILURE, ".venv/bin/python -m pip install boto3")
    assert (found.expected or "").startswith("boto3 ")


def test_a_test_message_goes_through_every_channel_on_request(
    environ: dict[str, str], bots: Bots, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = find(environ | bots.environ | {"MESSAGE_LANGUAGE": "ko"}, tested=ALL)
    assert one(findings, "channels", "telegram accepted a test message: message 1").verdict is OK
    assert one(findings, "channels", "console accepted a test message: printed").verdict is OK
    # Each is composed for itself, so their times may differ.
    texts = [message.rpartition(" · ")[0] for message in (*bots.messages, capsys.readouterr().out)]
    assert texts == ["시험 이 채널은 봉화의 메시지를 받습니다"] * 2


@pytest.mark.parametrize("behaviour", [chat_not_found], ids=["chat_not_found"])
def test_a_test_message_that_is_refused_is_found(environ: dict[str, str], bots: Bots, behaviour: Behaviour) -> None:
    bots.queue(behaviour)
    findings = find(environ | bots.environ, tested=ALL)
    assert one(findings, "channels", "telegram did not accept a test message: Chat not found").verdict is FAILURE


def test_a_test_message_goes_through_one_channel_by_its_name(
    environ: dict[str, str], bots: Bots, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = find(environ | bots.environ, tested="telegram")
    assert one(findings, "channels", "telegram accepted a test message").verdict is OK
    assert capsys.readouterr().out == ""


def test_a_channel_that_is_not_there_is_named(environ: dict[str, str]) -> None:
    found = one(find(environ, tested="telegarm"), "channels", "there is no channel telegarm")
    assert (found.verdict, found.expected) == (FAILURE, "one of console")


def test_the_channels_of_the_file_are_examined(environ: dict[str, str], bots: Bots, tmp_path: Path) -> None:
    file = tmp_path / "bonghwa.yaml"
    ops = {"kind": "telegram", "bot_token": "${TOKEN}", "api_url": bots.url, "chat_id": -100123}
    file.write_text(json.dumps({"channels": {"ops": ops}, "monitors": []}))
    findings = find(environ | {"CONFIG_FILE": str(file), "TOKEN": BotApi.token})
    assert one(findings, "channels", "ops: @beacon_bot may write to the chat -100123").verdict is OK
    assert not [each for each in findings if "only the console" in each.found]
