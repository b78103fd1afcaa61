"""The configuration's file in a deployment: what it changes of the settings, and how it is applied at the end."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.clouds import deployed_file
from infra.configuration.sending import NotApplied
from infra.local.configured import FileWrong
from shared.settings import SettingError
from tests.support.stand_ins import Configured

FILE = """
channels:
  ops: {kind: telegram, bot_token: "123456:AAtoken", chat_id: -100123, silent_recovery: true}
  chat: {kind: slack, webhook_url: "https://hooks.example/x"}
monitors:
  - {name: Web, url: "https://a.example/", interval: 45s}
  - {name: Port, url: "tcp://a.example:22", interval: 5m}
  - {name: Backup, heartbeat: {period: 5s}}
"""


def given(folder: Path, text: str = FILE, **settings: str) -> dict[str, str]:
    file = folder / "bonghwa.yaml"
    file.write_text(text)
    return {"CONFIG_FILE": str(file), "API_KEY": "k" * 32, **settings}


def settings_with(settings: dict[str, str], shortest_seconds: int = 10) -> dict[str, str]:
    configuration = deployed_file.read(settings)
    return deployed_file.settings_with(settings, configuration, shortest_seconds=shortest_seconds, whose="Google's")


@pytest.mark.parametrize(
    ("own", "targets", "shortest", "kept"),
    [
        ("", "", "45s", "30"),
        ("20", "", "45s", "20"),
        ("60", "", "45s", "30"),
        ("", "", "5m", "300"),
        # A target is checked as often as without the file.
        ("", "https://b.example/", "5m", "30"),
        ("60", "https://b.example/", "5m", "60"),
        ("600", "https://b.example/", "5m", "300"),
    ],
)
def test_the_schedule_keeps_the_shortest_interval(
    tmp_path: Path, own: str, targets: str, shortest: str, kept: str
) -> None:
    variables = given(tmp_path, FILE.replace("45s", shortest), CHECK_INTERVAL_SECONDS=own, TARGET_URL=targets)
    assert settings_with(variables)["CHECK_INTERVAL_SECONDS"] == kept


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("CHECK_INTERVAL_SECONDS", "1m", "CHECK_INTERVAL_SECONDS is '1m': expected a number of seconds"),
        ("CHANNELS", "{bad", "CHANNELS is '.hidden.': expected a JSON object of channels by name"),
        ("CHANNELS", "[]", "CHANNELS is '.hidden.': expected a JSON object of channels by name"),
    ],
)
def test_a_wrong_setting_beside_a_file_is_one_line(tmp_path: Path, setting: str, value: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        settings_with(given(tmp_path, **{setting: value}))


def test_an_interval_that_cannot_be_kept_names_its_monitor(tmp_path: Path) -> None:
    text = 'monitors: [{name: Fast, url: "http://a.example/", interval: 5s}]'
    with pytest.raises(SettingError, match="monitor 'Fast' is '5s': expected 10s or more, as Google's scheduler can"):
        settings_with(given(tmp_path, text))


def test_channels_become_a_setting(tmp_path: Path) -> None:
    mine = {"own": {"kind": "telegram", "bot_token": "1:x", "chat_id": 1}}
    settings = settings_with(given(tmp_path, CHANNELS=json.dumps(mine)))
    assert json.loads(settings["CHANNELS"]) == {
        **mine,
        "ops": {"kind": "telegram", "bot_token": "123456:AAtoken", "chat_id": -100123, "silent_recovery": True},
        "chat": {"kind": "slack", "webhook_url": "https://hooks.example/x"},
    }


def test_a_wrong_file_stops_a_deployment(tmp_path: Path) -> None:
    with pytest.raises(FileWrong, match="interval is 'soon': expected a duration"):
        deployed_file.read(given(tmp_path, 'monitors: [{name: A, url: "http://a/", interval: soon}]'))


def test_without_a_file_nothing_changes(tmp_path: Path) -> None:
    settings = {"API_KEY": "k" * 32}
    assert deployed_file.settings_with(settings, None, shortest_seconds=10, whose="Google's") == settings


def test_the_file_is_applied_once_the_system_responds(tmp_path: Path) -> None:
    configuration = deployed_file.read(given(tmp_path))
    assert configuration is not None
    waits: list[float] = []
    with Configured("k" * 32) as backend:
        backend.behave = lambda exchange: exchange.answer(503, "{}", "application/json")

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            backend.behave = None

        assert deployed_file.apply(configuration, backend.url, "k" * 32, sleep=sleep).endswith("unchanged")
    assert len(waits) == 1


def test_a_system_that_never_responds_is_given_up(tmp_path: Path) -> None:
    configuration = deployed_file.read(given(tmp_path))
    assert configuration is not None
    times = iter([0.0, 1.0, 601.0])
    options: dict[str, Any] = {"clock": lambda: next(times), "sleep": lambda _: None}
    with pytest.raises(NotApplied, match="cannot be reached"):
        deployed_file.apply(configuration, "http://127.0.0.1:1", "k" * 32, **options)
