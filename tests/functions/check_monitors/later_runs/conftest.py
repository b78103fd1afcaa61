"""An agent at Google: its services, and one call of it by the scheduler."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Request
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from functions.check_monitors.later_runs import QUEUE, SECONDS, TICKED_AT, asked_for, cloud_tasks
from shared.settings import Settings
from tests.support.running import API_KEY
from tests.support.stand_ins import GoogleApis
from tests.support.stand_ins.clouds import google_apis

TICK = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)
HOST = "bonghwa-check-monitors-123456789012.asia-northeast3.run.app"


@pytest.fixture
def apis(monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleApis]:
    """Google's services, which the agent has never called before."""
    with GoogleApis() as listening:
        monkeypatch.setattr(cloud_tasks, "ENDPOINT", listening.url)
        monkeypatch.setattr(cloud_tasks, "_tokens", cloud_tasks._Tokens())
        monkeypatch.setenv("GCE_METADATA_HOST", listening.host)
        monkeypatch.setenv("no_proxy", "*")
        yield listening


@pytest.fixture
def tick(apis: GoogleApis) -> Callable[..., None]:
    """One call by the scheduler, whose tick was at TICK. ``at``: when the run begins, and asks."""

    def call(*, at: datetime = TICK, seconds: str = "30", said: str = TICK.isoformat()) -> None:
        headers = {"Host": HOST, "X-API-Key": API_KEY, **({TICKED_AT: said} if said else {})}
        request = Request(EnvironBuilder(method="POST", headers=Headers(headers)).get_environ())
        with asked_for(request, {QUEUE: google_apis.QUEUE, SECONDS: seconds}, lambda: at):
            pass

    return call


@pytest.fixture
def scheduled(
    agent: FlaskClient, environ: Callable[..., Settings], apis: GoogleApis, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, int]]:
    """A run of an agent that asks for a later one, 30 seconds after its tick."""
    environ(TARGET_URL=f"{apis.url}/target", ALLOW_PRIVATE_TARGETS="true")
    monkeypatch.setenv(QUEUE, google_apis.QUEUE)
    monkeypatch.setenv(SECONDS, "30")

    def run(query: str = "") -> dict[str, int]:
        response = agent.post(f"/{query}", headers={"X-API-Key": API_KEY, "Host": HOST})
        assert response.status_code == 200, response.text
        found: dict[str, int] = response.get_json()
        return found

    return run
