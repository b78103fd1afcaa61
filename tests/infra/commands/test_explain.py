"""``python -m infra explain``: what happened to a monitor of a running system, in words."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.models import as_text, now
from tests.infra.command_line import infra
from tests.support.running import LocalSystem
from tests.support.stand_ins import Target

pytestmark = [pytest.mark.system, pytest.mark.together("explain")]

FAILED_AT = now() - timedelta(minutes=5)
FAILED = {
    "monitor": "shop",
    "target_url": "https://shop.example.com/",
    "status_code": 503,
    "response_time_ms": 214,
    "is_success": False,
    "error_message": "HTTP 503 Service Unavailable",
}
SEOUL = ZoneInfo("Asia/Seoul")
Explain = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def system(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    """Two failures of the monitor ``shop``, and the outage that the second one opened."""
    with (
        Target() as target,
        LocalSystem(project, tmp_path_factory.mktemp("system"), TARGET_URL=target.url, TZ="Asia/Seoul") as running,
    ):
        policy = {"name": "shop", "heartbeat": {"period": "1h", "token": "a-token-of-the-shop"}, "failure_threshold": 2}
        running.post("/monitors", policy).raise_for_status()
        for seconds in (0, 30):
            timestamp = as_text(FAILED_AT + timedelta(seconds=seconds))
            running.post("/events", FAILED | {"timestamp": timestamp}).raise_for_status()
        yield running


@pytest.fixture
def explain(system: LocalSystem) -> Explain:
    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return infra("explain", *words, environ={**system.environ, **variables})

    return run


def test_the_last_day_is_told_line_by_line_in_our_zone(explain: Explain) -> None:
    done = explain("shop")
    assert (done.returncode, done.stderr) == (0, "")
    times = [(FAILED_AT + timedelta(seconds=seconds)).astimezone(SEOUL) for seconds in (0, 30)]
    assert re.match(r"shop: DOWN, .+ to .+ KST\n", done.stdout)
    assert f"{times[0]:%H:%M:%S} failed (HTTP 503 after 214 ms), 1 of 2: PENDING\n" in done.stdout
    assert f"{times[1]:%H:%M:%S} failed (HTTP 503 after 214 ms), 2 of 2: DOWN · alert 1\n" in done.stdout
    assert re.search(r"\d\d:\d\d:\d\d OUTAGE to console in \d", done.stdout)


def test_the_surroundings_of_a_time_are_shown(explain: Explain) -> None:
    at = FAILED_AT.astimezone(SEOUL)
    for given in (f"{at:%H:%M}", f"{at:%H:%M:%S}", at.isoformat(), f"{at:%Y-%m-%dT%H:%M}"):
        assert "1 of 2: PENDING" in explain("shop", "--at", given).stdout, given
    long_ago = explain("shop", "--at", "2025-01-08T10:31")
    assert long_ago.stdout.splitlines() == [
        "shop: DOWN, 2025-01-08 10:16 to 2025-01-08 10:46 KST",
        "nothing happened, and no check arrived",
    ]


def test_a_program_gets_the_timeline(explain: Explain, system: LocalSystem) -> None:
    found: dict[str, Any] = json.loads(explain("shop", "--json", "--url", system.url).stdout)
    assert found["monitor"] == "shop"
    kinds = [entry["kind"] for entry in found["timeline"]]
    assert kinds == ["check", "state_change", "check", "state_change", "alert", "notification"]


@pytest.mark.parametrize("name", ["shopp", ""])
def test_an_unknown_monitor_is_named(explain: Explain, name: str) -> None:
    done = explain(name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"bonghwa: there is no monitor named '{name}'\n"


def test_a_system_that_does_not_run_is_named(explain: Explain) -> None:
    done = explain("shop", "--url", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.startswith("bonghwa: http://127.0.0.1:1 cannot be reached (ConnectionError)")


@pytest.mark.parametrize("time", ["yesterday", "0001-01-01", "9999-12-31T23:59:59"])
def test_what_is_no_time_is_named(explain: Explain, time: str) -> None:
    done = explain("shop", "--at", time)
    assert done.returncode == 2
    assert f"argument --at: '{time}' is no time such as 10:31 or 2025-01-08T10:31" in done.stderr


def test_no_name_and_no_reason_steers_the_terminal(explain: Explain, system: LocalSystem) -> None:
    said = {"monitor": "\x1b[2Jevil", "error_message": "\x1b]0;owned\x07", "timestamp": as_text(FAILED_AT)}
    system.post("/events", FAILED | said).raise_for_status()
    done = explain("\x1b[2Jevil")
    assert (done.returncode, done.stdout.startswith("?[2Jevil: DOWN, ")) == (0, True), done.stderr
    assert not {"\x1b", "\x07"} & set(done.stdout)
