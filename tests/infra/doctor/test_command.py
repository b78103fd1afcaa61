"""``python -m infra doctor``, and how findings are shown."""

import json
import subprocess
from pathlib import Path

import pytest

from infra.doctor.findings import Finding, as_json, as_lines, worst
from tests.infra.command_line import infra
from tests.infra.doctor.bots import Bots
from tests.infra.doctor.examined import FAILURE, OK, WARNING
from tests.support.running import API_KEY, LocalSystem, environment
from tests.support.stand_ins import Target


def doctor(project: Path, folder: Path, *arguments: str, **variables: str | None) -> "subprocess.CompletedProcess[str]":
    return infra("doctor", *arguments, environ=environment(folder, **variables), project=project)


@pytest.mark.system
def test_a_running_system_is_ok_and_a_stopped_one_is_not(
    project: Path, tmp_path: Path, target: Target, bots: Bots
) -> None:
    settings = {"TARGET_URL": target.url, **bots.environ}
    with LocalSystem(project, tmp_path, **settings) as system:
        system.wait_for_further_events(1, is_success=True)
        # Each scheduled function that works on the store notes its runs or the time, and the system its start.
        system.wait_until(lambda: len(system.rows("SELECT * FROM watches")) == 5)
        asked = doctor(project, tmp_path, "--json", "--url", system.url, **settings)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    said = json.loads(asked.stdout)
    assert said["verdict"] == "ok", said
    inside = {"settings", "keys", "versions", "store", "disk", "checks", "reviews", "deliveries", "channels"}
    outside = {"answer", "clock", "health", "access", "routes"}
    assert {finding["about"] for finding in said["findings"]} == inside | outside

    file = tmp_path / "more.env"
    file.write_text("API_AUTH=none\n")
    file.chmod(0o600)
    asked = doctor(project, tmp_path, "--url", system.url, "--env-file", str(file), **{**settings, "API_AUTH": None})
    assert asked.returncode == 1
    assert asked.stderr == ""
    lines = [" ".join(line.split()) for line in asked.stdout.splitlines()]
    [answer] = [line for line in lines if line.startswith("failure answer ")]
    assert answer.startswith(f"failure answer {system.url} does not respond: connection refused · expected its health")
    [setting] = [line for line in lines if line.startswith("failure settings ")]
    assert setting.startswith("failure settings API_AUTH is 'none' · expected ingest, writes or all · fix: API_AUTH=…")
    assert lines[-1].endswith(", 2 failure")
    assert API_KEY not in asked.stdout


def test_the_gravest_finding_is_the_verdict() -> None:
    findings = [Finding(OK, "a", "x"), Finding(FAILURE, "b", "y", "z", "m"), Finding(WARNING, "c", "y", "z", "m")]
    assert worst(findings) is FAILURE
    assert worst(findings[:1]) is OK
    assert json.loads(as_json(findings))["findings"][1] == {
        "verdict": "failure",
        "about": "b",
        "found": "y",
        "expected": "z",
        "mend": "m",
    }
    assert as_lines(findings).splitlines() == [
        "ok       a  x",
        "failure  b  y · expected z · fix: m",
        "warning  c  y · expected z · fix: m",
        "1 ok, 1 warning, 1 failure",
    ]
