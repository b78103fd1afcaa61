"""Uptime Kuma's notifications."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from infra.configuration.imports import apprise_urls
from infra.configuration.imports.channels import add_channel, chat_ids, recipients, smtp_url
from infra.configuration.imports.placeholders import literal
from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptime_kuma.notification_config import Config
from infra.configuration.imports.uptime_kuma.rows import Export

_TELEGRAM = "https://api.telegram.org"
_PAGERDUTY = "events.pagerduty.com"

Settings = dict[str, Any]
Mapper = Callable[[Config], Settings | list[Settings] | None]


def add_all(export: Export, imported: Imported) -> dict[int, list[str]]:
    """Add a channel for each notification; the names of its channels, by the notification's id."""
    names: dict[int, list[str]] = {}
    for row in export.notifications:
        row.where = f"channels {row.word('name')!r}"
        config = Config(row)
        wanted = row.word("name") or config.text("name") or "channel"
        row.where = f"channels {wanted!r}"
        kind = config.text("type")
        names[row.whole("id") or 0] = list(_added(config, kind, wanted, imported))
        if kind in _MAPPERS and (left := config.left(kind)):
            row.note(", ".join(left), "they have no counterpart here")
    return names


def _added(config: Config, kind: str, wanted: str, imported: Imported) -> Iterator[str]:
    mapper = _MAPPERS.get(kind)
    found = None
    try:
        found = mapper(config) if mapper else None
    except ValueError:
        # urlsplit refuses a URL with half a bracket in it.
        found = None
    if found is None:
        why = "there is no such kind of channel here" if mapper is None else "its settings are incomplete or malformed"
        config.row.note(f"type {kind or 'unknown'}", f"{why}; the channel is left out")
        return
    for settings in [found] if isinstance(found, dict) else found:
        if (name := add_channel(imported, wanted, literal(settings))) is not None:
            yield name


def _webhook_url(kind: str, setting: str) -> Mapper:
    return lambda config: {"kind": kind, "webhook_url": config.text(setting)}


def _discord(config: Config) -> Settings:
    is_in_thread = config.text("discordChannelType") == "postToThread"
    thread = config.text("threadId")
    return {
        "kind": "discord",
        "webhook_url": config.text("discordWebhookUrl"),
        "thread_id": thread if is_in_thread else None,
    }


def _telegram(config: Config) -> Settings:
    api = config.text("telegramServerUrl").rstrip("/")
    is_silent = config.flag("telegramSendSilently")
    if is_silent:
        config.row.note("telegramSendSilently", "only a RECOVERY can be silent here; an OUTAGE rings")
    return {
        "kind": "telegram",
        "bot_token": config.text("telegramBotToken"),
        "chat_id": chat_ids(config.text("telegramChatID")),
        "topic_id": config.whole("telegramMessageThreadID"),
        "silent_recovery": is_silent or None,
        "protect_content": config.flag("telegramProtectContent") or None,
        "api_url": api if api not in ("", _TELEGRAM) else None,
    }


def _email(config: Config) -> Settings | None:
    host = config.text("smtpHost")
    if not host:
        return None
    if config.flag("smtpIgnoreTLSError"):
        config.row.note("smtpIgnoreTLSError", "the certificate of the mail server is always verified here")
    if config.text("smtpBCC"):
        config.row.note("smtpBCC", "one mail goes to all here, so nobody is hidden; it is left out")
    is_tls = config.flag("smtpSecure")
    user, password = config.text("smtpUsername"), config.text("smtpPassword")
    if bool(user) != bool(password):
        config.row.note("smtpUsername", "it has no password, or there is no user, so nobody logs in here")
    return {
        "kind": "email",
        "url": smtp_url(host, config.whole("smtpPort"), user, password, is_tls=is_tls),
        "from": config.text("smtpFrom"),
        "to": recipients(config.text("smtpTo")) + recipients(config.text("smtpCC")),
        "starttls": "off" if config.flag("smtpIgnoreSTARTTLS") and not is_tls else None,
    }


def _ntfy(config: Config) -> Settings:
    by = config.text("ntfyAuthenticationMethod")
    user, password = config.text("ntfyusername"), config.text("ntfypassword")
    token = config.text("ntfyaccesstoken")
    is_by_password = by == "usernamePassword" or (not by and bool(user))
    return {
        "kind": "ntfy",
        "server_url": config.text("ntfyserverurl"),
        "topic": config.text("ntfytopic"),
        "token": token if by == "accessToken" else None,
        "username": user if is_by_password else None,
        "password": password if is_by_password else None,
        "priority": config.whole("ntfyPriority"),
    }


def _gotify(config: Config) -> Settings:
    return {
        "kind": "gotify",
        "server_url": config.text("gotifyserverurl"),
        "token": config.text("gotifyapplicationToken"),
        "priority": config.whole("gotifyPriority"),
    }


def _pushover(config: Config) -> Settings:
    return {
        "kind": "pushover",
        "api_token": config.text("pushoverapptoken"),
        "user_key": config.text("pushoveruserkey"),
        "device": config.text("pushoverdevice"),
        "priority": config.whole("pushoverpriority"),
        "sound": config.text("pushoversounds"),
    }


def _pagerduty(config: Config) -> Settings:
    parts = urlsplit(config.text("pagerdutyIntegrationUrl"))
    if config.text("pagerdutyAutoResolve") != "resolve":
        config.row.note("pagerdutyAutoResolve", "a RECOVERY always resolves the incident here")
    return {
        "kind": "pagerduty",
        "routing_key": config.text("pagerdutyIntegrationKey"),
        "severity": config.text("pagerdutyPriority"),
        "api_url": f"{parts.scheme}://{parts.netloc}" if parts.netloc not in ("", _PAGERDUTY) else None,
    }


def _webhook(config: Config) -> Settings:
    is_get = config.text("httpMethod").lower() == "get"
    content = config.text("webhookContentType")
    own = "its template is not carried over: " if config.text("webhookCustomBody") and content == "custom" else ""
    config.row.note("body", f"{own}the fields that are sent have other names here; adapt the receiver, or set body")
    headers: Any = config.data.get("webhookAdditionalHeaders")
    config.read.add("webhookAdditionalHeaders")
    if isinstance(headers, str) and headers.strip():
        try:
            headers = json.loads(headers)
        except (ValueError, RecursionError):
            config.row.note("webhookAdditionalHeaders", "expected a JSON object; they are left out")
    return {
        "kind": "webhook",
        "url": config.text("webhookURL"),
        "method": "GET" if is_get else None,
        "format": "query" if is_get else "form" if content == "form-data" else None,
        "headers": {str(name): str(text) for name, text in headers.items()} if isinstance(headers, dict) else None,
    }


def _apprise(config: Config) -> list[Settings]:
    found = []
    for url in apprise_urls.listed(config.text("appriseURL")):
        settings = apprise_urls.channel(url)
        if isinstance(settings, str):
            config.row.note("appriseURL", settings)
        else:
            found.append(settings)
    return found


def _signal(config: Config) -> list[Settings] | None:
    server, sender = config.text("signalURL"), config.text("signalNumber")
    recipients = [each for each in re.split(r"[,\s]+", config.text("signalRecipients")) if each]
    urls = [apprise_urls.signal(server, sender, recipient) for recipient in recipients]
    return [{"kind": "apprise", "url": url} for url in urls if url] or None


def _bridged(build: Callable[[Config], str | None]) -> Mapper:
    def mapped(config: Config) -> Settings | None:
        url = build(config)
        return {"kind": "apprise", "url": url} if url else None

    return mapped


def _keyed(scheme: str, setting: str) -> Mapper:
    return _bridged(lambda config: f"{scheme}://{config.text(setting)}" if config.text(setting) else None)


_MAPPERS: dict[str, Mapper] = {
    "discord": _discord,
    "slack": _webhook_url("slack", "slackwebhookURL"),
    "mattermost": _webhook_url("mattermost", "mattermostWebhookUrl"),
    "teams": _webhook_url("teams", "webhookUrl"),
    "GoogleChat": _webhook_url("google_chat", "googleChatWebhookURL"),
    "telegram": _telegram,
    "smtp": _email,
    "ntfy": _ntfy,
    "gotify": _gotify,
    "pushover": _pushover,
    "PagerDuty": _pagerduty,
    "webhook": _webhook,
    "apprise": _apprise,
    "signal": _signal,
    "matrix": _bridged(
        lambda config: apprise_urls.matrix(
            config.text("homeserverUrl"), config.text("internalRoomId"), config.text("accessToken")
        )
    ),
    "rocket.chat": _bridged(lambda config: apprise_urls.rocket_chat(config.text("rocketwebhookURL"))),
    "Bark": _bridged(lambda config: apprise_urls.bark(config.text("barkEndpoint"))),
    "Feishu": _bridged(lambda config: apprise_urls.feishu(config.text("feishuWebHookUrl"))),
    "pushbullet": _keyed("pbul", "pushbulletAccessToken"),
    "WeCom": _keyed("wecombot", "weComBotKey"),
    "ServerChan": _keyed("schan", "serverChanSendKey"),
}
