"""The logs: one structured line per step, whatever a target wrote, in a cloud and on a laptop."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import logs

pytestmark = pytest.mark.usefixtures("fresh_logs")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "logs"))
    return tmp_path / "logs"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOG_DIR", raising=False)
    monkeypatch.delenv("LOG_LEVEL", raising=False)


def test_a_cloud_gets_json_on_standard_output(cloud: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.step("server", "alert_opened", alert_id=3, target_url="http://t/", cause="장애 \n x", nothing=None)
    line = json.loads(capsys.readouterr().out)
    assert line.pop("time").endswith("Z")
    assert line == {
        "severity": "INFO",
        "message": "alert_opened",
        "alert_id": 3,
        "target_url": "http://t/",
        "cause": "장애 \n x",
    }


def test_a_laptop_gets_text_on_standard_output_and_in_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.step("server", "alert_opened", alert_id=3, cause="connection refused")
    logs.step("agent", "checked", target_url="http://t/?a=b")
    out = capsys.readouterr().out
    server, agent = (folder / "server.log").read_text(), (folder / "agent.log").read_text()
    assert out == server + agent
    assert server.endswith(' INFO    alert_opened alert_id=3 cause="connection refused"\n')
    assert agent.endswith(' INFO    checked target_url="http://t/?a=b"\n')


def test_the_text_of_a_target_cannot_forge_a_line(folder: Path) -> None:
    logs.step("server", "checked", cause="x\n2025-01-08T12:00:00.000Z INFO alert_resolved\x1b[0m\u2028")
    assert len((folder / "server.log").read_text().splitlines()) == 1


def test_a_renamed_file_is_followed_by_a_new_one(folder: Path) -> None:
    logs.step("server", "one")
    (folder / "server.log").rename(folder / "server.log.1")
    logs.step("server", "two")
    assert "two" in (folder / "server.log").read_text()
    assert "one" in (folder / "server.log.1").read_text()


def test_debug_lines_need_the_level_debug(
    cloud: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fresh_logs: Callable[[], None],
) -> None:
    logs.step("server", "detail", level=logging.DEBUG)
    assert capsys.readouterr().out == ""
    fresh_logs()
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    logs.step("server", "detail", level=logging.DEBUG)
    assert "detail" in capsys.readouterr().out


def test_a_defect_is_logged_with_its_traceback(cloud: None, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logs.step("server", "defect", level=logging.ERROR, failure=True)
    assert "RuntimeError: boom" in json.loads(capsys.readouterr().out)["exception"]


def test_a_full_disk_prints_no_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    folder.mkdir()
    (folder / "server.log").symlink_to("/dev/full")
    logs.step("server", "alert_opened")
    assert capsys.readouterr().err == ""
