"""UptimeFlare's behaviour, and its import."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.configuration.imports.result import Imported, SourceUnreadable
from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.reading import imported_text, monitor, notes, said, values
from tests.infra.configuration.imports.set_ups import NOW, SETUPS

HOME = {"id": "home", "name": "Home", "method": "GET", "target": "https://example.org"}
TELEGRAM = {
    "url": "https://api.telegram.org/bot123456:ABCDEF_ghijklmnopqrstuvwxyz-0123456/sendMessage",
    "payloadType": "param",
    "payload": {"chat_id": 12345678, "text": "$MSG"},
}


def imported(folder: Path, *, page: dict[str, Any] | None = None, windows: Any = (), **worker: Any) -> Imported:
    """The import of a file with these parts, each as JSON."""
    parts = {"pageConfig": page or {}, "workerConfig": {"monitors": [HOME], **worker}, "maintenances": list(windows)}
    text = "".join(f"export const {name} = {json.dumps(part)}\n" for name, part in parts.items())
    return imported_text(folder, text, "uptime.config.ts")


@pytest.mark.parametrize(("minutes", "failures"), [(None, 1), (0, 1), (1, 2), (5, 6), (-3, 1)])
def test_a_grace_period_begins_after_the_first_failure(tmp_path: Path, minutes: int | None, failures: int) -> None:
    found = imported(tmp_path, notification={"gracePeriod": minutes})
    assert monitor(found, "Home")["failure_threshold"] == failures


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {}),
        ({"responseKeyword": "up"}, {"keyword": "up", "max_body": 10_485_760}),
        ({"responseForbiddenKeyword": "down"}, {"forbidden_keyword": "down", "max_body": 10_485_760}),
    ],
)
def test_all_of_a_body_is_searched(tmp_path: Path, given: dict[str, str], fields: dict[str, Any]) -> None:
    found = monitor(imported(tmp_path, monitors=[{**HOME, **given}]), "Home")
    assert {name: found[name] for name in ("keyword", "forbidden_keyword", "max_body") if name in found} == fields


@pytest.mark.parametrize(
    ("written", "keyword"),
    [
        ("process.env.WORD", "${MONITOR_WORD}"),
        ("`version ${env.VERSION} of`", "version ${MONITOR_VERSION} of"),
        ("`cost $${env.PRICE}`", "cost $$${MONITOR_PRICE}"),
        ("'cost $5'", "cost $5"),
        ("'cost $$5'", "cost $$$5"),
        ("'${MONITOR_X}'", "$${MONITOR_X}"),
    ],
)
def test_a_keyword_keeps_its_variables_and_each_dollar(tmp_path: Path, written: str, keyword: str) -> None:
    keys = f"responseKeyword: {written}, responseForbiddenKeyword: {written}"
    text = f"const workerConfig = {{ monitors: [{{ id: 'home', target: 'https://example.org', {keys} }}] }}"
    found = imported_text(tmp_path, text, "uptime.config.ts")
    assert (monitor(found, "home")["keyword"], monitor(found, "home")["forbidden_keyword"]) == (keyword, keyword)
    assert not said(found, "monitors 'home'", "eyword")


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("process.env.SITE", "https://${MONITOR_SITE}"),
        ("`${env.SITE}/health`", "https://${MONITOR_SITE}/health"),
        ("`https://${env.SITE}`", "https://${MONITOR_SITE}"),
    ],
)
def test_a_target_of_the_environment_gets_its_scheme(tmp_path: Path, target: str, url: str) -> None:
    text = f"const workerConfig = {{ monitors: [{{ id: 'home', target: {target} }}] }}"
    found = imported_text(tmp_path, text, "uptime.config.ts")
    assert monitor(found, "home")["url"] == url
    is_written_before = not target.startswith("`https")
    assert said(found, "monitors 'home': url: https:// is written before ${MONITOR_SITE}") == is_written_before


def test_without_groups_every_monitor_is_public(tmp_path: Path) -> None:
    found = imported(tmp_path, page={"title": "T", "group": {}})
    assert monitor(found, "Home")["public"] is True
    assert found.status_page == {"title": "T"}


def test_what_is_in_no_group_stays_invisible(tmp_path: Path) -> None:
    other = {**HOME, "id": "other", "name": "Other"}
    found = imported(tmp_path, page={"group": {"A": ["home"]}}, monitors=[HOME, other])
    assert monitor(found, "Home")["group"] == "A"
    assert "public" not in monitor(found, "Other")
    assert found.status_page == {"title": "UptimeFlare", "groups": ["A"]}


def test_a_page_whose_password_is_code_is_not_made_public(tmp_path: Path) -> None:
    text = f"""
        const pageConfig = {{ group: {{ A: ['home'] }} }}
        const workerConfig = {{ passwordProtection: secret(), monitors: [{json.dumps(HOME)}] }}
    """
    found = imported_text(tmp_path, text, "uptime.config.ts")
    assert found.status_page is None
    assert monitor(found, "Home")["public"] is False
    assert said(found, "passwordProtection", "password is not known")


def test_without_a_notification_nobody_is_told(tmp_path: Path) -> None:
    found = imported(tmp_path)
    assert monitor(found, "Home")["channels"] == []
    assert said(found, "notification", "notify nobody")


def test_only_those_that_are_skipped_tell_nobody(tmp_path: Path) -> None:
    quiet = {**HOME, "id": "quiet", "name": "Quiet"}
    told = {"webhook": TELEGRAM, "skipNotificationIds": ["quiet"]}
    found = imported(tmp_path, notification=told, monitors=[HOME, quiet])
    assert monitor(found, "Home")["channels"] == ["telegram"]
    assert monitor(found, "Quiet")["channels"] == []


def test_two_webhooks_of_a_kind_have_two_names(tmp_path: Path) -> None:
    found = imported(tmp_path, notification={"webhook": [TELEGRAM, TELEGRAM]})
    assert list(found.channels) == ["telegram", "telegram 2"]


def test_the_payload_of_any_other_service_is_sent_as_before(tmp_path: Path) -> None:
    payload = {"msg_type": "text", "content": {"text": "$MSG", "cost": "$5 or ${x}"}, "list": ["$MSG", None, True]}
    hook = {"url": "https://open.feishu.cn/open-apis/bot/v2/hook/t0ken", "payloadType": "json", "payload": payload}
    found = imported(tmp_path, notification={"webhook": hook})
    body = found.channels["webhook"]["body"]
    assert json.loads(body.replace("$$", "$").replace("{{ text }}", "$MSG")) == payload
    assert values(found) == {"WEBHOOK_URL_SECRET": hook["url"]}


def test_a_secret_of_a_payload_is_kept_as_it_is_filled_in(tmp_path: Path) -> None:
    payload = {"token": 'a "quoted" one', "text": "$MSG"}
    hook = {"url": "https://hook.example.org", "payloadType": "json", "payload": payload}
    found = imported(tmp_path, notification={"webhook": hook})
    body = found.channels["webhook"]["body"]
    assert "quoted" not in body
    assert json.loads(body.replace("${WEBHOOK_TOKEN}", values(found)["WEBHOOK_TOKEN"]))["token"] == payload["token"]


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        ({"start": 1750000000, "end": 1750003600}, "it is over"),
        ({"start": "2025-07-01", "end": "2025-06-30"}, "it ends before it begins"),
        ({"start": "soon", "end": "2025-06-30"}, "start is no time"),
        ({"start": "2025-06-01", "end": 1e300}, "end is no time"),
        ({"start": "2025-06-01"}, "it has no end"),
        ({"start": "2025-06-01", "end": "2025-06-30", "monitors": ["gone"]}, "it covers no monitor"),
        ({"start": "2025-06-01", "end": "2025-06-30", "monitors": []}, "it names no monitor"),
    ],
)
def test_a_maintenance_is_left_out_if(tmp_path: Path, window: dict[str, Any], reason: str) -> None:
    found = imported(tmp_path, windows=[{"monitors": ["home"], "body": "B", **window}])
    assert found.windows == []
    assert reason in notes(found, "windows 'Scheduled Maintenance'")[0]


def test_a_token_of_a_proxy_is_in_no_note(tmp_path: Path) -> None:
    found = imported(tmp_path, monitors=[{**HOME, "checkProxy": "globalping://t0psecret/?magic=CN"}])
    assert said(found, "checkProxy", "run an agent there")
    assert not said(found, "t0psecret")


def test_the_repository_is_read_as_well_as_its_file(tmp_path: Path) -> None:
    file = next(setup for setup in SETUPS if setup.name == "uptimeflare-plain") / "source/uptime.config.ts"
    (tmp_path / "worker").mkdir()
    (tmp_path / "uptime.config.ts").write_bytes(file.read_bytes())
    (tmp_path / "docker-compose.yml").write_text("services: {}")
    assert read(tmp_path, NOW).monitors == read(file, NOW).monitors


def test_a_file_of_another_name_is_known_by_its_content(tmp_path: Path) -> None:
    text = f"// mine\nexport const workerConfig: WorkerConfig = {{ monitors: [{json.dumps(HOME)}] }}\n"
    assert [found["name"] for found in imported_text(tmp_path, text, "status.txt").monitors] == ["Home"]


def test_the_default_export_may_be_the_configuration(tmp_path: Path) -> None:
    text = f"export default {{ monitors: [{json.dumps(HOME)}] }}"
    assert [found["name"] for found in imported_text(tmp_path, text, "uptime.config.ts").monitors] == ["Home"]


def test_other_typescript_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="holds no workerConfig of UptimeFlare"):
        imported_text(tmp_path, "export const a = 1", "next.config.ts")


def test_a_mistake_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"uptime\.config\.ts:3: expected a key, found \{"):
        imported_text(tmp_path, "const workerConfig = {\n  monitors: [{ id: 1,\n    { id: 2 } ] }", "uptime.config.ts")
