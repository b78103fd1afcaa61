"""Channels as one URL: what each form means, and what is refused without its URL being said."""

import json
from typing import Any

import pytest

from shared.channels import configured
from shared.channels.urls import NotOne, settings_of
from shared.notifiers.services.telegram import TelegramNotifier
from shared.settings import SettingError

HOOK = {"webhook_url": "https://hooks.slack.com/services/T1234/B5678/abcDEF"}


@pytest.mark.parametrize(
    ("url", "kind", "settings"),
    [
        ("slack://T1234/B5678/abcDEF", "slack", HOOK),
        ("slack://T1234/B5678/abcDEF/", "slack", HOOK),
        ("discord://123/aBc-d_e", "discord", {"webhook_url": "https://discord.com/api/webhooks/123/aBc-d_e"}),
        (
            "discord://123/aBc?thread=77",
            "discord",
            {"webhook_url": "https://discord.com/api/webhooks/123/aBc", "thread_id": "77"},
        ),
        ("tgram://123456:ABC-DEF/-100123", "telegram", {"bot_token": "123456:ABC-DEF", "chat_id": -100123}),
        ("tgram://123456:ABC-DEF/42/@news", "telegram", {"bot_token": "123456:ABC-DEF", "chat_id": [42, "@news"]}),
        (
            "mailtos://kim:p%40ss@example.com",
            "email",
            {
                "url": "smtp://kim:p%40ss@example.com:587",
                "from": "kim@example.com",
                "to": "kim@example.com",
                "starttls": "required",
            },
        ),
        (
            "mailtos://kim:pass@example.com:465?smtp=mail.example.com&to=a@x.example,b@x.example&from=b@example.com",
            "email",
            {
                "url": "smtps://kim:pass@mail.example.com:465",
                "from": "b@example.com",
                "to": ["a@x.example", "b@x.example"],
            },
        ),
        ("ntfy://alerts", "ntfy", {"server_url": "https://ntfy.sh", "topic": "alerts"}),
        (
            "ntfys://tk_abc@push.example/alerts",
            "ntfy",
            {"server_url": "https://push.example", "topic": "alerts", "token": "tk_abc"},
        ),
        (
            "ntfy://kim:pass@push.example:8080/alerts?priority=high",
            "ntfy",
            {
                "server_url": "http://push.example:8080",
                "topic": "alerts",
                "username": "kim",
                "password": "pass",
                "priority": "high",
            },
        ),
        (
            "gotifys://push.example/gotify/Token1",
            "gotify",
            {"server_url": "https://push.example/gotify", "token": "Token1"},
        ),
        ("mmosts://chat.example/Hook1", "mattermost", {"webhook_url": "https://chat.example/hooks/Hook1"}),
        (
            "gchat://AAAA/key1/tok%3D",
            "google_chat",
            {"webhook_url": "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=key1&token=tok%3D"},
        ),
        ("pagerduty://R0uting@apikey", "pagerduty", {"routing_key": "R0uting"}),
        ("pover://User1@Token1/phone", "pushover", {"user_key": "User1", "api_token": "Token1", "device": "phone"}),
        ("matrixs://token@m.example/#room", "apprise", {"url": "matrixs://token@m.example/#room"}),
    ],
)
def test_a_url_stands_for_a_channel(url: str, kind: str, settings: dict[str, Any]) -> None:
    assert settings_of(url) == {"kind": kind, **settings}


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("gmail.com", "smtps://kim%40gmail.com:pass@smtp.gmail.com:465"),
        ("GMail.com", "smtps://kim%40GMail.com:pass@smtp.gmail.com:465"),
        ("googlemail.com", "smtps://kim%40googlemail.com:pass@smtp.gmail.com:465"),
        ("gmail.com:587", "smtp://kim%40gmail.com:pass@smtp.gmail.com:587"),
        ("outlook.com", "smtp://kim%40outlook.com:pass@smtp-mail.outlook.com:587"),
        ("hotmail.com", "smtp://kim%40hotmail.com:pass@smtp-mail.outlook.com:587"),
        ("yahoo.com", "smtps://kim%40yahoo.com:pass@smtp.mail.yahoo.com:465"),
        ("icloud.com", "smtp://kim%40icloud.com:pass@smtp.mail.me.com:587"),
        ("naver.com", "smtps://kim%40naver.com:pass@smtp.naver.com:465"),
        ("hanmail.net", "smtps://kim%40hanmail.net:pass@smtp.daum.net:465"),
        ("kakao.com", "smtps://kim%40kakao.com:pass@smtp.kakao.com:465"),
        ("fastmail.com", "smtps://kim%40fastmail.com:pass@smtp.fastmail.com:465"),
        ("zoho.com", "smtps://kim%40zoho.com:pass@smtp.zoho.com:465"),
    ],
)
@pytest.mark.parametrize("scheme", ["mailto", "mailtos"])
def test_a_well_known_mail_host_has_its_own_server(scheme: str, host: str, server: str) -> None:
    """The password leaves only encrypted, also to a port that begins without TLS."""
    address = f"kim@{host.removesuffix(':587')}"
    found = settings_of(f"{scheme}://kim:pass@{host}")
    starttls = {} if server.startswith("smtps") else {"starttls": "required"}
    assert found == {"kind": "email", "url": server, "from": address, "to": address, **starttls}
    assert configured({"CHANNELS": json.dumps({"ops": f"{scheme}://kim:pass@{host}"})})["ops"].kind == "email"


def test_a_server_that_is_named_goes_before_a_well_known_one() -> None:
    found = settings_of("mailtos://kim:pass@gmail.com?smtp=relay.example.com&to=lee@x.example")
    assert found["url"] == "smtp://kim:pass@relay.example.com:587"
    whole = settings_of("mailto://kim%40gmail.com:pass@gmail.com?to=lee@x.example")
    assert whole["url"] == "smtps://kim%40gmail.com:pass@smtp.gmail.com:465"
    assert (whole["from"], whole["to"]) == ("kim@gmail.com", "lee@x.example")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (HOOK["webhook_url"], "slack"),
        ("https://discord.com/api/webhooks/123/aBc", "discord"),
        ("https://chat.googleapis.com/v1/spaces/AAAA/messages?key=a&token=b%3D", "google_chat"),
        ("https://a.b.environment.api.powerplatform.com:443/triggers/manual/paths/invoke?sig=s", "teams"),
        ("https://hook.dooray.com/services/1/2/x", "dooray"),
        ("https://wh.jandi.com/connect-api/webhook/1/x", "jandi"),
    ],
)
def test_a_webhooks_own_address_is_a_channel(url: str, kind: str) -> None:
    assert settings_of(url) == {"kind": kind, "webhook_url": url}
    assert configured({"CHANNELS": json.dumps({"ops": url})})["ops"].kind == kind


def test_a_workflow_of_teams_keeps_its_signature() -> None:
    found = settings_of("workflow://prod-1.logic.azure.com:443/abc/sig%2Fn")
    assert found["webhook_url"].startswith(
        "https://prod-1.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?"
    )
    assert found["webhook_url"].endswith("&sig=sig%2Fn")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("json://host/s3cr3t-path", "the kind webhook with its fields"),
        ("sns://s3cr3t-path/key/region/topic", "the kind sns with its fields"),
        ("slack://s3cr3t-path", "the kind slack with its fields"),
        ("slack://bot@T1/B1/s3cr3t-path", "the kind slack with its fields"),
        ("discord://1/s3cr3t-path?tts=yes", "the kind discord with its fields"),
        ("pover://s3cr3t-path", "the kind pushover with its fields"),
        ("ntfy://host:99999999/s3cr3t-path", "the kind ntfy with its fields"),
        ("https://chat.example/hooks/s3cr3t-path", "a kind beside the address, such as {kind: mattermost"),
        ("https://hooks.slack.com.evil.example/s3cr3t-path", "a kind beside the address"),
        ("https://[s3cr3t-path", "a kind beside the address"),
        ("s3cr3t-path", "a URL such as slack"),
        ("://s3cr3t-path", "a URL such as slack"),
    ],
)
def test_what_no_channel_can_be_made_of_is_refused(url: str, why: str) -> None:
    with pytest.raises(NotOne, match=why) as refused:
        settings_of(url)
    assert "s3cr3t-path" not in str(refused.value)


def test_channels_takes_urls_alone_and_with_the_fields_of_every_kind() -> None:
    described = {
        "ops": "slack://T1234/B5678/abcDEF",
        "night": {"url": "slack://T1234/B5678/abcDEF", "only": ["OUTAGE"]},
    }
    channels = configured({"CHANNELS": json.dumps(described)})
    assert {channels[name].kind for name in described} == {"slack"}
    assert channels["night"].common.route.only == frozenset({"OUTAGE"})


def test_a_url_with_several_chats_is_a_channel_for_each() -> None:
    described = {"ops": "tgram://123456789:ABCdef/-1001/42", "night": {"url": "tgram://123456789:ABCdef/7/8/7"}}
    channels = configured({"CHANNELS": json.dumps(described)})
    chats = {name: found.chat_id for name, found in channels.items() if isinstance(found, TelegramNotifier)}
    assert chats == {"ops": "-1001", "ops#2": "42", "night": "7", "night#2": "8"}


def test_a_url_that_is_refused_is_not_said() -> None:
    with pytest.raises(
        SettingError, match=r"^CHANNELS\.ops is '\(hidden\)': expected a channel of the kind slack"
    ) as refused:
        configured({"CHANNELS": json.dumps({"ops": "slack://s3cr3t-path"})})
    assert "s3cr3t-path" not in str(refused.value)
