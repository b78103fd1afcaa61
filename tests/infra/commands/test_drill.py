"""``python -m infra drill`` against the running system, as a person uses it."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.command_line import infra
from tests.support.running import LocalSystem, environment
from tests.support.stand_ins import Exchange, StandIn

pytestmark = pytest.mark.system


class Hooks(StandIn):
    """Webhooks: what is posted to ``/refuses`` is gone, to ``/fails`` is for later, and everything else is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[tuple[str, dict[str, Any]]] = []

    def answer(self, exchange: Exchange) -> None:
        self.bodies.append((exchange.path, json.loads(exchange.body)))
        exchange.answer({"/refuses": 410, "/fails": 503}.get(exchange.path, 200), "ok")

    def kinds(self, path: str) -> list[str]:
        return [body["kind"] for at, body in self.bodies if at == path]


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with Hooks() as hooks:
        yield hooks


@pytest.fixture
def system(project: Path, tmp_path: Path, hooks: Hooks) -> Iterator[LocalSystem]:
    """Two webhooks that work, ops and mail, and one that refuses."""
    channels = {name: {"kind": "webhook", "url": f"{hooks.url}/{name}"} for name in ("ops", "mail", "refuses")}
    with LocalSystem(project, tmp_path, CHANNELS=json.dumps(channels | {"console": "off"}), TARGET_URL="") as system:
        yield system


def drill(system: LocalSystem, *words: str) -> "subprocess.CompletedProcess[str]":
    return infra("drill", "--url", system.url, *words, environ=system.environ, project=system.project)


def test_a_drill_says_who_was_reached_and_what_failed(system: LocalSystem, hooks: Hooks) -> None:
    well = drill(system, "--channels", "ops", "mail")
    assert well.returncode == 0, well.stderr
    first, *lines = well.stdout.splitlines()
    assert first == "drill: alert 1"
    assert [line.partition(" in ")[0] for line in lines] == ["ops: delivered", "mail: delivered"]
    refused = drill(system)
    assert refused.returncode == 1
    assert "refuses: failed: " in refused.stdout
    assert "410" in refused.stdout
    found = system.get("/").json()["last_drill"]
    assert (found["ok"], set(found["delivered"]), set(found["failed"])) == (False, {"ops", "mail"}, {"refuses"})
    system.wait_until(lambda: "CHANNEL_REFUSED" in hooks.kinds("/ops"))


def test_the_only_channel_may_be_the_one_that_fails(project: Path, tmp_path: Path, hooks: Hooks) -> None:
    """`GET /` is 503 then."""
    channels = {"refuses": {"kind": "webhook", "url": f"{hooks.url}/refuses"}, "console": "off"}
    with LocalSystem(project, tmp_path, CHANNELS=json.dumps(channels), TARGET_URL="") as system:
        answer = drill(system)
        assert (answer.returncode, answer.stderr) == (1, "")
        assert answer.stdout.splitlines()[1].startswith("refuses: failed: ")
        assert system.wait_until(lambda: system.get("/").status_code == 503)


def test_a_drill_returns_at_the_acknowledgement(system: LocalSystem) -> None:
    def acknowledge() -> None:
        alerts = system.wait_until(lambda: system.alerts(status="OPEN"))
        system.patch(f"/alerts/{alerts[0]['id']}", {"status": "ACK", "by": "kim"})

    person = threading.Thread(target=acknowledge)
    person.start()
    begun = time.monotonic()
    answer = drill(system, "--channels", "ops,mail", "--need-ack", "50s")
    person.join()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[0] == "drill: alert 1, to be acknowledged within 50s"
    assert answer.stdout.splitlines()[-1].startswith("acknowledged by kim after ")
    assert time.monotonic() - begun < 30


def test_nobody_acknowledges(system: LocalSystem, hooks: Hooks) -> None:
    answer = drill(system, "--channels", "ops", "--need-ack", "2s")
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (1, "nobody acknowledged it within 2s")
    system.wait_until(lambda: "DRILL_MISSED" in hooks.kinds("/mail"))
    assert "DRILL_MISSED" not in hooks.kinds("/ops")


def test_a_drill_that_is_interrupted_goes_on(system: LocalSystem) -> None:
    """Ctrl-C ends the command alone, and without a traceback."""
    command = [sys.executable, "-u", "-m", "infra", "drill", "--url", system.url, "--channels=ops", "--need-ack=5s"]
    with subprocess.Popen(
        command, cwd=system.project, env=system.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("drill: alert 1")
        process.send_signal(signal.SIGINT)
        said, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (130, "")
    assert said == "the drill goes on without this command, and its alert ends by itself\n"
    system.wait_until(lambda: [alert["status"] for alert in system.alerts(kind="DRILL")] == ["RESOLVED"])


@pytest.mark.parametrize("words", [("--channels", "nobody"), ("--need-ack", "soon"), ("--need-ack", "0"), ("--what",)])
def test_bad_usage(system: LocalSystem, hooks: Hooks, words: tuple[str, ...]) -> None:
    assert drill(system, *words).returncode == 2
    assert hooks.bodies == []


def test_a_channel_that_there_is_not_is_refused(system: LocalSystem) -> None:
    said = drill(system, "--channels", "nobody").stderr
    assert said.startswith(f"bonghwa: {system.url} refused: 400 ")
    assert "'nobody'" in said


def test_a_system_that_is_not_there(project: Path, tmp_path: Path) -> None:
    answer = infra("drill", "--url", "http://127.0.0.1:1", environ=environment(tmp_path), project=project)
    assert answer.returncode == 1
    assert answer.stderr.startswith("bonghwa: http://127.0.0.1:1 cannot be reached")
