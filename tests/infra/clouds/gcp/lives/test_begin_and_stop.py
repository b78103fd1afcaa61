"""A deployment on Google Cloud that is not begun, or stopped amid its work."""

import functools
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from infra.clouds.cli import INTERRUPTED
from tests.infra.clouds.deployer import USUAL_SETTINGS
from tests.infra.clouds.gcp.life import GcpDeployer


def test_it_is_shown_before_the_question_and_stops_a_deployment(deployer: GcpDeployer) -> None:
    deployer.cloud.state["policy"] = {"allValues": "DENY"}
    refused = deployer.run("deploy", typed="n\n")
    assert "forbids allUsers" in refused.said.partition("Go on?")[0]
    assert refused.error == "nothing was changed\n"
    deployer.cloud.state["billing"] = False
    stopped = deployer.run("deploy", "--yes")
    assert stopped.returncode == 1
    assert stopped.error.startswith("bonghwa: it cannot be deployed like that:\n")
    assert "fix: gcloud billing projects link" in stopped.error
    assert all(call.is_read for call in deployer.calls)


def test_a_stopped_deployment_is_finished_by_the_next_one(
    deployer: GcpDeployer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_reached, goes_on = threading.Event(), threading.Event()
    answer = deployer.cloud.answer

    def hangs(stdin: str, arguments: list[str]) -> str:
        if arguments[:2] == ["secrets", "set-iam-policy"]:
            is_reached.set()
            goes_on.wait(60)
        return answer(stdin, arguments)

    monkeypatch.setattr(deployer.cloud, "answer", hangs)
    command = [sys.executable, "-m", deployer.module, "deploy", "--yes", "--project=my-project", "--wait=0"]
    environ: dict[str, Any] = {"PATH": str(deployer.cloud.folder), **USUAL_SETTINGS}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        cwd=deployer.project,
        env=environ,
        stdout=pipe,
        stderr=pipe,
        text=True,
        # A shell's background process ignores Ctrl-C, and so would everything that the tests start.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert is_reached.wait(120)
        process.send_signal(signal.SIGINT)
        said, error = process.communicate(timeout=60)
        goes_on.set()
    assert process.returncode == INTERRUPTED
    assert error.strip().startswith("bonghwa: stopped at ")
    assert "the same command does the rest" in error
    assert "Traceback" not in said + error
    monkeypatch.undo()
    finished = deployer.run("deploy", "--yes")
    assert finished.returncode == 0, finished.error
    assert "Done." in finished.said
