"""The import of each kind of notification of Uptime Kuma."""

from pathlib import Path
from typing import Any

import pytest

from infra.configuration.imports.result import Imported
from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import notes, read_back, said, values
from tests.infra.configuration.imports.set_ups import NOW


def imported_from(kuma: Kuma, kind: str, **config: Any) -> Imported:
    kuma.notification("ops", kind, kuma.monitor("M"), **config)
    return read(kuma.close(), NOW)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "discord": (
        {"discordWebhookUrl": "https://discord.com/api/webhooks/1/s", "discordChannelType": "channel"},
        {"kind": "discord", "webhook_url": "https://discord.com/api/webhooks/1/s"},
    ),
    "slack": (
        {"slackwebhookURL": "https://hooks.slack.com/services/T/B/s"},
        {"kind": "slack", "webhook_url": "https://hooks.slack.com/services/T/B/s"},
    ),
    "mattermost": (
        {"mattermostWebhookUrl": "https://mm.example.org/hooks/s"},
        {"kind": "mattermost", "webhook_url": "https://mm.example.org/hooks/s"},
    ),
    "teams": (
        {"webhookUrl": "https://example.webhook.office.com/s"},
        {"kind": "teams", "webhook_url": "https://example.webhook.office.com/s"},
    ),
    "GoogleChat": (
        {"googleChatWebhookURL": "https://chat.googleapis.com/v1/spaces/s"},
        {"kind": "google_chat", "webhook_url": "https://chat.googleapis.com/v1/spaces/s"},
    ),
    "telegram": (
        {
            "telegramBotToken": "123:abc",
            "telegramChatID": "-100123",
            "telegramMessageThreadID": "7",
            "telegramProtectContent": True,
            "telegramServerUrl": "https://tg.example.org/",
        },
        {
            "kind": "telegram",
            "bot_token": "123:abc",
            "chat_id": -100123,
            "topic_id": 7,
            "protect_content": True,
            "api_url": "https://tg.example.org",
        },
    ),
    "smtp": (
        {
            "smtpHost": "mail.example.org",
            "smtpPort": 587,
            "smtpUsername": "me@example.org",
            "smtpPassword": "p:w",
            "smtpFrom": "kuma@example.org",
            "smtpTo": "a@example.org, b@example.org",
            "smtpCC": "c@example.org",
            "smtpIgnoreSTARTTLS": True,
        },
        {
            "kind": "email",
            "url": "smtp://me%40example.org:p%3Aw@mail.example.org:587",
            "from": "kuma@example.org",
            "to": ["a@example.org", "b@example.org", "c@example.org"],
            "starttls": "off",
        },
    ),
    "ntfy": (
        {
            "ntfyserverurl": "https://ntfy.sh",
            "ntfytopic": "alerts",
            "ntfyAuthenticationMethod": "usernamePassword",
            "ntfyusername": "me",
            "ntfypassword": "pw",
            "ntfyaccesstoken": "of another method",
            "ntfyPriority": 5,
        },
        {
            "kind": "ntfy",
            "server_url": "https://ntfy.sh",
            "topic": "alerts",
            "username": "me",
            "password": "pw",
            "priority": 5,
        },
    ),
    "gotify": (
        {"gotifyserverurl": "https://g.example.org", "gotifyapplicationToken": "AtOk9", "gotifyPriority": 8},
        {"kind": "gotify", "server_url": "https://g.example.org", "token": "AtOk9", "priority": 8},
    ),
    "pushover": (
        {"pushoverapptoken": "app", "pushoveruserkey": "usr", "pushoverpriority": "1", "pushoversounds": "siren"},
        {"kind": "pushover", "api_token": "app", "user_key": "usr", "priority": 1, "sound": "siren"},
    ),
    "PagerDuty": (
        {
            "pagerdutyIntegrationKey": "R0ut3",
            "pagerdutyIntegrationUrl": "https://events.eu.pagerduty.com/v2/enqueue",
            "pagerdutyPriority": "warning",
            "pagerdutyAutoResolve": "resolve",
        },
        {
            "kind": "pagerduty",
            "routing_key": "R0ut3",
            "severity": "warning",
            "api_url": "https://events.eu.pagerduty.com",
        },
    ),
    "webhook": (
        {
            "webhookURL": "https://hooks.example.org/x",
            "webhookContentType": "form-data",
            "webhookAdditionalHeaders": '{"Authorization": "Bearer t", "X-Source": "kuma"}',
        },
        {
            "kind": "webhook",
            "url": "https://hooks.example.org/x",
            "format": "form",
            "headers": {"Authorization": "Bearer t", "X-Source": "kuma"},
        },
    ),
    "matrix": (
        {"homeserverUrl": "https://m.example.org", "internalRoomId": "!r:example.org", "accessToken": "syt/1"},
        {"kind": "apprise", "url": "matrixs://m.example.org/%21r%3Aexample.org?token=syt%2F1"},
    ),
    "rocket.chat": (
        {"rocketwebhookURL": "https://chat.example.org/hooks/aaa/bbb"},
        {"kind": "apprise", "url": "rockets://chat.example.org/?webhook=aaa%2Fbbb"},
    ),
    "pushbullet": ({"pushbulletAccessToken": "o.abc"}, {"kind": "apprise", "url": "pbul://o.abc"}),
    "Bark": ({"barkEndpoint": "https://api.day.app/KEY/"}, {"kind": "apprise", "url": "barks://api.day.app/KEY"}),
    "Feishu": (
        {"feishuWebHookUrl": "https://open.feishu.cn/open-apis/bot/v2/hook/tok"},
        {"kind": "apprise", "url": "feishu://tok"},
    ),
    "apprise": ({"appriseURL": "zulip://bot@org/tok/alerts"}, {"kind": "apprise", "url": "zulip://bot@org/tok/alerts"}),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_notification_becomes_a_channel(kuma_of_each_version: Kuma, kind: str, tmp_path: Path) -> None:
    """Read back, with the secrets from the file beside it, it has what Uptime Kuma had."""
    config, settings = CASES[kind]
    imported = imported_from(kuma_of_each_version, kind, **config)
    assert imported.monitors[0]["channels"] == ["ops"]
    assert read_back(imported, tmp_path / "out").channels == {"ops": settings}


@pytest.mark.parametrize("kind", CASES)
def test_no_secret_of_a_channel_is_written_out(kuma: Kuma, kind: str) -> None:
    imported = imported_from(kuma, kind, **CASES[kind][0])
    secrets = values(imported)
    assert secrets
    assert not [value for value in secrets.values() if value in str(imported.channels) or value in str(imported.notes)]


def test_a_monitor_notifies_what_it_is_connected_with(kuma: Kuma) -> None:
    one, two, three = (kuma.monitor(name) for name in ("One", "Two", "Three"))
    kuma.notification("a", "pushbullet", one, two, pushbulletAccessToken="x")
    kuma.notification("b", "pushbullet", one, pushbulletAccessToken="y")
    imported = read(kuma.close(), NOW)
    assert [monitor["channels"] for monitor in imported.monitors] == [["a", "b"], ["a"], []]
    assert said(imported, "monitors: 1 without a notification")
    assert three


def test_apprise_with_several_urls_becomes_several(kuma: Kuma) -> None:
    urls = "pbul://abc, discord://1/tok\ntgram://12:ab/-7 json://me:pw@example.org"
    imported = imported_from(kuma, "apprise", appriseURL=urls)
    kinds = [channel["kind"] for channel in imported.channels.values()]
    assert kinds == ["apprise", "discord", "telegram"]
    assert list(imported.channels) == imported.monitors[0]["channels"] == ["ops", "ops 2", "ops 3"]
    assert said(imported, "channels 'ops': appriseURL", "expected a channel of the kind webhook with its fields")
    assert "pw" not in str(imported.notes)


def test_each_recipient_of_signal_is_a_channel(kuma: Kuma) -> None:
    recipients = {"signalURL": "http://signal:8080/v2/send", "signalNumber": "+1", "signalRecipients": "+2,+3"}
    imported = imported_from(kuma, "signal", **recipients)
    assert list(values(imported).values()) == ["signal://signal:8080/+1/+2", "signal://signal:8080/+1/+3"]


def test_settings_without_a_counterpart_are_said(kuma: Kuma) -> None:
    imported = imported_from(
        kuma,
        "telegram",
        telegramBotToken="1:a",
        telegramChatID="@here",
        telegramSendSilently=True,
        telegramUseTemplate=True,
        telegramTemplate="{{ msg }}",
        slackchannel="left from another type",
    )
    assert imported.channels["ops"]["chat_id"] == "@here"
    assert notes(imported, "channels 'ops'") == [
        "telegramSendSilently: only a RECOVERY can be silent here; an OUTAGE rings",
        "telegramTemplate, telegramUseTemplate: they have no counterpart here",
    ]


def test_a_webhooks_body_is_said_to_differ(kuma: Kuma) -> None:
    custom = {"webhookURL": "https://x.example.org", "webhookContentType": "custom", "webhookCustomBody": "{{ msg }}"}
    assert said(imported_from(kuma, "webhook", **custom), "channels 'ops': body: its template is not carried over")


@pytest.mark.parametrize(
    ("kind", "config", "reason"),
    [
        ("nostr", {"relays": "x"}, "there is no such kind of channel here"),
        ("", {}, "type unknown"),
        ("telegram", {"telegramBotToken": "1:a"}, "telegram needs chat_id"),
        ("Bark", {"barkEndpoint": "https://[half"}, "incomplete or malformed"),
        ("rocket.chat", {"rocketwebhookURL": "https://chat.example.org/other"}, "incomplete or malformed"),
        ("telegram", {"telegramBotToken": "1:a", "telegramChatID": "channel"}, "chat_id: expected the chat's number"),
        ("ntfy", {"ntfyserverurl": "https://ntfy.sh", "ntfytopic": "a b"}, "topic: expected"),
        ("smtp", {"smtpHost": "h", "smtpFrom": "nobody", "smtpTo": "a@x.org"}, "from: expected the sender's address"),
        ("smtp", {"smtpHost": "h", "smtpFrom": "a@x.org", "smtpTo": "b@x.org, c"}, "to: expected an address"),
        ("apprise", {"appriseURL": "mailtos://u:p@x.org?to=a@x.org&from=a"}, "from: expected the sender's address"),
    ],
)
def test_what_cannot_be_a_channel_is_said(kuma: Kuma, kind: str, config: dict[str, Any], reason: str) -> None:
    imported = imported_from(kuma, kind, **config)
    assert imported.channels == {}
    assert imported.monitors[0]["channels"] == []
    assert said(imported, "channels 'ops'", reason, "the channel is left out")


def test_a_comma_may_stand_in_a_recipients_name(kuma: Kuma, tmp_path: Path) -> None:
    mail = {"smtpHost": "h", "smtpFrom": '"Doe, J" <j@x.org>', "smtpCC": "d@x.org"}
    imported = imported_from(kuma, "smtp", **mail, smtpTo='"Doe; John, Jr" <john@x.org>, ops@x.org; Kim <kim@x.org>')
    assert read_back(imported, tmp_path / "out").channels["ops"]["to"] == [
        '"Doe; John, Jr" <john@x.org>',
        "ops@x.org",
        "Kim <kim@x.org>",
        "d@x.org",
    ]


@pytest.mark.parametrize("half", [{"smtpUsername": "u"}, {"smtpPassword": "p"}])
def test_nobody_logs_in_with_half_of_the_credentials(kuma: Kuma, tmp_path: Path, half: dict[str, str]) -> None:
    imported = imported_from(kuma, "smtp", smtpHost="h", smtpFrom="a@x.org", smtpTo="b@x.org", **half)
    assert read_back(imported, tmp_path / "out").channels["ops"]["url"] == "smtp://h:25"
    assert values(imported) == {}
    assert said(imported, "channels 'ops': smtpUsername", "nobody logs in here")


def test_a_wrong_setting_that_may_be_left_out_is(kuma: Kuma, tmp_path: Path) -> None:
    wrong = {"ntfyserverurl": "https://ntfy.sh", "ntfytopic": "t", "ntfyPriority": 9}
    imported = imported_from(kuma, "ntfy", **wrong)
    assert read_back(imported, tmp_path / "out").channels["ops"] == {
        "kind": "ntfy",
        "server_url": "https://ntfy.sh",
        "topic": "t",
    }
    assert said(imported, "channels 'ops': priority: expected", "it is left out")


def test_a_garbled_configuration_is_said(kuma: Kuma) -> None:
    kuma.add("notification", name="ops", config="{not json")
    assert said(read(kuma.close(), NOW), "channels 'ops': config: expected JSON")


def test_names_of_channels_are_unique_and_free(kuma: Kuma) -> None:
    for name in ("ops", "ops", "console", " ", "x" * 90, "Alert #2"):
        kuma.notification(name, "pushbullet", pushbulletAccessToken=f"token of {name}")
    imported = read(kuma.close(), NOW)
    assert list(imported.channels) == ["ops", "ops 2", "console 2", "channel", "x" * 64, "Alert 2"]
    assert len(set(values(imported))) == 6
    for name in ("console", "Alert #2"):
        assert said(imported, f"channels {name!r}: name: it is reserved")


def test_no_secret_takes_the_name_of_a_setting(kuma: Kuma) -> None:
    """A channel named telegram would otherwise switch on the channel of the environment."""
    kuma.notification("telegram", "telegram", telegramBotToken="1:a", telegramChatID="5")
    imported = read(kuma.close(), NOW)
    assert values(imported) == {"TELEGRAM_BOT_TOKEN_2": "1:a"}


@pytest.mark.parametrize(
    ("name", "variable"), [("9 lives", "CHANNEL_9_LIVES_URL_SECRET"), ("당직", "CHANNEL_1_URL_SECRET")]
)
def test_a_variable_begins_with_a_letter(kuma: Kuma, name: str, variable: str) -> None:
    kuma.notification(name, "pushbullet", pushbulletAccessToken="t")
    assert list(values(read(kuma.close(), NOW))) == [variable]
