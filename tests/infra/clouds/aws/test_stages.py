"""The stages of a deployment, and the settings that it refuses."""

import json
from pathlib import Path

import pytest

from infra.clouds.aws import parameters, stages
from infra.clouds.aws.target import Existing
from shared.settings import SettingError
from tests.infra.clouds.aws.life import GIVEN, PLACE, SECRETS


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DATABASE_URL": "sqlite:///notifications.db"}, "DATABASE_URL is 'sqlite': expected postgresql://"),
        ({"API_KEY": "hunter2"}, r"API_KEY is '\(hidden\)': expected secrets of at least 16 characters"),
        ({"TARGET_URL": "ftp://a.example/"}, "TARGET_URL is 'ftp://a.example/': expected one or more http"),
        ({"SNS_TOPIC_ARN": "nonsense"}, "SNS_TOPIC_ARN is 'nonsense': expected a topic's ARN"),
        ({"TELEGRAM_CHAT_ID": ""}, "TELEGRAM_CHAT_ID is not set: expected the chat's number or @channelname"),
        ({"TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN is not set: expected the bot's token"),
        ({"CHANNELS": '{"ops": {"kind": "telegram", "chat_id": 1}}'}, r"CHANNELS\.ops\.bot_token is not set: expected"),
        ({"TARGET_URL": " ".join(f"https://{n:0>60}.example/" for n in range(1000))}, "TARGET_URL is 'of 77,999 char"),
    ],
)
def test_settings_that_cannot_run_there_change_nothing(settings: dict[str, str], words: str, tmp_path: Path) -> None:
    (tmp_path / "any.zip").touch()
    with pytest.raises(SettingError, match=words):
        stages.deployment(PLACE, Existing(), {**GIVEN, **settings}, tmp_path / "any.zip", "")


def test_a_failed_first_stack_is_removed_before_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "any.zip").touch()
    planned = stages.deployment(PLACE, Existing(status="ROLLBACK_COMPLETE"), GIVEN, tmp_path / "any.zip", "")
    assert [command.words()[1:4] for command in planned[0].commands] == [
        ["cloudformation", "delete-stack", "--stack-name=bonghwa"],
        ["cloudformation", "wait", "stack-delete-complete"],
    ]


@pytest.mark.parametrize("name", ["MONITOR_TOKEN", "MONITOR_CLIENT"])
def test_a_variable_of_a_monitor_is_the_agents_secret(name: str) -> None:
    found = stages.secrets_of({**GIVEN, name: "sesame"})
    assert [group for group, settings in found.items() if name in settings] == ["agent"]
    assert stages.secrets_of({"API_KEY": GIVEN["API_KEY"], name: "sesame"})["agent"] == {name: "sesame"}


def test_a_secret_or_long_setting_is_in_its_readers_secret() -> None:
    many = " ".join(f"https://a{n}.example/" for n in range(1000))
    for value in (many, "https://kim:pass-of-the-target@b.example/"):
        found = stages.secrets_of({**GIVEN, "TARGET_URL": value})
        assert found["agent"] == {"HEARTBEAT_URL": SECRETS["HEARTBEAT_URL"], "TARGET_URL": value}
        assert stages.secrets_of(GIVEN)["agent"] == {"HEARTBEAT_URL": SECRETS["HEARTBEAT_URL"]}


def test_a_secret_has_no_text_that_parameter_store_refuses() -> None:
    """It refuses ``{{…}}``, as templates of messages have it, and an escape counts for the limit."""
    settings = {"CHANNELS": json.dumps({"night": {"title": "{{ kind }} {{{monitor: 1}}}"}}), "API_KEY": "}}{{"}
    [part] = parameters.parts({"channels": settings}, Existing())["channels"]
    assert "{{" not in part.text
    assert json.loads(part.text) == settings
    with pytest.raises(SettingError, match=r"API_KEY is 'of 20,000 characters': expected at most 65,536"):
        stages.secrets_of({"API_KEY": "{" * 20_000})
