"""POST /drills, and what follows over HTTP: reviews, acknowledgements, GET /."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.models import now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api, on_each_engine
from tests.support.stand_ins import Exchange, StandIn

pytestmark = pytest.mark.slow

PUBLIC_URL = "http://127.0.0.1:5000"


class Hook(StandIn):
    """Takes what a webhook of ours posts."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []
        self.status = 200

    def answer(self, exchange: Exchange) -> None:
        self.bodies.append(json.loads(exchange.body))
        exchange.answer(self.status, "ok")


@pytest.fixture
def hook(environ: Callable[..., None]) -> Iterator[Hook]:
    """A webhook named ops, beside the console."""
    with Hook() as hook:
        environ(CHANNELS=json.dumps({"ops": {"kind": "webhook", "url": hook.url}}), PUBLIC_URL=PUBLIC_URL)
        yield hook


def start(api: Api, **body: object) -> dict[str, Any]:
    response = api.call("POST", "/drills", body)
    assert response.status_code == 201, response.text
    return dict(response.json or {})


@on_each_engine
def test_a_drill_begins_is_delivered_and_ends(api: Api, hook: Hook) -> None:
    drill = start(api)
    assert (drill["kind"], drill["subject"], drill["status"]) == ("DRILL", "Bonghwa", "OPEN")
    assert {each["channel"] for each in drill["notifications"]} == {"console", "ops"}
    [message] = hook.bodies
    assert (message["kind"], message["alert_id"]) == ("DRILL", drill["id"])
    api.call("POST", "/review_alerts")
    found = api.get("/")["last_drill"]
    assert (found["ok"], found["failed"], found["acknowledged_by"]) == (True, {}, None)
    assert found["at"] == drill["opened_at"]
    assert set(found["delivered"]) == {"console", "ops"}
    assert all(0 <= seconds < 5 for seconds in found["delivered"].values())
    api.call("POST", "/deliver_notifications")
    assert [body["kind"] for body in hook.bodies] == ["DRILL", "RECOVERY"]


def test_a_drill_is_acknowledged_by_its_link(api: Api, hook: Hook) -> None:
    drill = start(api, channels=["ops"], need_ack="10m")
    api.call("POST", "/review_alerts")
    assert api.get(f"/alerts/{drill['id']}")["status"] == "OPEN"
    link = urlsplit(hook.bodies[0]["ack_url"]).path
    page = api.call("GET", link, key=None, headers={"Accept-Language": "ko"})
    assert (page.status_code, "훈련" in page.text) == (200, True)
    assert api.call("POST", link, key=None).status_code == 303
    api.call("POST", "/review_alerts")
    assert api.get("/")["last_drill"]["acknowledged_by"] == "ops"
    assert api.call("GET", link, key=None).status_code == 410, "it is over"


def test_a_drill_is_acknowledged_as_any_alert(api: Api, hook: Hook) -> None:
    drill = start(api, channels="kind:webhook", need_ack=600)
    assert api.patch(drill["id"], status="ACK", by="kim").json["status"] == "ACK"  # type: ignore[index]
    api.call("POST", "/review_alerts")
    assert api.get("/")["last_drill"] | {"at": "", "delivered": {}} == {
        "at": "",
        "ok": True,
        "delivered": {},
        "failed": {},
        "acknowledged_by": "kim",
    }
    assert len(hook.bodies) == 1


def test_a_channel_that_refuses_is_in_the_result(api: Api, hook: Hook) -> None:
    hook.status = 410
    start(api)
    api.call("POST", "/review_alerts")
    found = api.get("/")["last_drill"]
    assert (found["ok"], set(found["delivered"])) == (False, {"console"})
    assert "410" in found["failed"]["ops"]
    assert [alert["subject"] for alert in api.get("/alerts?kind=CHANNEL_REFUSED")["alerts"]] == ["ops"]


def test_one_drill_at_a_time(api: Api, hook: Hook) -> None:
    drill = start(api, need_ack="1h")
    response = api.call("POST", "/drills", {})
    assert (response.status_code, (response.json or {})["alert_id"]) == (409, drill["id"])
    assert len(hook.bodies) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channels": ["nobody"]}, "channels"),
        ({"channels": ["kind:slack"]}, "channels"),
        ({"channels": []}, "channels"),
        ({"need_ack": "soon"}, "need_ack"),
        ({"need_ack": 0}, "need_ack"),
        ({"chanels": ["ops"]}, "chanels"),
        ([], "body"),
    ],
)
def test_a_drill_that_makes_no_sense_is_refused(api: Api, hook: Hook, body: object, field: str) -> None:
    response = api.call("POST", "/drills", body)
    assert (response.status_code, (response.json or {})["field"]) == (400, field)
    assert hook.bodies == []
    assert api.get("/alerts") == {"alerts": [], "next": None}


def test_a_drill_needs_the_key(api: Api, hook: Hook) -> None:
    assert api.call("POST", "/drills", {}, key=None).status_code == 401
    assert hook.bodies == []


def test_the_drills_of_the_file_are_applied(api: Api, hook: Hook) -> None:
    body = {"monitors": [], "drills": [{"cron": "* * * * *", "channels": ["ops"]}]}
    for is_dry_run in ("true", "false"):
        assert api.call("PUT", f"/config?dry_run={is_dry_run}", body).status_code == 200
    store = open_store(Settings.from_env())
    with store.database.snapshot() as snapshot:
        [schedule] = snapshot.rows("SELECT next_at FROM drill_schedules")
    assert 0 < (datetime.fromisoformat(schedule["next_at"]) - now()).total_seconds() <= 60
    assert api.call("POST", "/review_alerts").json["drills"] in (0, 1)  # type: ignore[index]


@pytest.mark.parametrize("drills", [{}, "daily", [{"at": "10:00"}], [{"every": "day", "at": "10:00", "need": 1}]])
def test_drills_of_a_file_that_are_wrong_are_refused(api: Api, drills: object) -> None:
    response = api.call("PUT", "/config", {"monitors": [], "drills": drills})
    assert response.status_code == (200 if drills == {} else 400)
