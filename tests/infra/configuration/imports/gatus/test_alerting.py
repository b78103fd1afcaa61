"""Gatus's alerts: channels, thresholds, and what they lose."""

from pathlib import Path
from typing import Any

import pytest

from infra.configuration.imports.result import Imported
from tests.infra.configuration.imports.reading import imported_text, monitor, notes, read_back, said, values

PROVIDERS = {
    "discord": "{webhook-url: 'https://discord.com/api/webhooks/1/s'}",
    "gotify": "{server-url: 'https://g.example.org', token: t0k}",
}


def imported_with(folder: Path, alerts: str, providers: dict[str, str] = PROVIDERS) -> Imported:
    listed = "\n".join(f"  {name}: {settings}" for name, settings in providers.items())
    endpoint = f"{{name: M, group: g, url: 'icmp://h', conditions: ['[CONNECTED] == true'], alerts: {alerts}}}"
    return imported_text(folder, f"alerting:\n{listed}\nendpoints: [{endpoint}]")


def test_the_defaults_of_gatus_are_written_out(tmp_path: Path) -> None:
    found = monitor(imported_with(tmp_path, "[{type: discord, send-on-resolved: true}]"), "M")
    assert (found["channels"], found["failure_threshold"], found["success_threshold"]) == (["discord"], 3, 2)
    assert (found["interval"], found["timeout"]) == ("1m", "10s")


def test_a_default_alert_is_overridden_by_an_alert(tmp_path: Path) -> None:
    default = "{failure-threshold: 5, success-threshold: 4, minimum-reminder-interval: 1h, description: d}"
    providers = {"discord": f"{{webhook-url: 'https://d.example.org', default-alert: {default}}}"}
    found = monitor(imported_with(tmp_path, "[{type: discord, success-threshold: 1}]", providers), "M")
    assert (found["failure_threshold"], found["success_threshold"]) == (5, 1)
    assert (found["reminder_interval"], found["description"]) == ("1h", "d")


def test_reminders_of_one_alert_are_kept_beside_one_without(tmp_path: Path) -> None:
    reminding = "{type: discord, minimum-reminder-interval: 30m}"
    imported = imported_with(tmp_path, f"[{{type: gotify}}, {reminding}]")
    assert monitor(imported, "M")["reminder_interval"] == "30m"
    assert said(imported, "minimum-reminder-interval 0, 1800:", "the other channels get reminders too")


def test_a_default_alert_is_for_endpoints_that_name_its_type(tmp_path: Path) -> None:
    providers = {**PROVIDERS, "gotify": "{server-url: 'https://g', token: t, default-alert: {failure-threshold: 9}}"}
    imported = imported_with(tmp_path, "[{type: discord}]", providers)
    assert monitor(imported, "M")["failure_threshold"] == 3
    assert said(imported, "alerting: gotify: no endpoint has an alert of this type")
    assert set(imported.channels) == {"discord", "gotify"}


def test_without_an_alert_nobody_is_notified(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "[]")
    assert monitor(imported, "M")["channels"] == []
    assert said(imported, "monitors: 1 without an alert")


def test_an_alert_without_a_provider_is_dead_and_said(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "[{type: webhook}, {type: ntfy-critical}, {type: discord}]")
    assert monitor(imported, "M")["channels"] == ["discord"]
    for kind in ("webhook", "ntfy-critical"):
        assert said(imported, f"monitors 'M': alert type {kind}: there is no provider alerting.{kind}")


@pytest.mark.parametrize(
    ("default", "alert", "where"),
    [
        ("", "", "channels 'discord'"),
        (", default-alert: {send-on-resolved: false}", "", "channels 'discord'"),
        ("", ", send-on-resolved: false", "monitors 'M'"),
        (", default-alert: {send-on-resolved: true}", ", send-on-resolved: false", "monitors 'M'"),
        (", default-alert: {send-on-resolved: true}", "", None),
        ("", ", send-on-resolved: true", None),
    ],
)
def test_no_message_at_the_recovery_is_said_where_it_is_set(
    tmp_path: Path, default: str, alert: str, where: str | None
) -> None:
    providers = {"discord": f"{{webhook-url: 'https://d.example.org'{default}}}"}
    imported = imported_with(tmp_path, f"[{{type: discord{alert}}}]", providers)
    said_at = [note.where for note in imported.notes if note.what == "send-on-resolved: false"]
    assert said_at == ([where] if where else [])


def test_an_alert_whose_switch_is_a_variable_is_kept(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "[{type: discord, enabled: '${X}', send-on-resolved: true}]")
    assert monitor(imported, "M")["channels"] == ["discord"]
    assert notes(imported, "monitors 'M'") == ["enabled ${X}: expected true or false; it counts as not set"]


def test_overrides_become_channels_of_their_own(tmp_path: Path) -> None:
    providers = {"discord": "{webhook-url: 'https://d/1', overrides: [{group: g, webhook-url: 'https://d/2'}]}"}
    imported = imported_text(
        tmp_path,
        f"alerting: {{discord: {providers['discord']}}}\nendpoints:\n"
        "- {name: A, group: g, url: 'icmp://h', alerts: [{type: discord}]}\n"
        "- {name: B, group: x, url: 'icmp://h', alerts: [{type: discord}]}\n"
        "- {name: C, group: x, url: 'icmp://h', "
        "alerts: [{type: discord, provider-override: {webhook-url: 'https://d/3'}}]}\n",
    )
    secrets = values(imported)
    by_monitor = {
        each["name"]: secrets[imported.channels[each["channels"][0]]["webhook_url"].strip("${}")]
        for each in imported.monitors
    }
    assert by_monitor == {"A": "https://d/2", "B": "https://d/1", "C": "https://d/3"}


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        ("slack", {"webhook-url": "https://hooks.slack.com/s"}, {"kind": "slack"}),
        ("teams-workflows", {"webhook-url": "https://x"}, {"kind": "teams", "webhook_url": "https://x"}),
        ("googlechat", {"webhook-url": "https://x"}, {"kind": "google_chat"}),
        ("mattermost", {"webhook-url": "https://x"}, {"kind": "mattermost"}),
        (
            "telegram",
            {"token": "1:a", "id": "-5", "topic-id": "3", "api-url": "https://api.telegram.org"},
            {"kind": "telegram", "bot_token": "1:a", "chat_id": -5, "topic_id": 3},
        ),
        (
            "email",
            {"from": "a@x.org", "password": "p@w", "host": "mail", "port": 587, "to": "b@x.org, c@x.org"},
            {"url": "smtp://a%40x.org:p%40w@mail:587", "from": "a@x.org", "to": ["b@x.org", "c@x.org"]},
        ),
        (
            "email",
            {"from": "a@x.org", "host": "mail", "port": 25, "to": '"Doe, John" <john@x.org>, c@x.org'},
            {"to": ['"Doe, John" <john@x.org>', "c@x.org"]},
        ),
        (
            "email",
            {"from": "a@x.org", "host": "mail", "port": 25, "to": "b@x.org"},
            {"url": "smtp://mail:25"},
        ),
        ("ntfy", {"topic": "t", "token": "tk_1"}, {"server_url": "https://ntfy.sh", "topic": "t", "token": "tk_1"}),
        ("gotify", {"server-url": "https://g", "token": "t", "priority": 8}, {"token": "t", "priority": 8}),
        (
            "pushover",
            {"application-token": "a", "user-key": "u", "device": "phone", "sound": "siren"},
            {"kind": "pushover", "api_token": "a", "user_key": "u", "device": "phone", "sound": "siren"},
        ),
        ("pagerduty", {"integration-key": "k"}, {"kind": "pagerduty", "routing_key": "k"}),
        (
            "custom",
            {"url": "https://x/[ALERT_DESCRIPTION]", "headers": {"X-Key": "k"}, "body": "[ENDPOINT_NAME] failed"},
            {"kind": "webhook", "method": "GET", "headers": {"X-Key": "k"}, "body": "{{ monitor }} failed"},
        ),
        (
            "matrix",
            {"access-token": "t", "internal-room-id": "!r:x.org"},
            {"url": "matrixs://matrix-client.matrix.org/%21r%3Ax.org?token=t"},
        ),
        ("rocketchat", {"webhook-url": "http://c/hooks/a/b"}, {"url": "rocket://c/?webhook=a%2Fb"}),
        (
            "signal",
            {"api-url": "https://s", "number": "+1", "recipients": ["+2"]},
            {"url": "signals://s/+1/+2"},
        ),
    ],
)
def test_a_provider_becomes_a_channel(
    tmp_path: Path, kind: str, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    imported = imported_with(tmp_path, f"[{{type: {kind}}}]", {kind: str(settings)})
    assert monitor(imported, "M")["channels"] == [kind]
    channel = read_back(imported, tmp_path / "out").channels[kind]
    assert {name: channel.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("kind", "settings", "reason"),
    [
        ("opsgenie", "{api-key: k}", "there is no such kind of channel here"),
        ("discord", "{webhook-url: ''}", "discord needs webhook_url"),
        ("email", "{from: a}", "its settings are incomplete"),
        ("ntfy", "{topic: a b, token: '${TOKEN}'}", "topic: expected"),
        ("matrix", "{server-url: 'https://[half', access-token: t, internal-room-id: r}", "its URL is malformed"),
        ("matrix", "{access-token: '${TOKEN}', internal-room-id: r}", "a variable cannot stand in a URL of Apprise"),
        ("discord", "text", "expected a mapping"),
    ],
)
def test_a_provider_that_is_none_is_said(tmp_path: Path, kind: str, settings: str, reason: str) -> None:
    imported = imported_with(tmp_path, f"[{{type: {kind}}}]", {kind: settings})
    assert imported.channels == {}
    assert monitor(imported, "M")["channels"] == []
    assert said(imported, reason)
    assert said(imported, f"monitors 'M': alert type {kind}", "is not carried over")
    assert said(imported, "monitors 'M': alerts", "it notifies no channel here; set channels")
    assert not said(imported, "as in Gatus")


def test_what_a_channel_loses_is_said(tmp_path: Path) -> None:
    settings = "{topic: t, url: 'https://n', click: 'https://c', tags: [a], client: {insecure: true}}"
    imported = imported_with(tmp_path, "[{type: ntfy, send-on-resolved: true}]", {"ntfy": settings})
    whats = {note.split(":")[0] for note in notes(imported, "channels 'ntfy'")}
    assert whats == {"click", "tags", "client"}


def test_differing_thresholds_are_said(tmp_path: Path) -> None:
    imported = imported_with(tmp_path, "[{type: discord, failure-threshold: 5}, {type: gotify, failure-threshold: 2}]")
    assert monitor(imported, "M")["failure_threshold"] == 2
    assert said(imported, "monitors 'M': failure-threshold 2, 5: a monitor has one for all its channels")
