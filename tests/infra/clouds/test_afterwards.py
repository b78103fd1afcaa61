"""The steps after a deployment: waiting, the file, a test through each channel, and the next step."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from infra.clouds import afterwards, deployed_file
from infra.clouds.afterwards import (
    SAY_SECONDS,
    SETTLE_SECONDS,
    NotFinished,
    finish,
    wait_until_it_notifies,
    wait_until_it_works,
)
from infra.clouds.cli import Interrupted
from shared.settings import Settings
from tests.support.stand_ins import Configured, Exchange

KEY = "k" * 32
GIVEN = {"API_KEY": KEY, "DATABASE_URL": "postgresql://me:pass@db.example/b"}
NOT_YET = (403, "")
REASONS = ["check_monitors has never run", "ops permanently rejected a message"]
NOBODY = (503, json.dumps({"status": "unavailable", "reasons": REASONS, "database": "ok"}))
NO_STORE = (503, json.dumps({"status": "unavailable", "reasons": ["it is full"], "database": "it is full"}))
# The cloud itself says so.
GATEWAYS = (503, json.dumps({"message": "Service Unavailable"}))
DRILL = {"id": 7, "status": "RESOLVED", "opened_at": "2026-11-30T01:00:00Z", "notifications": []}
DRILL |= {"acknowledged_at": None, "resolved_by": None}


class Deployed(Configured):
    """A deployment that answers ``GET /`` with each of ``answers`` and then with 200. ``failed``: by a drill."""

    def __init__(self, *answers: tuple[int, str], failed: dict[str, str] | None = None) -> None:
        super().__init__(KEY)
        self._answers = list(answers)
        self._drill = {"at": DRILL["opened_at"], "ok": not failed, "delivered": {}, "failed": failed or {}}

    def answer(self, exchange: Exchange) -> None:
        """See StandIn."""
        if exchange.method == "PUT":
            super().answer(exchange)
            return
        self.calls.append(f"{exchange.method} {exchange.path}")
        assert exchange.headers["X-API-Key"] == KEY
        found: dict[str, Any] = {"/alerts/7": DRILL, "/": {"status": "ok", "database": "ok", "last_drill": self._drill}}
        status, body = 201, json.dumps(DRILL)
        if exchange.method == "GET":
            status, body = 200, json.dumps(found[exchange.path])
            if exchange.path == "/" and self._answers:
                status, body = self._answers.pop(0)
        exchange.answer(status, body, "application/json")


class Time:
    """A time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def waits(self, url: str, said: list[str], seconds: float = 600.0) -> None:
        settings = Settings.from_env({"API_KEY": KEY})
        wait_until_it_works(url, settings, seconds, say=said.append, clock=lambda: self.now, sleep=self.sleep)


def asked(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    afterwards.add_arguments(parser)
    return parser.parse_args(arguments)


def finished(backend: Deployed, *arguments: str, configuration: Any = None) -> list[str]:
    said: list[str] = []
    finish(backend.url, GIVEN, configuration, asked(*arguments), own_file=".env.gcp", say=said.append)
    return said


def test_it_waits_until_it_works_and_says_so_now_and_then() -> None:
    time, said = Time(), list[str]()
    with Deployed(*[NOT_YET] * 6, NO_STORE, GATEWAYS, (503, "<html>"), NOBODY, NOT_YET) as backend:
        time.waits(backend.url, said)
    assert time.now == 9 * afterwards.PAUSE_SECONDS
    assert len(said) == 2, "at the beginning and after half a minute"
    assert said[0].startswith("waiting until it works, usually 2 min, at most 10 min more: ")
    assert "403" in said[0]


def test_what_never_works_is_given_up_with_the_reason() -> None:
    time, said = Time(), list[str]()
    with Deployed(*[NO_STORE] * 1000) as backend:
        url = backend.url
        with pytest.raises(NotFinished, match=r"after 10 min .*could not answer: it is full: the same command"):
            time.waits(url, said)
    assert len(said) == 600 / SAY_SECONDS
    with pytest.raises(NotFinished, match="cannot be reached"):
        Time().waits("http://127.0.0.1:1", said, seconds=1)


def test_the_file_is_applied_once_it_works(tmp_path: Path) -> None:
    file = tmp_path / "bonghwa.yaml"
    file.write_text("monitors: [{name: Web, url: 'https://a.example/'}]")
    configuration = deployed_file.read({"CONFIG_FILE": str(file), "API_KEY": KEY})
    with Deployed() as backend:
        said = finished(backend, configuration=configuration)
        assert list(backend.monitors) == ["Web"]
    assert backend.calls == ["GET /", "PUT /config", "GET /"]
    assert said[0] == "1 added, 0 changed, 0 removed, 0 unchanged"


def test_a_refused_channel_stops_neither_the_file_nor_the_test(tmp_path: Path) -> None:
    """``GET /`` is 503 until a message arrives: the test is what ends that."""
    file = tmp_path / "bonghwa.yaml"
    file.write_text("monitors: [{name: Web, url: 'https://a.example/'}]")
    configuration = deployed_file.read({"CONFIG_FILE": str(file), "API_KEY": KEY})
    with Deployed(NOBODY) as backend:
        said = finished(backend, "--send-test", configuration=configuration)
    assert [call.partition("?")[0] for call in backend.calls[:3]] == ["GET /", "PUT /config", "POST /drills"]
    assert not [line for line in said if "warning" in line]


def test_that_nobody_would_be_notified_is_a_warning_in_the_end() -> None:
    time, said = Time(), list[str]()
    with Deployed(*[NOBODY] * 100) as backend:
        settings = Settings.from_env({"API_KEY": KEY})
        timed: dict[str, Any] = {"say": said.append, "clock": lambda: time.now, "sleep": time.sleep}
        wait_until_it_notifies(backend.url, settings, SETTLE_SECONDS, **timed)
    assert time.now == SETTLE_SECONDS
    assert said[0].startswith("waiting until somebody would be notified, usually 1 min, at most 2 min more: check_mon")
    assert said[-1] == f"# warning: nobody would be notified of an outage now: {'; '.join(REASONS)}"


def test_the_last_line_is_the_address_and_the_ones_before_what_comes_next() -> None:
    with Deployed() as backend:
        drill, doctor, done = finished(backend)
    assert drill.endswith(f"-m infra drill --url {backend.url}")
    assert doctor.endswith(f"-m infra doctor --env-file .env.gcp --url {backend.url}")
    assert done.startswith(f"Done. With the API key it responds at {backend.url}/: curl ")
    assert KEY not in done


def test_a_test_goes_through_each_channel_if_asked() -> None:
    with Deployed() as backend:
        said = finished(backend, "--send-test")
        assert "POST /drills" in backend.calls
    assert said[0] == "drill: alert 7"
    assert not any("infra drill" in line for line in said)
    with Deployed(failed={"ops": "401"}) as backend:
        url = backend.url
        with pytest.raises(NotFinished, match=f"everything is deployed at {url}/, but a channel did not take the test"):
            finished(backend, "--send-test")


def test_without_waiting_nobody_is_asked() -> None:
    with Deployed(NOT_YET) as backend:
        assert finished(backend, "--wait=0")[-1].startswith("Done.")
        assert not backend.calls


def test_ctrl_c_while_it_waits_says_that_all_is_deployed() -> None:
    def stopped(_: str) -> None:
        raise KeyboardInterrupt

    with Deployed(*[NOT_YET] * 9) as backend:
        url = backend.url
        with pytest.raises(Interrupted, match=f"everything is deployed at {url}/, and the same command waits"):
            finish(url, GIVEN, None, asked(), own_file=".env.gcp", say=stopped)


@pytest.mark.parametrize("text", ["-1", "soon", "3601"])
def test_a_wait_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        asked(f"--wait={text}")
    assert "expected seconds from 0 to 3600" in capsys.readouterr().err
