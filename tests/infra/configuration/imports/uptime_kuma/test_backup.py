"""The JSON backup of Uptime Kuma 1.x, as it exports it and as people write it by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.configuration.imports.result import Imported, SourceUnreadable
from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.reading import imported_text, monitor, said, values
from tests.infra.configuration.imports.set_ups import NOW


def imported_from(folder: Path, **parts: Any) -> Imported:
    return imported_text(folder, json.dumps({"version": "1.23.13", **parts}), "Uptime_Kuma_Backup.json")


def test_a_backup_is_read_like_a_database(tmp_path: Path) -> None:
    telegram = {"type": "telegram", "telegramBotToken": "1:a", "telegramChatID": "5"}
    notification = {"id": 3, "name": "ops", "config": json.dumps(telegram), "active": True, "isDefault": False}
    group = {"id": 1, "name": "Web", "type": "group", "active": 1, "interval": 60}
    site = {
        "id": 2,
        "name": "Site",
        "type": "keyword",
        "url": "https://example.org",
        "active": True,
        "parent": 1,
        "interval": 30,
        "retryInterval": 30,
        "maxretries": 2,
        "resendInterval": 4,
        "upsideDown": True,
        "ignoreTls": True,
        "keyword": "ok",
        "invertKeyword": False,
        "accepted_statuscodes": ["200-299", "301"],
        "headers": '{"X-Token": "t"}',
        "basic_auth_user": "u",
        "basic_auth_pass": "p",
        "notificationIDList": {"3": True, "4": False},
        "tags": [{"id": 1, "monitor_id": 2, "tag_id": 1, "value": "eu", "name": "region", "color": "#fff"}],
    }
    push = {"id": 5, "name": "Job", "type": "push", "pushToken": "aB3", "interval": 3600, "active": 0}
    imported = imported_from(tmp_path, notificationList=[notification], monitorList=[group, site, push])
    assert monitor(imported, "Site") == {
        "name": "Site",
        "group": "Web",
        "tags": ["region: eu"],
        "url": "https://example.org",
        "interval": "30s",
        "timeout": "24s",
        "failure_threshold": 3,
        "reminder_interval": "2m",
        "upside_down": True,
        "channels": ["ops"],
        "public": False,
        "headers": {"X-Token": "${MONITOR_SITE_X_TOKEN}"},
        "basic_auth": {"username": "u", "password": "${MONITOR_SITE_PASSWORD}"},
        "verify_tls": False,
        "accepted_status_codes": ["200-299", 301],
        "keyword": "ok",
        "max_body": 10_485_760,
    }
    assert monitor(imported, "Job")["enabled"] is False
    assert values(imported)["MONITOR_JOB_TOKEN"] == "aB3"


@pytest.mark.parametrize("spelling", ["maxretries", "maxRetries", "max_retries"])
def test_each_spelling_of_the_retries_is_understood(tmp_path: Path, spelling: str) -> None:
    given = {"name": "M", "type": "http", "url": "https://example.org", spelling: 4}
    assert imported_from(tmp_path, monitorList=[given]).monitors[0]["failure_threshold"] == 5


@pytest.mark.parametrize("listed", [[1, 2], {"1": True, "2": True}, "[1, 2]", '{"1": true, "2": 1}'])
def test_each_form_of_a_list_of_ids_is_understood(tmp_path: Path, listed: Any) -> None:
    channels = [
        {"id": number, "name": f"c{number}", "config": {"type": "pushbullet", "pushbulletAccessToken": f"t{number}"}}
        for number in (1, 2)
    ]
    given = {"name": "M", "type": "ping", "url": "192.0.2.1", "notificationIDList": listed}
    imported = imported_from(tmp_path, monitorList=[given], notificationList=channels)
    assert imported.monitors[0]["channels"] == ["c1", "c2"]


def test_a_list_by_hand_needs_name_type_and_url(tmp_path: Path) -> None:
    entries = [{"name": "M", "type": "http", "url": "https://example.org"}, {"id": 1, "name": "N", "type": "ping"}]
    entries += [{"id": 1, "name": "O", "type": "ping", "hostname": "h", "accepted_statuscodes": '["200"]'}, 5]
    imported = imported_from(tmp_path, monitorList=entries)
    assert [(each["name"], each["interval"]) for each in imported.monitors] == [("M", "1m"), ("O", "1m")]
    assert said(imported, "monitorList: an entry: expected an object")
    assert said(imported, "monitors 'N': type ping: it has no host")


def test_a_proxy_that_a_backup_does_not_hold_is_said(tmp_path: Path) -> None:
    given = {"name": "M", "type": "http", "url": "https://example.org", "proxyId": 3}
    assert said(imported_from(tmp_path, monitorList=[given]), "monitors 'M': proxy: the source does not say which")


@pytest.mark.parametrize("text", ['{"monitorList": [', '{"other": 1}', "{}", "[" * 100_000])
def test_json_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "backup.json"
    file.write_text(text)
    with pytest.raises(SourceUnreadable):
        read(file, NOW)
