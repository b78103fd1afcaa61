"""The logs: one structured line per step, whatever a target wrote, in a cloud and on a laptop."""

import json
import logging
import os
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


# --- what is in a line ------------------------------------------------------------------------------------------------

CONTROLS = ["\x9b31m", "\x85", "\u2028", "\u202e", "\x7f", "\x1b]0;x\x07", "\ud800", "\U000e0001", "\r\n", "\u200b"]
# Unicode calls these printable.
UNSEEN = ["\u3164", "\u2800", "\ufe00", "\ufe0f", "\U000e0100"]
HOSTILE = CONTROLS + UNSEEN


@pytest.mark.parametrize("text", HOSTILE)
def test_json_shows_nothing_raw_that_nobody_sees(cloud: None, capsys: pytest.CaptureFixture[str], text: str) -> None:
    logs.step("server", "alert_opened", cause=f"a{text}b", found={f"name{text}": 1})
    try:
        raise RuntimeError(f"a{text}b")
    except RuntimeError:
        logs.step("server", "defect", level=logging.ERROR, failure=True)
    first, second, rest = capsys.readouterr().out.split("\n")
    assert rest == ""
    assert (first + second).isprintable()
    assert text not in first + second
    assert json.loads(first)["cause"] == f"a{text}b"
    assert f"a{text}b" in json.loads(second)["exception"]


@pytest.mark.parametrize("text", [*HOSTILE, "x\n2025-01-08T12:00:00.000Z INFO    alert_resolved"])
def test_an_exception_cannot_forge_a_line(folder: Path, text: str) -> None:
    try:
        raise RuntimeError(f"a{text}b")
    except RuntimeError:
        logs.step("server", "defect", level=logging.ERROR, failure=True, cause=text)
    first, *others = (folder / "server.log").read_text(encoding="utf-8").split("\n")
    assert " ERROR   defect cause=" in first
    assert all(line.startswith("    ") for line in others[:-1])
    assert all(line.isprintable() and text not in line for line in (first, *others))


def test_text_that_people_read_stays_as_it_is(cloud: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.step("server", "alert_opened", cause="장애 · Zürich 💩")
    assert "장애 · Zürich 💩" in capsys.readouterr().out


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [None, 0o644, 0o666, 0o604])
def test_a_log_is_for_its_user_alone(folder: Path, mode: int | None) -> None:
    if mode is not None:
        folder.mkdir()
        (folder / "server.log").touch()
        (folder / "server.log").chmod(mode)
    logs.step("server", "one")
    assert (folder / "server.log").stat().st_mode & 0o777 == 0o600


def test_a_log_that_was_given_to_a_group_stays_so(folder: Path) -> None:
    folder.mkdir()
    (folder / "server.log").touch()
    (folder / "server.log").chmod(0o640)
    logs.step("server", "one")
    assert (folder / "server.log").stat().st_mode & 0o777 == 0o640


def test_a_folder_of_logs_that_goes_stops_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.step("server", "one")
    away = folder.rename(folder.with_name("away"))
    logs.step("server", "two")
    assert "two" in (folder / "server.log").read_text()
    folder.rename(folder.with_name("also away"))
    folder.write_text("a file where the folder should be")
    logs.step("server", "three")
    folder.unlink()
    away.rename(folder)
    logs.step("server", "four")
    assert "four" in (folder / "server.log").read_text()
    assert "three" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("is_read", [False, True])
def test_a_fifo_instead_of_a_log_stops_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], *, is_read: bool
) -> None:
    folder.mkdir()
    os.mkfifo(folder / "server.log")
    reader = os.open(folder / "server.log", os.O_RDONLY | os.O_NONBLOCK) if is_read else None
    for number in range(1000):
        logs.step("server", "one", text="x" * 100, number=number)
    assert " number=999\n" in capsys.readouterr().out
    if reader is not None:
        os.close(reader)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_a_link_of_another_user_is_not_followed(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    prey = tmp_path / "prey"
    prey.write_text("of value")
    (folder / "server.log").symlink_to(prey)
    os.chown(folder / "server.log", 65_534, 65_534, follow_symlinks=False)
    logs.step("server", "one")
    assert prey.read_text() == "of value"
