"""The channels of the file: their fields by kind, their names, and what is wrong with them."""

import json
from datetime import time, timedelta
from pathlib import Path

import pytest

from infra.local.configured import read_at_start
from shared.channels import read as channels_in
from shared.models.channel import QuietHours, Route
from shared.notifiers import kind_named, kinds
from shared.settings import Settings
from tests.infra.configuration.conftest import Mistakes, Read

OPS = '{kind: telegram, bot_token: "1:a", chat_id: -100123, topic_id: 7, only: [OUTAGE], delay: 5m}'


def test_channels_are_as_the_setting_takes_them(reading: Read) -> None:
    known = reading('channels: {ops: {kind: telegram, bot_token: "1:a", chat_id: -100123}}\n')
    channels, errors = channels_in({"CHANNELS": json.dumps(known.channels)})
    assert errors == []
    assert channels["ops"].kind == "telegram"


def test_the_fields_of_every_kind_are_kept(reading: Read) -> None:
    known = reading(f"channels: {{ops: {OPS}}}\n")
    assert known.channels["ops"]["topic_id"] == 7
    assert known.channels["ops"]["only"] == ["OUTAGE"]
    assert known.channels["ops"]["delay"] == "5m"


@pytest.mark.parametrize("kind", sorted(set(kinds()) - {"console"}))
def test_a_kind_demands_the_fields_that_it_needs(mistakes: Mistakes, kind: str) -> None:
    said = mistakes(json.dumps({"channels": {"a": {"kind": kind}}}))
    needed = {name: field.description for name, field in kind_named(kind).fields().items() if field.is_required()}
    assert sorted(said) == sorted(
        f"1: channels 'a': {name} is missing: expected {text}" for name, text in needed.items()
    )


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{kind: slak, webhook_url: a}", "kind is 'slak': expected a kind of channel, perhaps slack"),
        ("{webhook_url: a}", "kind is missing: expected a kind of channel: apprise, console, discord, "),
        ("{kind: [a]}", "kind is a list: expected a kind of channel: apprise, "),
        ("[hunter2-secret]", "(hidden): expected a mapping with the channel's kind and settings, or a URL"),
        ("hunter2-secret", "(hidden): expected a URL such as slack://… or discord://…"),
        ("json://hunter2-secret", "(hidden): expected a channel of the kind webhook with its fields"),
        ("{kind: slack, webhok_url: a, webhook_url: b}", "unknown key 'webhok_url': expected webhook_url"),
        (
            "{kind: telegram, bot_token: hunter2-secret é, chat_id: 1}",
            "bot_token is (hidden): expected the bot's token",
        ),
        (
            "{kind: telegram, bot_token: '1:a', chat_id: [x]}",
            "chat_id is a list: expected the chat's number or @channel",
        ),
        ("{kind: telegram, bot_token: '1:a'}", "chat_id is missing: expected the chat's number or @channelname"),
        ("{kind: slack, webhook_url: a, only: OUTAGE}", "only is 'OUTAGE': expected a list"),
        ("{kind: slack, webhook_url: a, language: fr}", "language is 'fr': expected en or ko"),
        ("{kind: slack, webhook_url: a, delay: soon}", "delay is 'soon': expected a duration such as 30s or 5m"),
        (
            "{kind: slack, webhook_url: a, quiet_hours: {from: 22}}",
            "quiet_hours.from is 22: expected a time of the day",
        ),
        (
            '{kind: slack, webhook_url: a, quiet_hours: {from: "22:00", to: "22:00"}}',
            "quiet_hours is a mapping: expected another time in to than in from",
        ),
    ],
)
def test_a_wrong_channel_says(mistakes: Mistakes, channel: str, said: str) -> None:
    found = mistakes(f"channels:\n  ops: {channel}\n")
    assert any(line.startswith(f"2: channels 'ops': {said}") for line in found), found
    assert not any("hunter2" in line for line in found)


def test_the_fields_of_every_kind_are_read_as_in_the_setting(reading: Read) -> None:
    """One model for both: what the file takes, CHANNELS takes too, and the same is made of it."""
    ops = '{kind: telegram, bot_token: "1:a", chat_id: 1, only: [OUTAGE], delay: 90s, quiet_hours: %s}'
    known = reading(f"channels: {{ops: {ops % '{from: 22:00, to: 07:00, time_zone: Asia/Seoul}'}}}\n")
    channels, errors = channels_in({"CHANNELS": json.dumps(known.channels)})
    assert errors == []
    hours = QuietHours(time(22), time(7), "Asia/Seoul")
    assert channels["ops"].common.route == Route("telegram", frozenset({"OUTAGE"}), hours, timedelta(seconds=90))


@pytest.mark.parametrize("off", ["off", "false", "'off'"])
def test_the_console_can_be_switched_off(reading: Read, mistakes: Mistakes, off: str) -> None:
    known = reading(f"channels: {{console: {off}, ops: {OPS}}}\n")
    channels, errors = channels_in({"CHANNELS": json.dumps(known.channels)})
    assert (list(channels), errors) == (["ops"], [])
    # Nobody can name it any more, nor its kind.
    for name in ("console", "kind:console"):
        text = f"channels: {{console: {off}, ops: {OPS}}}\ndefaults: {{channels: '{name}'}}\n"
        [said] = mistakes(text)
        assert said.startswith(f"2: defaults: channels is '{name}': expected ")


@pytest.mark.parametrize(
    ("name", "environ", "said"),
    [
        ("console", {}, "the name is taken: expected another, since the settings in the environment make a channel"),
        (
            "sns",
            {"SNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:a"},
            "the name is taken: expected another, since",
        ),
        ("' ops'", {}, "the name does not fit: expected 1 to 64 printable characters, without a blank at either end"),
        ("x" * 65, {}, "the name does not fit: expected 1 to 64 printable characters"),
    ],
)
def test_a_channels_name_is_its_own(mistakes: Mistakes, name: str, environ: dict[str, str], said: str) -> None:
    [found] = mistakes(f"channels: {{{name}: {OPS}}}\n", **environ)
    assert found.partition(": ")[2].partition(": ")[2].startswith(said)


def test_the_file_may_repeat_the_channels_of_the_environment(reading: Read) -> None:
    own = {"ops": {"kind": "telegram", "bot_token": "1:a", "chat_id": 1}}
    text = f"{json.dumps({'channels': own, 'defaults': {'channels': ['ops', 'other']}})}\n"
    known = reading(text, CHANNELS=json.dumps({**own, "other": own["ops"]}))
    assert known.channels == own


def test_a_channel_may_be_one_url(reading: Read) -> None:
    known = reading("""channels:
  ops: slack://T1234/B5678/abcDEF
  night: {url: "discord://123/$$abc", only: [OUTAGE]}
""")
    assert known.channels == {
        "ops": {"kind": "slack", "webhook_url": "https://hooks.slack.com/services/T1234/B5678/abcDEF"},
        "night": {"only": ["OUTAGE"], "kind": "discord", "webhook_url": "https://discord.com/api/webhooks/123/$abc"},
    }


@pytest.mark.parametrize("malformed", ["[]", "{bad", "7"])
def test_channels_beside_a_malformed_setting_are_left_alone(tmp_path: Path, malformed: str) -> None:
    """The setting's reader says what is wrong with it."""
    file = tmp_path / "bonghwa.yaml"
    file.write_text(f"channels: {{ops: {OPS}}}\n")
    environ = {"CONFIG_FILE": str(file), "CHANNELS": malformed}
    read_at_start(environ, Settings.from_env(environ))
    assert environ["CHANNELS"] == malformed
