"""Findings about settings and keys."""

import json
from pathlib import Path

import pytest

from infra.doctor.findings import Verdict, as_lines
from shared import ROOT
from tests.infra.doctor.examined import FAILURE, OK, WARNING, find, one
from tests.support.running import API_KEY

pytestmark = pytest.mark.slow


def test_every_malformed_setting_is_found_at_once(environ: dict[str, str]) -> None:
    environ |= {"API_AUTH": "none", "MESSAGE_LANGUAGE": "fr", "TELEGRAM_CHAT_ID": "42", "SNS_TOPIC_ARN": "alerts"}
    environ["TZ"] = "Asia/Soeul"
    findings = find(environ)
    for name in ("API_AUTH", "MESSAGE_LANGUAGE", "TZ", "TELEGRAM_BOT_TOKEN", "SNS_TOPIC_ARN"):
        found = one(findings, "settings", f"{name} is ")
        assert (found.verdict, found.fix) == (FAILURE, f"{name}=… in .env or the environment")


def test_what_is_needed_and_missing_is_found(environ: dict[str, str]) -> None:
    for name in ("TARGET_URL", "API_KEY"):
        del environ[name]
    findings = find(environ)
    unset = one(findings, "settings", "TARGET_URL is not set")
    assert unset.verdict is WARNING
    # The example as a whole needs secrets, without which the start ends.
    text = (unset.fix or "").partition("echo '")[2].partition("' > bonghwa.yaml")[0]
    assert text in (ROOT / "infra/local/README.md").read_text()
    assert one(findings, "settings", "API_KEY is not set").verdict is FAILURE


def test_settings_without_a_fault_are_reported_as_ok(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").touch(0o600)
    findings = find(environ, None, tmp_path / ".env")
    assert [each.found for each in findings if each.about == "settings"] == [
        "every setting can be read; TARGET_URL has 1 to watch"
    ]
    assert one(findings, "keys", "1 in use").verdict is OK
    assert one(find(environ, None, tmp_path / ".env.gcp"), "settings", "there is no .env.gcp").verdict is OK


def test_a_readable_file_and_a_misspelled_name_are_found(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TELEGRAM_CHATID=42\nHTTPS_PROXY=http://proxy.example\nLOG_LEVEL=INFO\n")
    file.chmod(0o640)
    findings = find(environ, None, file)
    assert one(findings, "settings", "other users of this machine can read .env").fix == f"chmod 600 {file}"
    misspelled = one(findings, "settings", "in .env is not a setting")
    assert (misspelled.verdict, misspelled.expected) == (WARNING, "perhaps TELEGRAM_CHAT_ID")
    assert misspelled.found.startswith("TELEGRAM_CHATID ")


def test_a_setting_that_a_later_line_takes_back_is_found(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("CHANNELS='hunter2'\nCHANNELS=\n")
    found = one(find(environ, None, file), "settings", "CHANNELS in line 1 of .env does not count, because line 2")
    assert (found.verdict, found.fix) == (WARNING, f"edit {file}")


def test_a_file_that_cannot_be_read_is_found(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"LOCATION=\xff\xfe")
    assert one(find(environ, None, file), "settings", ".env cannot be read: expected text in UTF-8").verdict is FAILURE


def test_each_mistake_in_the_configurations_file_is_found(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "watched.yaml"
    environ["CONFIG_FILE"] = str(file)
    file.write_text("monitors:\n  - {name: A, url: 'http://a/', intervall: 5s}\n  - {name: B, url: ftp//b}\n")
    found = [each for each in find(environ) if each.about == "file"]
    assert [each.verdict for each in found] == [FAILURE] * 2
    assert "watched.yaml:2: monitors[0] 'A': unknown key 'intervall': expected interval" in found[0].found
    assert "watched.yaml:3: monitors[1] 'B': url is 'ftp//b'" in found[1].found
    assert f"edit {file}" in (found[0].fix or "")
    file.write_text("monitors: [{name: A, url: 'http://a/'}]")
    assert one(find(environ), "file", f"{file} has 1 monitors").verdict is OK


def test_the_file_may_name_a_channel_of_the_setting(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "watched.yaml"
    file.write_text("monitors: [{name: A, url: 'http://a/', channels: [night]}]")
    hook = {"kind": "webhook", "url": "http://127.0.0.1:1/"}
    environ |= {"CONFIG_FILE": str(file), "CHANNELS": json.dumps({"night": hook})}
    assert one(find(environ), "file", f"{file} has 1 monitors").verdict is OK


@pytest.mark.parametrize("key", ["hunter2", "my-secret-key-12345", f"{API_KEY},hunter2"])
@pytest.mark.parametrize(("host", "verdict"), [("127.0.0.1", WARNING), ("0.0.0.0", FAILURE)])
def test_a_key_that_can_be_guessed_is_worse_where_others_call(
    environ: dict[str, str], key: str, host: str, verdict: Verdict
) -> None:
    found = one(find(environ | {"API_KEY": key, "FLASK_HOST": host}), "keys", "can be guessed")
    assert (found.verdict, "secrets.token_urlsafe" in (found.fix or "")) == (verdict, True)


@pytest.mark.parametrize(
    ("auth", "host", "words"),
    [
        ("ingest", "0.0.0.0", "API_AUTH is ingest: others can read and change alerts without a key"),
        ("writes", "::", "API_AUTH is writes: others can read alerts without a key"),
        ("all", "0.0.0.0", None),
        ("ingest", "127.0.0.1", None),
    ],
)
def test_what_others_can_do_without_a_key_is_found(
    environ: dict[str, str], auth: str, host: str, words: str | None
) -> None:
    findings = find(environ | {"API_AUTH": auth, "FLASK_HOST": host})
    said = [(each.found, each.fix) for each in findings if each.about == "keys" and each.verdict is WARNING]
    assert said == ([(words, "API_AUTH=all")] if words else [])


@pytest.mark.parametrize(
    ("url", "is_open"),
    [("https://status.example.com", True), ("http://localhost:5000", False), ("http://[::1]/", False)],
)
def test_a_proxy_lets_others_call(environ: dict[str, str], url: str, is_open: bool) -> None:
    findings = find(environ | {"API_AUTH": "ingest", "API_KEY": "hunter2", "PUBLIC_URL": url})
    assert one(findings, "keys", "can be guessed").verdict is (FAILURE if is_open else WARNING)
    assert any("API_AUTH is ingest" in each.found for each in findings) is is_open


def test_a_key_that_is_sent_in_the_clear_is_found(environ: dict[str, str]) -> None:
    found = one(find(environ | {"BACKEND_URL": "http://api.example:81"}), "keys", "unencrypted")
    assert (found.verdict, found.fix) == (WARNING, "BACKEND_URL=https://api.example:81")


def test_no_secret_is_shown_whoever_repeats_it(environ: dict[str, str]) -> None:
    environ |= {"BACKEND_URL": "http://kim:pass-of-kim@api.example", "FLASK_HOST": API_KEY}
    said = as_lines(find(environ, "http://kim:pass-of-lee@127.0.0.1:1"))
    assert "pass-of" not in said
    assert API_KEY not in said
    assert "FLASK_HOST is '(hidden)'" in said
