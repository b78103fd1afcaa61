"""One file says what is watched, on the running system: from the start, after each edit, and despite a broken one."""

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from shared.web import MAX_BODY_BYTES
from tests.support.running import API_KEY, LocalSystem, free_port
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system

KEY = {"X-API-Key": API_KEY}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "watched.yaml"


def started(project: Path, folder: Path, file: Path, **variables: str) -> LocalSystem:
    return LocalSystem(project, folder, CONFIG_FILE=str(file), **{"TARGET_URL": "", **variables})


def lines(*monitors: str) -> str:
    listed = "\n".join(f"  - {{{monitor}}}" for monitor in monitors)
    return f"defaults: {{interval: 1s, timeout: 2s, failure_threshold: 2}}\nmonitors:\n{listed}\n"


def monitors(system: LocalSystem) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in system.get("/monitors").json()["monitors"]}


def told(system: LocalSystem) -> list[str]:
    """The first words of each message."""
    return [" ".join(line.split()[:2]) for line in system.output().splitlines() if line.startswith(("OUTAGE", "RECOV"))]


def test_monitors_of_the_file_go_down_and_come_back(project: Path, tmp_path: Path, file: Path, target: Target) -> None:
    port = free_port()
    web = f'name: Web, group: Shop, url: "{target.url}", conditions: ["[STATUS] == 200", "[BODY] == pat(*hello*)"]'
    file.write_text(lines(web, f'name: Port, url: "tcp://127.0.0.1:{port}"'))
    with started(project, tmp_path, file) as system:
        system.wait_until(lambda: told(system) == ["OUTAGE Port"])
        target.body = "goodbye"
        system.wait_until(lambda: told(system) == ["OUTAGE Port", "OUTAGE Web"])
        found = monitors(system)
        assert {name: each["state"] for name, each in found.items()} == {"Web": "DOWN", "Port": "DOWN"}
        assert found["Web"]["policy"]["group"] == "Shop"
        assert found["Web"]["active_alert"]["cause"] == "condition failed: [BODY] (goodbye) == pat(*hello*)"
        assert found["Web"]["last_event"]["ip"] == "127.0.0.1"
        target.body = "hello"
        system.wait_until(lambda: told(system)[2:] == ["RECOVERY Web"])


def test_a_file_longer_than_any_request_is_watched(project: Path, tmp_path: Path, file: Path, target: Target) -> None:
    long = f'method: POST, body: "{"0123456789" * 500}", enabled: false, url: "{target.url}"'
    file.write_text(lines(f'name: Web, url: "{target.url}"', *(f"name: Paused {n}, {long}" for n in range(250))))
    assert file.stat().st_size > MAX_BODY_BYTES
    with started(project, tmp_path, file) as system:
        system.wait_until(lambda: monitors(system).get("Web", {}).get("state") == "UP")
        [applied] = [line for line in system.output().splitlines() if " configuration_applied file=" in line]
        assert applied.endswith('; + Paused 18; …; 251 added, 0 changed, 0 removed, 0 unchanged"')


def test_an_edit_is_followed_and_a_broken_one_changes_nothing(
    project: Path, tmp_path: Path, file: Path, target: Target
) -> None:
    dead = f'name: Dead, url: "http://127.0.0.1:{free_port()}/"'
    file.write_text(lines(dead))
    with started(project, tmp_path, file) as system:
        system.wait_until(lambda: told(system) == ["OUTAGE Dead"])
        file.write_text(lines(dead, "name: Web, intervall: 5 secs"))
        found = system.wait_until(lambda: system.get("/").json()["reasons"])
        assert found == ["watched.yaml:4: monitors[1] 'Web': unknown key 'intervall': expected interval"]
        assert list(monitors(system)) == ["Dead"]
        file.write_text(lines(f'name: Web, url: "{target.url}"'))
        system.wait_until(lambda: list(monitors(system)) == ["Web"])
        system.wait_until(lambda: told(system)[1:] == ["RECOVERY Dead"])
        assert "no longer watched (removed)" in system.output()
        system.wait_until(lambda: system.get("/").json()["status"] == "ok")


def test_a_file_that_the_backend_cannot_take_is_sent_again(
    project: Path, tmp_path: Path, file: Path, target: Target
) -> None:
    web, shop = (f'name: {name}, url: "{target.url}"' for name in ("Web", "Shop"))
    file.write_text(lines(web))
    with started(project, tmp_path, file) as system:
        system.wait_until(lambda: list(monitors(system)) == ["Web"])
        with contextlib.closing(sqlite3.connect(system.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            file.write_text(lines(web, shop))
            system.wait_until(lambda: "did not take the configuration" in system.output())
        # Nobody edits the file.
        system.wait_until(lambda: set(monitors(system)) == {"Web", "Shop"})


def test_a_broken_file_stops_the_start_and_names_every_line(project: Path, tmp_path: Path, file: Path) -> None:
    file.write_text("monitors:\n  - {name: A, url: ftp//a}\n  - {name: A, url: 'http://a/', timeout: never}\n")
    with pytest.raises(AssertionError) as raised, started(project, tmp_path, file):
        pass
    printed = str(raised.value)
    assert "watched.yaml:2: monitors[0] 'A': url is 'ftp//a'" in printed
    assert "watched.yaml:3: monitors[1] 'A': timeout is 'never': expected a duration" in printed


def test_the_file_and_target_url_are_both_watched(project: Path, tmp_path: Path, file: Path, target: Target) -> None:
    file.write_text(lines(f'name: Web, url: "{target.url}"'))
    url = f"{target.url}/own"
    with started(project, tmp_path, file, TARGET_URL=url) as system:
        system.wait_until(lambda: [each["state"] for each in monitors(system).values()] == ["UP", "UP"])
        found = {name: each["source"] for name, each in monitors(system).items()}
        assert found in ({"Web": "file", url: "env"}, {"Web": "file", url: "report"})
        target.is_hanging = True
        system.wait_until(lambda: sorted(told(system)) == ["OUTAGE Web", f"OUTAGE {url}"])
        target.is_hanging = False


def test_a_monitor_of_the_api_is_checked_within_seconds(project: Path, tmp_path: Path, target: Target) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL="") as system:
        policy = {"name": "API", "url": target.url, "interval": "1h"}
        made = system.post("/monitors", policy)
        assert made.status_code == 201
        system.wait_until(lambda: target.hits == 1)
        began = time.monotonic()
        path = f"/monitors/{made.json()['id']}"
        assert system.post(f"{path}/check", {}).status_code == 202
        system.wait_until(lambda: target.hits == 2)
        # The agent asks every second. By its interval, the check would come in an hour.
        assert time.monotonic() - began < 10
        system.wait_until(lambda: system.get(path).json()["state"] == "UP")


def test_a_restart_goes_on_with_what_was_watched(project: Path, tmp_path: Path, file: Path, target: Target) -> None:
    file.write_text(lines(f'name: Web, url: "{target.url}"'))
    target.status = 500
    with started(project, tmp_path, file) as system:
        system.wait_until(lambda: told(system) == ["OUTAGE Web"])
    with started(project, tmp_path, file) as system:
        seen = target.hits
        system.wait_until(lambda: target.hits > seen + 1)
        assert told(system) == [], "nobody is notified twice of one outage"
        target.status = 200
        system.wait_until(lambda: told(system) == ["RECOVERY Web"])


def test_a_hundred_hanging_monitors_delay_no_other(project: Path, tmp_path: Path, file: Path, target: Target) -> None:
    with Target() as slow:
        slow.is_hanging = True
        hanging = [f'name: Slow {number}, url: "{slow.url}/{number}", timeout: 20s' for number in range(100)]
        file.write_text(lines(*hanging, f'name: Web, url: "{target.url}"'))
        with started(project, tmp_path, file) as system:
            system.wait_until(lambda: target.hits)
            target.status = 500
            began = time.monotonic()
            system.wait_until(lambda: told(system) == ["OUTAGE Web"])
            # None of the others is given up before 20 s.
            assert time.monotonic() - began < 18
            slow.is_hanging = False
