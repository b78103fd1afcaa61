"""Heartbeats on the running system, from outside: pings by curl, a miss, the recovery, and a kill after the answer."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared import ROOT
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi

pytestmark = pytest.mark.system

TOKEN = "t0k3n-of-a-job-that-runs-each-second"
CAUSE = re.compile(r"cause: no ping since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC · since ")


def started(project: Path, folder: Path, **variables: str) -> LocalSystem:
    return LocalSystem(project, folder, TARGET_URL="", TZ="UTC", **variables)


def make(system: LocalSystem, name: str = "Backup", period: str = "1s", **fields: Any) -> None:
    beat = {"period": period, "grace": "1s", "token": TOKEN}
    assert system.post("/monitors", {"name": name, "heartbeat": beat, **fields}).status_code == 201


def told(system: LocalSystem) -> list[str]:
    """The beginning of each message."""
    return [" ".join(line.split()[:2]) for line in system.told()]


def test_a_job_that_stops_and_pings_again(project: Path, tmp_path: Path, bot_api: BotApi) -> None:
    with started(project, tmp_path, **bot_api.environ) as system:
        make(system, failure_threshold=3)
        assert system.post("/review_alerts").json()["missed_pings"] == 0
        assert system.get(f"/heartbeats/{TOKEN}").json() == {"ok": True}
        # Nobody but the system's own schedule looks for it.
        system.wait_until(lambda: told(system) == ["OUTAGE Backup"], seconds=10)
        assert CAUSE.search(system.told()[0])
        [missed] = system.events(is_success=False)
        assert missed["error_message"].startswith("no ping since ")
        assert system.get(f"/heartbeats/{TOKEN}/0").json() == {"ok": True}
        system.wait_until(lambda: told(system)[:2] == ["OUTAGE Backup", "RECOVERY Backup"])
        system.wait_until(lambda: len(bot_api.messages) >= 2)
        assert [text.split()[0] for text in bot_api.messages[:2]] == ["OUTAGE", "RECOVERY"]
        assert TOKEN not in system.output()
    assert TOKEN not in (tmp_path / "logs" / "server.log").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("separate", ["0", "1"])
def test_the_manuals_commands_do_what_it_says(project: Path, tmp_path: Path, separate: str) -> None:
    manual = (ROOT / "functions" / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Heartbeats.*?```bash\n(.*?)```", manual, re.DOTALL)
    assert block
    with started(project, tmp_path, SEPARATE=separate) as system:
        commands = block[1].replace("localhost:5000", f"127.0.0.1:{system.port}").replace("/tmp/", f"{tmp_path}/")
        (tmp_path / "backup.log").write_text("disk full\n")
        commands = commands.replace("/var/log/", f"{tmp_path}/")
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "KEY": system.environ["API_KEY"], "NO_PROXY": "*"}
        done = subprocess.run(
            ["sh", "-c", commands], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
        assert done.stdout.count('{"ok":true}') == 6, done.stdout + done.stderr
        events = system.rows("SELECT is_success, error_message, message, response_time_ms FROM events ORDER BY id")
    assert [(event["is_success"], event["error_message"], event["message"]) for event in events] == [
        (1, None, None),
        (1, None, None),
        (0, "disk full", "disk full"),
        (1, None, "OK"),
        (0, "disk full", "disk full"),
    ]
    assert events[1]["response_time_ms"] > 0
    assert [event["response_time_ms"] for event in events[2:]] == [None, 120, 10_000]


def test_a_ping_that_was_answered_survives_a_kill(project: Path, tmp_path: Path) -> None:
    with started(project, tmp_path) as system:
        make(system, period="1h")
        for number in range(1, 4):
            assert system.get(f"/heartbeats/{TOKEN}/start").status_code == 200
            assert system.post(f"/heartbeats/{TOKEN}/{number}", key=None).status_code == 200
            system.kill()
            system.start()
            system.wait_until_ready()
            said = [event["error_message"] for event in system.events(is_success=False)]
            assert said == [f"exit code {done}" for done in range(1, number + 1)]
        [monitor] = system.rows("SELECT began_at, pinged_at, missed_at FROM monitors")
        assert monitor["began_at"] is None
        assert monitor["pinged_at"] < monitor["missed_at"]
        system.wait_until(lambda: told(system)[:1] == ["OUTAGE Backup"])
