"""The banner and the logs of the local system."""

import re
import time
from pathlib import Path

import pytest

from infra.local import runner
from shared.settings import Settings
from tests.support.running import LocalSystem
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


LOG_LINE = (
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO   |WARNING|ERROR  ) [a-z_]+( [a-z_]+=(\"(\\.|[^\"\\])*\"|[^ \"=]+))*"
)


def test_the_banner_says_what_is_watched_and_where_things_are(project: Path, tmp_path: Path, target: Target) -> None:
    urls = f"{target.url}/one?ids=1,2, {target.url}/two?next=1,http://me:planted-pw@127.0.0.1:{target.port}/three,"
    with LocalSystem(project, tmp_path, TARGET_URL=urls, CHECK_INTERVAL_SECONDS="1.5") as silent:
        banner = silent.output()

    assert re.search(rf"(?m)^Bonghwa +http://localhost:{silent.port} ", banner)
    watched = re.search(r"(?m)^watching  (\S+)  every 1\.5 s\n {10}(\S+)\n {10}(\S+)$", banner)
    assert watched is not None
    assert list(watched.groups()) == [
        f"{target.url}/one?ids=1,2",
        f"{target.url}/two?next=1",
        f"http://me:***@127.0.0.1:{target.port}/three",
    ]
    assert re.search(r"(?m)^channels +console +\(off: sns, telegram\)$", banner)
    assert re.search(rf"(?m)^database +{silent.database}$", banner)
    assert re.search(rf"(?m)^logs +{tmp_path}/logs/server\.log, agent\.log$", banner)
    assert re.search(rf"(?m)^settings +{project}/\.env", banner)


def test_the_banner_names_no_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    settings = Settings.from_env({"API_KEY": "a", "LOG_DIR": "", "CONFIG_FILE": "/nowhere"})
    said = runner.banner(settings, {}, is_new=False).splitlines()
    assert said[-2:] == ["logs      standard output, as JSON", "settings  the environment"]
    (tmp_path / ".env").touch()
    assert runner.banner(settings, {}, is_new=False).splitlines()[-1] == f"settings  {tmp_path}/.env"


def test_the_banner_names_the_backend_of_an_agent_elsewhere() -> None:
    given = {"API_KEY": "a", "LOCATION": "tokyo", "BACKEND_URL": "https://me:secret@bonghwa.example.com/"}
    said = runner.banner(Settings.from_env(given), {}, is_new=False)
    assert "\nwatching  agent tokyo of https://me:***@bonghwa.example.com\n" in said


def test_a_second_start_is_ready_at_once(forked_project: Path, tmp_path: Path, target: Target) -> None:
    def seconds_to_start() -> float:
        began = time.monotonic()
        with LocalSystem(forked_project, tmp_path, TARGET_URL=target.url):
            return time.monotonic() - began

    # It takes two seconds on an idle machine, and longer if tests share it.
    first, second = seconds_to_start(), seconds_to_start()
    assert second < first + 2.0


def test_the_logs_have_a_line_for_each_step_of_an_alert(forked_project: Path, tmp_path: Path, target: Target) -> None:
    target.is_down = True
    with LocalSystem(forked_project, tmp_path, TARGET_URL=target.url) as running:
        running.wait_until(lambda: running.told("OUTAGE"))
        running.patch("/alerts/1", {"status": "ACK", "by": "Kim"})
        target.is_down = False
        running.wait_until(lambda: len(running.notification_logs()) == 2)

    server = (tmp_path / "logs" / "server.log").read_text(encoding="utf-8").splitlines()
    agent = (tmp_path / "logs" / "agent.log").read_text(encoding="utf-8").splitlines()
    assert [line for line in server + agent if not re.fullmatch(LOG_LINE, line)] == []
    steps = [line.split()[2] for line in server if " alert_id=1 " in line]
    assert [step for step in steps if step != "event_stored"] == [
        "alert_opened",
        "notification_sent",
        "alert_moved",
        "alert_resolved",
        "notification_sent",
    ]
    assert all(f" target_url={target.url} " in line for line in server if " alert_id=1 " in line)
    assert {line.split()[2] for line in agent} == {"checked"}
    assert all(f" target_url={target.url} " in line for line in agent)
    # Each event is in both logs.
    events = {row["event_id"] for row in running.rows("SELECT event_id FROM events")}
    for log in (server, agent):
        assert events <= {found for line in log for found in re.findall(r" event_id=(\w+)", line)}
