"""Fixtures of the agent's tests."""

import logging
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from flask.testing import FlaskClient

from infra.table import MAIN
from shared.logs import step
from shared.models import as_text
from shared.monitors.due import time_of
from shared.settings import Settings
from tests.support.builders import NOON
from tests.support.running import API_KEY, free_port
from tests.support.stand_ins import Backend

START = NOON.timestamp()


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as listening:
        yield listening


@pytest.fixture
def backend_url(backend: Backend, tmp_path: Path) -> str:
    """The URL that this test's agent posts to. No other test has it, so none shares what waits in memory for it."""
    return f"{backend.url}/{tmp_path.name}"


@pytest.fixture
def settings(backend_url: str, tmp_path: Path) -> Settings:
    """SPOOL_DIR is set, and not made yet."""
    return Settings.from_env({"BACKEND_URL": backend_url, "API_KEY": "the-key", "SPOOL_DIR": str(tmp_path / "spool")})


@pytest.fixture
def default_settings(backend_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """SPOOL_DIR is not set: there are the database's folder ``data`` and ``temp``, that of temporary files."""
    for name in ("data", "temp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    database = f"sqlite:///{tmp_path / 'data' / 'bonghwa.db'}"
    return Settings.from_env({"BACKEND_URL": backend_url, "API_KEY": "the-key", "DATABASE_URL": database})


@pytest.fixture
def environ(backend_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Set the environment of an agent of this backend; its settings."""

    def set_all(**variables: str) -> Settings:
        said = {"BACKEND_URL": backend_url, "API_KEY": API_KEY, "SPOOL_DIR": str(tmp_path / "spool"), **variables}
        channels = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "SNS_TOPIC_ARN")
        for name in (*channels, "LOCATION", "CHECK_INTERVAL_SECONDS", "LOG_DIR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"no_proxy": "*", **said}.items():
            monkeypatch.setenv(name, value)
        return Settings.from_env()

    return set_all


@pytest.fixture(scope="session")
def agent() -> FlaskClient:
    """The agent under functions-framework, in this process."""
    client: FlaskClient = functions_framework.create_app("check_monitors", str(MAIN)).test_client()  # type: ignore[no-untyped-call]
    return client


@pytest.fixture
def run(agent: FlaskClient) -> Callable[[], dict[str, int]]:
    """One run of the agent; its response."""

    def run_once() -> dict[str, int]:
        response = agent.post("/", headers={"X-API-Key": API_KEY})
        assert response.status_code == 200, response.text
        found: dict[str, int] = response.get_json()
        return found

    return run_once


@pytest.fixture
def steps() -> Iterator[list[str]]:
    """The steps that the agent logs: the name and the fields of each in one line."""
    logged: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(f"{record.getMessage()} {record.__dict__.get('fields')}")

    # The logger is made with its first line.
    step("agent", "test_begins")
    keep = Keep()
    logging.getLogger("bonghwa.agent").addHandler(keep)
    yield logged
    logging.getLogger("bonghwa.agent").removeHandler(keep)


def policy(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "url": f"http://127.0.0.1:{free_port()}/", "interval": "10s", **fields}


def claim(*policies: dict[str, Any], at: float = START, due: dict[str, float] | None = None, **fields: Any) -> Any:
    """The answer to a claim. ``due``: in how many seconds which check is due."""
    checks = [{"name": name, "due_at": as_text(time_of(at + seconds))} for name, seconds in (due or {}).items()]
    times = {"now": as_text(time_of(at)), "until": as_text(time_of(at + 30))}
    known = {"version": 1, **times, "checks": checks, "policies": list(policies), "removed": [], "is_complete": False}
    return known | fields


@pytest.fixture
def lack(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set, no code of ours can start a thread. The stand-ins in this process can."""
    start, lacking = threading.Thread.start, threading.Event()

    def start_if_there_is_one(thread: threading.Thread) -> None:
        caller = sys._getframe(1).f_globals["__name__"]
        if lacking.is_set() and caller.startswith(("functions.", "shared.")):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_if_there_is_one)
    return lacking
