"""Summaries over HTTP: applied with the file, begun by a review, sent, and seen only by who asks for them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared import ROOT
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api, on_each_engine
from tests.support.stand_ins import Exchange, StandIn

BODY = {"monitors": [], "summaries": [{"cron": "* * * * *", "channels": ["ops"]}]}
KEY = "a-key-for-these-tests-only"


class Hook(StandIn):
    """Takes what a webhook of ours posts."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []

    def answer(self, exchange: Exchange) -> None:
        self.bodies.append(json.loads(exchange.body))
        exchange.answer(200, "ok")


@pytest.fixture
def hook(environ: Callable[..., None]) -> Iterator[Hook]:
    """A webhook named ops, beside the console."""
    with Hook() as hook:
        environ(CHANNELS=json.dumps({"ops": {"kind": "webhook", "url": hook.url}}), PUBLIC_URL="http://127.0.0.1:5000")
        yield hook


def let_it_be_due() -> None:
    with open_store(Settings.from_env()).database.transaction() as transaction:
        due_at = as_text(now() - timedelta(minutes=1))
        transaction.rows("UPDATE summary_schedules SET next_at = :due_at", due_at=due_at)


def apply(api: Api) -> None:
    for is_dry_run in ("true", "false"):
        assert api.call("PUT", f"/config?dry_run={is_dry_run}", BODY).status_code == 200


def test_the_summaries_of_the_file_are_applied(api: Api, hook: Hook) -> None:
    apply(api)
    with open_store(Settings.from_env()).database.snapshot() as snapshot:
        [schedule] = snapshot.rows("SELECT next_at FROM summary_schedules")
    assert 0 < (datetime.fromisoformat(schedule["next_at"]) - now()).total_seconds() <= 60
    assert hook.bodies == []


@on_each_engine
def test_a_summary_is_begun_sent_and_seen_by_who_asks_for_it(api: Api, hook: Hook) -> None:
    apply(api)
    let_it_be_due()
    assert (api.call("POST", "/review_alerts").json or {})["summaries"] == 1
    assert (api.call("POST", "/review_alerts").json or {})["summaries"] == 0
    assert (api.call("POST", "/deliver_notifications").json or {})["SENT"] == 1
    [body] = hook.bodies
    assert (body["kind"], body["monitor"], body["ack_url"], body["alert_url"]) == ("SUMMARY", "Bonghwa", None, None)
    assert body["text"].startswith("SUMMARY ")
    assert body["text"].endswith(f" · #{body['notification_id']}")
    assert api.get("/alerts")["alerts"] == api.get("/alerts?status=RESOLVED")["alerts"] == []
    [alert] = api.get("/alerts?kind=SUMMARY")["alerts"]
    assert (alert["status"], alert["cause"][:11]) == ("RESOLVED", "summary of ")
    shown = api.get(f"/alerts/{alert['id']}")
    assert [each["channel"] for each in shown["notifications"]] == ["ops"]
    assert "summary" not in shown
    found = api.get("/")
    assert (found["open_alerts"], found["time_to_notify"]) == (0, {"p50": None, "p95": None})


def test_a_summary_cannot_be_reopened(api: Api, hook: Hook) -> None:
    apply(api)
    let_it_be_due()
    api.call("POST", "/review_alerts")
    [alert] = api.get("/alerts?kind=SUMMARY")["alerts"]
    assert api.patch(alert["id"], status="OPEN").status_code == 409
    assert api.patch(alert["id"], silence="1h").status_code in (400, 409)
    assert api.get(f"/alerts/{alert['id']}")["status"] == "RESOLVED"


@pytest.mark.parametrize("summaries", ["daily", [{"at": "10:00"}], [{"every": "day", "at": "10:00", "to": "me"}]])
def test_summaries_of_a_file_that_are_wrong_are_refused(api: Api, summaries: object) -> None:
    assert api.call("PUT", "/config", {"monitors": [], "summaries": summaries}).status_code == 400


@pytest.mark.slow
def test_a_review_loads_what_reckons_only_if_one_is_due(tmp_path: Path) -> None:
    script = """
import json, sys
import functions_framework
client = functions_framework.create_app("review_alerts", "main.py").test_client()
response = client.post("/", headers={"X-API-Key": %r})
print(json.dumps([response.status_code, sorted(name for name in sys.modules if name.startswith("shared."))]))
"""
    environ = {"API_KEY": KEY, "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}", "LOG_DIR": ""}
    answer = subprocess.run(
        [sys.executable, "-c", script % KEY], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    status, loaded = json.loads(answer.stdout.splitlines()[-1])
    assert status == 200
    assert "shared.store.recurring.summaries" in loaded
    of_a_summary = {
        *("shared.store.recurring.summarizing", "shared.store.recurring.reckoning", "shared.history.rollup"),
        *("shared.store.asking.availability", "shared.store.asking.counts", "shared.monitors.windows.spans"),
        "shared.messages",
    }
    assert not of_a_summary & set(loaded)
