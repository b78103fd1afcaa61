"""GET /."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.health import machine
from functions.health import main as health
from shared.models import now
from shared.settings import Settings
from shared.store import open_store
from shared.store.tables import watches
from tests.functions.api import FAILURE, Api, on_each_engine
from tests.support.stand_ins import Exchange, StandIn

pytestmark = pytest.mark.slow

ABOUT = FAILURE | {"agent": "seoul", "interval_seconds": 10, "is_success": True, "status_code": 200}


class Refusing(StandIn):
    """A webhook that is gone."""

    def answer(self, exchange: Exchange) -> None:
        exchange.answer(410, "gone")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Asks for the health as it is so many seconds later."""

    def ask(api: Api, seconds: float) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr(health, "now", lambda: now() + timedelta(seconds=seconds))
        response = api.call("GET", "/")
        return response.status_code, response.json or {}

    return ask


@on_each_engine
def test_health_counts_what_is_open_and_owed(api: Api) -> None:
    api.post(FAILURE)
    assert api.get("/") == {
        "status": "ok",
        "reasons": [],
        "database": "ok",
        "last_check": "2025-01-08T10:30:00.000Z",
        "open_alerts": 1,
        "owed_notifications": 0,
        "last_drill": None,
        "time_to_notify": api.get("/")["time_to_notify"],
        "last_runs": {},
        "version": "0.1.0",
    }


@on_each_engine
def test_the_time_to_notify_is_known_once_somebody_was(api: Api) -> None:
    assert api.get("/")["time_to_notify"] == {"p50": None, "p95": None}
    api.post(FAILURE)
    taken = api.get("/")["time_to_notify"]
    [delivered] = api.get("/alerts/1")["timings"]["delivered"].values()
    assert 0 <= taken["p50"] == taken["p95"] <= 5
    assert taken["p50"] == pytest.approx(delivered, rel=0.05, abs=0.002)


@on_each_engine
def test_a_silent_agent_degrades_the_health(api: Api, later: Any) -> None:
    api.post(ABOUT)
    for function in ("review_alerts", "deliver_notifications"):
        assert api.call("POST", f"/{function}").status_code == 200
    assert later(api, 40)[1]["status"] == "ok"
    status, found = later(api, 60)
    assert (status, found["status"]) == (200, "degraded")
    assert any(reason.startswith("agent seoul ") for reason in found["reasons"])
    assert set(found["last_runs"]) == {"review_alerts", "deliver_notifications"}
    assert all(datetime.fromisoformat(time) for time in found["last_runs"].values())


def test_nothing_that_runs_is_unavailable(api: Api, later: Any) -> None:
    api.post(ABOUT)
    api.call("POST", "/review_alerts")
    status, found = later(api, 400)
    assert (status, found["status"], found["database"]) == (503, "unavailable", "ok")
    assert {reason.split()[0] for reason in found["reasons"]} == {"agent", "review_alerts", "deliver_notifications"}


@on_each_engine
@pytest.mark.parametrize("function", ["review_alerts", "deliver_notifications"])
def test_runs_that_fail_are_named_at_once(api: Api, environ: Callable[..., None], function: str) -> None:
    environ(CHANNELS="{")
    assert api.call("POST", f"/{function}").status_code == 500
    found = api.get("/")
    assert found["status"] == "degraded"
    [reason] = found["reasons"]
    assert re.fullmatch(rf"{function} has failed since 2\S+Z; the log says why", reason)
    environ(CHANNELS="")
    assert api.call("POST", f"/{function}").status_code == 200
    assert api.get("/")["status"] == "ok"


def test_upkeep_that_fails_is_no_gap_in_notifying(api: Api) -> None:
    """The dashboard's settings and the doctor name it."""
    with open_store(Settings.from_env()).database.transaction() as transaction:
        transaction.rows("INSERT INTO watches VALUES (4, 'damaged', 'damaged')")
    assert api.call("POST", "/maintain_store").status_code == 500
    with open_store(Settings.from_env()).database.transaction() as transaction:
        assert watches.get(transaction, "maintain_store failed")
    assert api.get("/")["reasons"] == []


@on_each_engine
def test_without_a_channel_nobody_is_notified(api: Api, environ: Callable[..., None], later: Any) -> None:
    environ(CHANNELS='{"console": "off"}')
    assert later(api, 0)[0] == 200, "nobody knows before the first review"
    api.call("POST", "/review_alerts")
    status, found = later(api, 0)
    assert (status, found["status"], found["reasons"]) == (503, "unavailable", ["no channel is on"])
    environ(CHANNELS="")
    api.call("POST", "/review_alerts")
    assert later(api, 0)[0] == 200


def test_a_channel_that_refuses_all_notifies_nobody(api: Api, environ: Callable[..., None], later: Any) -> None:
    with Refusing() as hook:
        environ(CHANNELS=json.dumps({"console": "off", "ops": {"kind": "webhook", "url": hook.url}}))
        api.call("POST", "/review_alerts")
        api.post(FAILURE)
    status, found = later(api, 0)
    assert (status, found["reasons"]) == (503, ["ops permanently rejected a message"])


def test_a_refusal_ends_once_its_channel_is_gone(api: Api, environ: Callable[..., None]) -> None:
    with Refusing() as hook:
        environ(CHANNELS=json.dumps({"ops": {"kind": "webhook", "url": hook.url}}))
        api.post(FAILURE)
    environ(CHANNELS="")
    api.call("POST", "/review_alerts")
    refused, outage = api.get("/alerts")["alerts"]
    assert [(refused["kind"], refused["status"]), outage["status"]] == [("CHANNEL_REFUSED", "RESOLVED"), "OPEN"]


def test_only_others_who_report_do_not_degrade_the_health(api: Api, later: Any) -> None:
    api.post(FAILURE)
    for function in ("review_alerts", "deliver_notifications"):
        api.call("POST", f"/{function}")
    assert later(api, 85)[1]["status"] == "ok"


def test_an_agent_of_the_local_system_is_missed(api: Api, environ: Callable[..., None], later: Any) -> None:
    environ(CHECK_INTERVAL_SECONDS="1", CHECK_TIMEOUT_SECONDS="1")
    open_store(Settings.from_env()).note_start(now=now())
    assert later(api, 40)[1]["status"] == "ok"
    assert later(api, 50)[1]["reasons"] == ["agent default has never reported"]
    # It reports to somebody else.
    environ(BACKEND_URL="http://elsewhere.example")
    assert later(api, 50)[1]["status"] == "ok"


def test_a_log_that_cannot_be_written_degrades_the_health(
    api: Api, environ: Callable[..., None], tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    environ(LOG_DIR=str(logs))
    logs.mkdir()
    assert api.get("/")["status"] == "ok"
    (logs / "agent.log").unlink(missing_ok=True)
    (logs / "agent.log").mkdir()
    found = api.get("/")
    assert (found["status"], found["reasons"]) == ("degraded", ["agent.log cannot be written: Is a directory"])


def test_a_disk_that_is_nearly_full_degrades_the_health(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_BYTES", 2**63)
    found = api.get("/")
    assert found["status"] == "degraded"
    assert re.fullmatch(r"the database's disk has only \d+ MB left", found["reasons"][0])


BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize("api_auth", ["ingest", "all"])
def test_a_browser_is_sent_to_the_dashboard_only_if_people_would_be_notified(
    api: Api, environ: Callable[..., None], api_auth: str
) -> None:
    """Uptime Kuma asks as a browser does, and follows."""
    environ(API_AUTH=api_auth)
    well = api.call("GET", "/", headers=BROWSER, key=None)
    assert (well.status_code, well.location, well.headers["Vary"]) == (303, "dashboard", "Accept")
    environ(API_AUTH=api_auth, CHANNELS='{"console": "off"}')
    api.call("POST", "/review_alerts")
    for language, words in (("en", "Nobody would be notified"), ("ko", "통지되지 않습니다")):
        page = api.call("GET", "/", headers={**BROWSER, "Accept-Language": language}, key=None)
        assert (page.status_code, page.mimetype) == (503, "text/html")
        assert words in page.text
        assert '<a href="dashboard">' in page.text
        assert "no channel" not in page.text, "reasons may need a key"


def test_a_browser_sees_that_the_store_is_gone(api: Api, environ: Callable[..., None], tmp_path: Path) -> None:
    environ(DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/bonghwa.db")
    assert api.call("GET", "/", headers=BROWSER, key=None).status_code == 503
