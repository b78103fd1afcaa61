"""The end of the local system, whether it was asked to end or killed."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.running import LocalSystem, free_port
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


def end_the_runner(running: LocalSystem) -> None:
    os.kill(running.process.pid, signal.SIGTERM)


def press_ctrl_c(running: LocalSystem) -> None:
    os.killpg(running.group, signal.SIGINT)


@pytest.mark.parametrize(
    ("start", "separate", "is_hanging", "end"),
    [
        ("forked_project", "", False, end_the_runner),
        ("forked_project", "", False, press_ctrl_c),
        ("forked_project", "", True, end_the_runner),
        ("project", "", True, press_ctrl_c),
        # All functions but the agent are idle, and Ctrl-C reaches each process by itself.
        ("forked_project", "1", False, end_the_runner),
        ("project", "1", True, press_ctrl_c),
    ],
)
def test_it_ends_with_everything_that_it_started(
    request: pytest.FixtureRequest,
    start: str,
    tmp_path: Path,
    target: Target,
    separate: str,
    is_hanging: bool,
    end: Callable[[LocalSystem], None],
) -> None:
    project = request.getfixturevalue(start)
    target.is_hanging = is_hanging
    settings = {"TARGET_URL": target.url, "CHECK_TIMEOUT_SECONDS": "30", "SEPARATE": separate}
    with LocalSystem(project, tmp_path, **settings) as running:
        running.wait_until(lambda: target.hits)
        began = time.monotonic()

        end(running)

        running.wait_until(lambda: running.process.poll() is not None and not running.living(), 20)
        # It takes two seconds on an idle machine, but tests may share theirs. A check that hangs would take 30.
        assert time.monotonic() - began < 20
        assert running.process.returncode == 0
        assert "Traceback" not in running.output()
        assert "Fatal" not in running.output()


@pytest.mark.parametrize("separate", ["", "1"], ids=["one process", "SEPARATE=1"])
def test_a_runner_that_is_killed_alone_takes_everything_with_it(
    forked_project: Path, tmp_path: Path, target: Target, separate: str
) -> None:
    target.is_hanging = True
    settings = {"TARGET_URL": target.url, "CHECK_TIMEOUT_SECONDS": "30", "SEPARATE": separate}
    with LocalSystem(forked_project, tmp_path, **settings) as running:
        running.wait_until(lambda: target.hits)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(5)
        running.wait_until(lambda: not running.living(), 10)


def test_a_start_waits_for_the_port_of_one_that_was_killed(
    project: Path, forked_project: Path, tmp_path: Path, target: Target
) -> None:
    """Its remaining process ends by itself, and holds the port until then."""
    settings = {"TARGET_URL": target.url, "FLASK_PORT": str(free_port())}
    # As a fork it has no session of its own, and the kernel would wake what is stopped once its first process ended.
    with LocalSystem(project, tmp_path, **settings) as killed:
        killed.wait_for_further_events(1, is_success=True)
        left = [process for process in killed.living() if process != killed.process.pid]
        # Otherwise a busy machine may end it before the next one starts.
        for process in left:
            os.kill(process, signal.SIGSTOP)
        os.kill(killed.process.pid, signal.SIGKILL)
        killed.process.wait(5)
        assert killed.living() == left

        next_one = LocalSystem(forked_project, tmp_path, **settings)
        next_one.start()
        try:
            time.sleep(2)  # it finds the port taken, unless this machine is busy
            for process in left:
                os.kill(process, signal.SIGCONT)
            next_one.wait_until_ready()
            next_one.wait_until(lambda: not killed.living())
            next_one.wait_for_further_events(1, is_success=True)
        finally:
            next_one.stop()


def test_a_kill_leaves_nothing_and_frees_the_port_at_once(forked_project: Path, tmp_path: Path, target: Target) -> None:
    settings = {"TARGET_URL": target.url, "SEPARATE": "1", "FLASK_PORT": str(free_port())}
    with LocalSystem(forked_project, tmp_path, **settings) as killed:
        killed.wait_for_further_events(1, is_success=True)
        os.killpg(killed.group, signal.SIGKILL)
        killed.process.wait(5)
        killed.wait_until(lambda: not killed.living())

    # This start asks for that port and no other.
    with LocalSystem(forked_project, tmp_path, **{**settings, "SEPARATE": ""}) as next_one:
        next_one.wait_for_further_events(1, is_success=True)


def test_no_certificate_stays_behind(project: Path, tmp_path: Path) -> None:
    temporary, file = tmp_path / "temporary", tmp_path / "watched.yaml"
    temporary.mkdir()
    pem = "-----BEGIN CERTIFICATE-----"
    file.write_text(f"monitors: [{{name: A, url: 'https://localhost:1/', interval: 1s, ca_certificate: '{pem}'}}]")
    with LocalSystem(project, tmp_path, CONFIG_FILE=str(file), TMPDIR=str(temporary)) as running:
        running.wait_until(lambda: [*temporary.glob("bonghwa-*/*.pem")])
        end_the_runner(running)
        running.wait_until(lambda: running.process.poll() is not None and not running.living(), 20)
    assert [*temporary.iterdir()] == []
