"""The HTTP functions, each under functions-framework as in production, over one real database; no process."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import functions_framework
import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from infra.local.gateway import gateway
from infra.table import MAIN, rows
from shared import ROOT
from shared.models import AlertKind, as_text, now
from shared.settings import Settings
from shared.store import open as opening
from shared.store import open_store
from shared.store.tables import alerts
from tests.conftest import new_store
from tests.support.postgres import Server
from tests.support.running import free_port
from tests.support.stand_ins import BotApi, bad_gateway, hangs
from tests.torture.wire import Wire

KEY = "a-key-for-these-tests-only"
FAILURE = {
    "target_url": "https://example.com",
    "status_code": None,
    "response_time_ms": None,
    "timestamp": "2025-01-08T10:30:00Z",
    "is_success": False,
    "error_message": "connection refused",
}
SUCCESS = FAILURE | {"status_code": 200, "response_time_ms": 150, "is_success": True, "error_message": None}


@pytest.fixture(scope="session")
def apps() -> dict[str, Flask]:
    return {row.name: functions_framework.create_app(row.name, str(MAIN)) for row in rows()}  # type: ignore[no-untyped-call]


class Api:
    """A client of the whole API, as the gateway serves it."""

    def __init__(self, apps: dict[str, Flask]) -> None:
        self.apps = apps
        self.client = Client(gateway(rows(), apps.__getitem__))

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = KEY, **options: Any) -> TestResponse:
        headers = options.pop("headers", {}) | ({"X-API-Key": key} if key is not None else {})
        if isinstance(body, bytes):
            options.setdefault("content_type", "application/json")
            options["data"] = body
        elif body is not None:
            options["json"] = body
        return self.client.open(path, method=method, headers=headers, **options)

    def post(self, body: Any, **options: Any) -> TestResponse:
        return self.call("POST", "/events", body, **options)

    def patch(self, alert_id: object, **body: object) -> TestResponse:
        return self.call("PATCH", f"/alerts/{alert_id}", body)

    def get(self, path: str) -> Any:
        response = self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json

    def alone(self, name: str, method: str, path: str, **options: Any) -> TestResponse:
        return self.apps[name].test_client().open(path, method=method, headers={"X-API-Key": KEY}, **options)


# What goes through the store and comes back from it; everything else is the same over either engine.
on_each_engine = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.system)], indirect=True
)


@pytest.fixture
def wire(postgres: Server) -> Iterator[Wire]:
    with Wire(postgres.new_store()) as leading:
        yield leading


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store: SQLite, unless the test is of each engine, or wants PostgreSQL at the end of a wire."""
    if getattr(request, "param", None) == "wire":
        return str(request.getfixturevalue("wire").url)
    return new_store(request) or f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def environ(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    channels = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "SNS_TOPIC_ARN")
    for name in (*channels, "API_AUTH", "MESSAGE_LANGUAGE", "LOG_DIR", "BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    set_all(API_KEY=KEY, DATABASE_URL=database_url, TARGET_URL="http://127.0.0.1:1/")
    yield set_all
    settings = Settings.from_env({"DATABASE_URL": database_url})
    opening._opened(settings.database_path or settings.database_url).database.close()
    opening._opened.cache_clear()


@pytest.fixture
def api(apps: dict[str, Flask], environ: Callable[..., None]) -> Api:
    return Api(apps)


# --- an outage from end to end ------------------------------------------------------------------------------------


@on_each_engine
def test_an_outage_is_told_once_and_its_recovery_once(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    opened = api.post(FAILURE)
    assert opened.status_code == 201
    assert opened.json is not None
    assert (opened.json["id"], opened.json["duplicate"], opened.json["change"]) == (1, False, "OPENED")
    assert (opened.json["alert"]["status"], opened.json["alert"]["subject"]) == ("OPEN", "https://example.com")
    still = api.post(FAILURE | {"timestamp": "2025-01-08T10:30:30Z"}).json
    assert still is not None
    assert (still["change"], still["alert"]["id"]) == (None, 1)
    resolved = api.post(SUCCESS | {"timestamp": "2025-01-08T10:33:05Z"}).json
    assert resolved is not None
    assert (resolved["change"], resolved["alert"]["status"]) == ("RESOLVED", "RESOLVED")
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]
    assert [line.split()[0] for line in told] == ["OUTAGE", "RECOVERY"]
    assert "lasted 3 min 5 s" in told[1]
    logs = api.get("/notification_logs")["notification_logs"]
    assert [(log["kind"], log["status"], log["channel"]) for log in logs] == [
        ("RECOVERY", "SENT", "console"),
        ("OUTAGE", "SENT", "console"),
    ]
    assert [each["status"] for each in api.get("/alerts/1")["notifications"]] == ["SENT", "SENT"]


def test_the_originals_body_is_taken_as_documented(api: Api) -> None:
    body = b"""{"target_url": "https://example.com", "status_code": 200, "response_time_ms": 150,
                "timestamp": "2025-01-08T10:30:00", "is_success": true, "error_message": null}"""
    answer = api.post(body)
    assert answer.status_code == 201
    assert answer.json is not None
    assert (answer.json["change"], answer.json["alert"], len(answer.json["event_id"])) == (None, None, 32)


@on_each_engine
def test_the_same_event_again_answers_200_and_changes_nothing(api: Api) -> None:
    event = FAILURE | {"event_id": "e-1"}
    assert api.post(event).status_code == 201
    again = api.post(event | {"is_success": True})
    assert (again.status_code, again.json) == (
        200,
        {"id": 1, "event_id": "e-1", "duplicate": True, "change": None, "alert": None},
    )


@pytest.mark.system
@pytest.mark.parametrize("database_url", ["wire"], indirect=True)
def test_what_was_saved_although_nobody_heard_so_is_not_done_again_and_is_told_once(
    api: Api, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    event = FAILURE | {"event_id": "e-1"}
    asked: dict[str, Callable[[], TestResponse]] = {
        "INSERT INTO events": lambda: api.post(event),
        "UPDATE alerts": lambda: api.patch(1, status="RESOLVED"),
    }
    for words, ask in asked.items():
        is_done = wire.hang_up(words, "after")
        unheard = ask()
        assert (unheard.status_code, unheard.headers["Retry-After"], is_done.is_set()) == (503, "2", True)
        assert ask().status_code == 200, "as where it was so already"
    outcomes = api.call("POST", "/deliver_notifications").json
    assert outcomes == {"SENT": 2, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}
    assert api.call("POST", "/deliver_notifications").json == dict.fromkeys(outcomes, 0)
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]
    assert [line.split()[0] for line in told] == ["OUTAGE", "RECOVERY"]
    [alert] = api.get("/alerts")["alerts"]
    assert (alert["id"], alert["status"]) == (1, "RESOLVED")


@on_each_engine
def test_an_array_is_taken_in_one_transaction(api: Api) -> None:
    events = [FAILURE | {"event_id": "a"}, SUCCESS | {"timestamp": "2025-01-08T11:00:00Z"}, FAILURE | {"event_id": "a"}]
    answer = api.post(events)
    assert answer.status_code == 201
    assert answer.json is not None
    assert (answer.json["accepted"], answer.json["duplicates"]) == (2, 1)
    assert [each["change"] for each in answer.json["changes"]] == ["OPENED", "RESOLVED"]
    assert answer.json["changes"][0]["event_id"] == "a"


def test_an_array_with_one_bad_event_is_refused_whole(api: Api) -> None:
    answer = api.post([FAILURE, FAILURE | {"is_success": "no"}])
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["field"] == "1.is_success"
    assert api.get("/alerts") == {"alerts": [], "next": None}


@on_each_engine
def test_a_thousand_events_are_taken_and_one_more_is_not(api: Api) -> None:
    assert api.post([SUCCESS] * 1000).status_code == 201
    answer = api.post([SUCCESS] * 1001)
    assert answer.status_code == 400
    assert api.get("/")["last_check"] == "2025-01-08T10:30:00.000Z"
    assert api.post([]).json == {"accepted": 0, "duplicates": 0, "changes": []}


def test_a_time_without_an_offset_is_the_servers_local_time(api: Api, environ: Callable[..., None]) -> None:
    environ(TZ="Asia/Seoul")
    time.tzset()
    try:
        api.post(SUCCESS | {"timestamp": "2025-01-08T10:30:00"})
        assert api.get("/")["last_check"] == "2025-01-08T01:30:00.000Z"
    finally:
        environ(TZ="UTC")
        time.tzset()


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target_url": None}, "target_url"),
        ({"target_url": ""}, "target_url"),
        ({"target_url": 5}, "target_url"),
        ({"target_url": "x" * 2049}, "target_url"),
        ({"target_url": "a\0b"}, "target_url"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": 1736332200}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"is_success": 1}, "is_success"),
        ({"is_success": "true"}, "is_success"),
        ({"is_success": None}, "is_success"),
        ({"status_code": "200"}, "status_code"),
        ({"status_code": 10**30}, "status_code"),
        ({"response_time_ms": "fast"}, "response_time_ms"),
        ({"response_time_ms": -1}, "response_time_ms"),
        ({"response_time_ms": 1e300}, "response_time_ms"),
        ({"error_message": ["no"]}, "error_message"),
        ({"event_id": "x" * 65}, "event_id"),
        ({"event_id": ""}, "event_id"),
        ({"event_id": 7}, "event_id"),
        ({"monitor": {}}, "monitor"),
        ({"location": "x" * 256}, "location"),
        ({"cause": "connection_refused"}, "cause"),
        ({"cause": {"parameters": {}}}, "cause.code"),
        ({"cause": {"code": "Connection refused"}}, "cause.code"),
        ({"cause": {"code": "x" * 65}}, "cause.code"),
        ({"cause": {"code": "x", "parameters": None}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"host": ["a"]}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"is_x": True}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"host": "x" * 301}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"host": "a\0b"}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"seconds": 1e300}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"a b": 1}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {f"x{i}": i for i in range(17)}}}, "cause.parameters"),
    ],
)
def test_a_wrong_value_is_named_and_stores_nothing(api: Api, change: dict[str, object], field: str) -> None:
    answer = api.post(FAILURE | change)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.json is not None
    assert answer.json["field"] == field
    assert "value" in answer.json
    assert field in answer.json["detail"]
    assert api.get("/")["last_check"] is None


@pytest.mark.parametrize("field", ["target_url", "timestamp", "is_success"])
def test_a_missing_field_is_named(api: Api, field: str) -> None:
    answer = api.post({name: value for name, value in FAILURE.items() if name != field})
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["field"] == field


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"  \n", "blank"),
        (b"hello", "no JSON"),
        (b"{", "half of it"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b'{"target_url": "\\ud800"}', "half a character"),
        (b"[" * 100_000, "too deep"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too deep in a field that is ignored"),
    ],
)
def test_a_body_that_is_no_event_is_400(api: Api, body: bytes, why: str) -> None:
    answer = api.post(body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), why


def test_unknown_fields_of_a_newer_agent_are_ignored(api: Api) -> None:
    assert api.post(SUCCESS | {"from_the_future": {"a": [1]}}).status_code == 201


def test_a_body_that_says_it_is_not_json_is_415(api: Api) -> None:
    answer = api.post(json.dumps(SUCCESS).encode(), content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415
    assert answer.json is not None
    assert answer.json["field"] == "Content-Type"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/cloudevents+json", ""])
def test_json_by_any_of_its_names_is_taken(api: Api, content_type: str) -> None:
    assert api.post(json.dumps(SUCCESS).encode(), content_type=content_type).status_code == 201


def test_a_body_over_the_limit_is_413_and_not_read(api: Api) -> None:
    answer = api.post(b" " * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert api.get("/")["last_check"] is None


# --- alerts by hand -----------------------------------------------------------------------------------------------


@on_each_engine
def test_an_alert_is_acknowledged_reopened_and_resolved(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post(FAILURE)
    acknowledged = api.patch(1, status="ACK", by="kim").json
    assert acknowledged is not None
    assert (acknowledged["status"], acknowledged["acknowledged_by"]) == ("ACK", "kim")
    assert [each["id"] for each in api.get("/alerts?status=ACK")["alerts"]] == [1]
    reopened = api.patch(1, status="OPEN").json
    assert reopened is not None
    assert (reopened["status"], reopened["acknowledged_at"]) == ("OPEN", None)
    resolved = api.patch(1, status="RESOLVED", by="lee\nOUTAGE fake").json
    assert resolved is not None
    assert resolved["resolved_by"] == "lee\nOUTAGE fake"
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]
    assert [line.split()[0] for line in told] == ["OUTAGE", "RECOVERY"], "what somebody writes cannot forge a line"
    assert "resolved by hand by lee OUTAGE fake" in told[1]


def test_the_same_status_again_is_200_and_changes_nothing(api: Api) -> None:
    api.post(FAILURE)
    first = api.patch(1, status="ACK", by="kim").json
    again = api.patch(1, status="ACK", by="lee")
    assert (again.status_code, again.json) == (200, first)


def test_an_illegal_move_is_409_and_names_both_statuses(api: Api) -> None:
    api.post(FAILURE)
    api.patch(1, status="RESOLVED")
    answer = api.patch(1, status="ACK")
    assert answer.status_code == 409
    assert answer.json is not None
    assert (answer.json["from"], answer.json["to"]) == ("RESOLVED", "ACK")
    assert "RESOLVED to ACK" in answer.json["detail"]


@on_each_engine
def test_reopening_while_another_is_active_is_409(api: Api) -> None:
    api.post(FAILURE)
    api.patch(1, status="RESOLVED")
    api.post(FAILURE | {"timestamp": "2025-01-08T11:00:00Z"})
    assert api.patch(1, status="OPEN").status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"status": "CLOSED"}, {"status": None}, {"status": "ACK", "by": 7}, {"status": 1}]
)
def test_a_patch_without_a_status_that_exists_is_400(api: Api, body: dict[str, object]) -> None:
    api.post(FAILURE)
    answer = api.call("PATCH", "/alerts/1", body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["field"] in ("status", "by")


@on_each_engine
@pytest.mark.parametrize("alert_id", ["99", "0", "-1", "abc", "1.0", "9" * 19, "9" * 400, "%00", "²"])
def test_an_alert_that_is_not_there_is_404(api: Api, alert_id: str) -> None:
    for answer in (api.call("GET", f"/alerts/{alert_id}"), api.patch(alert_id, status="ACK")):
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


# --- lists --------------------------------------------------------------------------------------------------------


@on_each_engine
def test_lists_are_walked_by_cursor_to_their_end(api: Api) -> None:
    api.post([FAILURE | {"target_url": f"http://{number}/"} for number in range(5)])
    seen, path = [], "/alerts?limit=2"
    while path:
        page = api.get(path)
        seen += [each["id"] for each in page["alerts"]]
        path = f"/alerts?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == [5, 4, 3, 2, 1]


@on_each_engine
def test_alerts_are_filtered_by_status_and_monitor(api: Api) -> None:
    api.post([FAILURE, FAILURE | {"monitor": "shop"}])
    assert [each["subject"] for each in api.get("/alerts?monitor=shop&status=OPEN")["alerts"]] == ["shop"]
    assert api.get("/alerts?status=RESOLVED&monitor=&limit=&cursor=")["alerts"] == []


@pytest.fixture
def of_every_kind(api: Api) -> dict[str, int]:
    """An alert of each kind, by kind; each is about something named ``telegram``."""
    seen = FAILURE | {"monitor": "telegram", "timestamp": as_text(now())}
    api.post(seen)
    api.post(seen | {"monitor": "m", "timestamp": as_text(now()), "agent": "telegram", "is_inconclusive": True})
    store = open_store(Settings.from_env())
    later = now() + timedelta(hours=1)
    with store.database.transaction() as transaction:
        alerts.add(transaction, AlertKind.CHANNEL_REFUSED, "telegram", cause="x", failed_at=later, opened_at=later)
    for minutes in (0, 1, 2):
        store.agents.review(now=later + timedelta(minutes=minutes), channels=("console",))
    # Else its end would wait until its beginning is told.
    assert (api.call("POST", "/deliver_notifications").json or {})["SENT"] == 1
    return {alert["kind"]: alert["id"] for alert in api.get("/alerts")["alerts"]}


@on_each_engine
def test_alerts_of_every_kind_are_listed_and_a_monitors_are_its_outages(
    api: Api, of_every_kind: dict[str, int]
) -> None:
    assert sorted(of_every_kind) == sorted(AlertKind)
    assert [alert["kind"] for alert in api.get("/alerts?monitor=telegram")["alerts"]] == ["OUTAGE"]
    assert len(api.get("/alerts?status=OPEN")["alerts"]) == len(AlertKind)
    assert api.get("/")["open_alerts"] == len(AlertKind)


@pytest.mark.parametrize("kind", AlertKind)
def test_an_alert_of_any_kind_is_acknowledged_resolved_and_reopened_by_hand(
    api: Api, of_every_kind: dict[str, int], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alert_id = of_every_kind[kind]
    capsys.readouterr()
    moves = [api.patch(alert_id, status=status, by="kim") for status in ("ACK", "OPEN", "RESOLVED", "OPEN")]
    assert [(each.status_code, each.json and each.json["status"]) for each in moves] == [
        (200, "ACK"),
        (200, "OPEN"),
        (200, "RESOLVED"),
        (200, "OPEN"),
    ]
    [told] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("RECOVERY")]
    assert "resolved by hand by kim" in told
    found = api.get(f"/alerts/{alert_id}")
    assert (found["kind"], found["subject"], found["target_url"]) == (
        kind,
        "telegram",
        FAILURE["target_url"] if kind == "OUTAGE" else None,
    )


@pytest.mark.parametrize("off", [-3600, 3600])
def test_an_agent_whose_clock_is_an_hour_off_is_judged_in_order_beside_others(api: Api, off: int) -> None:
    api.post(SUCCESS | {"timestamp": as_text(now())})
    wrong = now() + timedelta(seconds=off)
    date = {"Date": format_datetime(wrong, usegmt=True)}
    answer = api.post(FAILURE | {"timestamp": as_text(wrong)}, headers=date).json
    assert answer is not None
    assert answer["change"] == "OPENED"
    assert abs((datetime.fromisoformat(answer["alert"]["failed_at"]) - now()).total_seconds()) < 30
    answer = api.post(SUCCESS | {"timestamp": as_text(now())}).json
    assert answer is not None
    assert answer["change"] == "RESOLVED"


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "",
        "Thu, 01 Jan 99999999999 00:00:00 GMT",
        "Thu, 99999999999999999999 Jan 2020 00:00:00 GMT",
        "Thu, 01 Jan 9999 00:00:00 GMT",
        "Thu, 01 Jan 0001 00:00:00 +2359",
    ],
)
@pytest.mark.parametrize("timestamp", ["0001-01-02T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_a_date_that_cannot_be_costs_no_event(api: Api, date: str, timestamp: str) -> None:
    answer = api.post(FAILURE | {"timestamp": timestamp}, headers={"Date": date})
    assert (answer.status_code, answer.json and answer.json["change"]) == (201, "OPENED")


@on_each_engine
def test_logs_are_filtered_by_alert(api: Api) -> None:
    api.post([FAILURE, FAILURE | {"monitor": "shop"}])
    assert [log["alert_id"] for log in api.get("/notification_logs?alert_id=2&limit=100")["notification_logs"]] == [2]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/alerts?status=open", "status"),
        ("/alerts?limit=0", "limit"),
        ("/alerts?limit=1001", "limit"),
        ("/alerts?limit=ten", "limit"),
        ("/alerts?cursor=x", "cursor"),
        ("/notification_logs?limit=-1", "limit"),
        (f"/notification_logs?alert_id={2**63}", "alert_id"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, field: str) -> None:
    answer = api.call("GET", path)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["field"] == field


# --- who may, and where -------------------------------------------------------------------------------------------

READS = [("GET", "/"), ("GET", "/alerts"), ("GET", "/alerts/1"), ("GET", "/notification_logs")]
WRITES = [("PATCH", "/alerts/1")]
INGESTS = [
    ("POST", "/events"),
    ("POST", "/check_monitors"),
    ("POST", "/deliver_notifications"),
    ("POST", "/review_alerts"),
]


@pytest.mark.parametrize(
    ("auth", "locked"), [("ingest", INGESTS), ("writes", INGESTS + WRITES), ("all", INGESTS + WRITES + READS)]
)
def test_api_auth_says_what_needs_the_key(
    api: Api, environ: Callable[..., None], auth: str, locked: list[tuple[str, str]]
) -> None:
    environ(API_AUTH=auth)
    api.post(FAILURE)
    for method, path in READS + WRITES + INGESTS:
        for key in (None, "", "wrong", "ключ", KEY + "x"):
            status = api.call(method, path, {"status": "ACK"} if method == "PATCH" else None, key=key).status_code
            assert (status == 401) is ((method, path) in locked), (method, path, key)


def test_without_a_key_of_its_own_the_backend_is_closed(api: Api, environ: Callable[..., None]) -> None:
    environ(API_KEY="")
    for key in (None, "", "None"):
        answer = api.post(SUCCESS, key=key)
        assert answer.status_code == 500
        assert answer.json is not None
        assert "API_KEY is not set" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/events", "POST"),
        ("DELETE", "/alerts", "GET, HEAD"),
        ("POST", "/alerts/1", "GET, HEAD, PATCH"),
        ("POST", "/", "GET, HEAD"),
        ("GET", "/check_monitors", "POST"),
    ],
)
def test_another_method_is_405_and_says_which(api: Api, method: str, path: str, allow: str) -> None:
    answer = api.call(method, path)
    assert (answer.status_code, answer.headers["Allow"], answer.mimetype) == (405, allow, "application/problem+json")


@pytest.mark.parametrize("path", ["/nope", "/alerts/1/2", "/events/x", "/favicon.ico"])
def test_another_path_is_404(api: Api, path: str) -> None:
    assert api.call("GET", path).status_code == 404


def test_a_slash_at_the_end_does_no_harm(api: Api) -> None:
    assert api.get("/alerts/") == {"alerts": [], "next": None}


@pytest.mark.parametrize("path", ["/1", "/alerts/1", "/1/", "/v1/alerts/1"])
def test_an_id_is_found_where_the_functions_name_is_stripped_too(api: Api, path: str) -> None:
    api.post(FAILURE)
    assert api.alone("get_alert", "GET", path).status_code == 200
    assert api.alone("update_alert", "PATCH", path, json={"status": "ACK"}).status_code == 200


def test_a_function_alone_answers_other_methods_with_405(api: Api) -> None:
    answer = api.alone("list_alerts", "POST", "/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_head_is_answered_like_get(api: Api) -> None:
    answer = api.call("HEAD", "/")
    assert (answer.status_code, answer.data) == (200, b"")


# --- health and trouble -------------------------------------------------------------------------------------------


@on_each_engine
def test_health_tells_what_is_open(api: Api) -> None:
    api.post(FAILURE)
    assert api.get("/") == {
        "status": "ok",
        "database": "ok",
        "last_check": "2025-01-08T10:30:00.000Z",
        "open_alerts": 1,
        "owed_notifications": 0,
        "version": "0.1.0",
    }


@on_each_engine
@pytest.mark.parametrize("text", ["한글 🔥 ' \" \\ %% %s :name ; -- \n"])
def test_any_text_comes_back_as_it_was_given(api: Api, text: str) -> None:
    fields = ("target_url", "monitor", "error_message", "location")
    assert api.post(FAILURE | dict.fromkeys(fields, text)).status_code == 201
    [alert] = api.get("/alerts")["alerts"]
    assert (alert["subject"], alert["target_url"], alert["cause"]) == (text, text, text)
    assert [each["id"] for each in api.get(f"/alerts?{urlencode({'monitor': text})}")["alerts"]] == [1]
    moved = api.patch(1, status="ACK", by=text).json
    assert moved is not None
    assert moved["acknowledged_by"] == text


@pytest.mark.parametrize("text", ["nul \x00 inside", "half \ud800 a character"], ids=["NUL", "half a character"])
def test_text_that_not_every_engine_keeps_is_refused_by_all(api: Api, text: str) -> None:
    for name in ("target_url", "monitor", "error_message", "location", "agent", "event_id"):
        assert api.post(json.dumps(FAILURE | {name: text}).encode()).status_code == 400
    api.post(FAILURE)
    assert api.call("GET", f"/alerts?{urlencode({'monitor': text}, errors='surrogatepass')}").status_code == 400
    assert api.call("PATCH", "/alerts/1", json.dumps({"status": "ACK", "by": text}).encode()).status_code == 400


def test_a_store_that_cannot_be_reached_is_503_everywhere(
    api: Api, environ: Callable[..., None], tmp_path: Path
) -> None:
    environ(DATABASE_URL=f"sqlite:///{tmp_path}/missing/store.db")
    for method, path in [("GET", "/"), ("GET", "/alerts"), ("POST", "/events"), ("POST", "/deliver_notifications")]:
        answer = api.call(method, path, SUCCESS if path == "/events" else None)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    (tmp_path / "missing").mkdir()
    assert api.post(SUCCESS).status_code == 201, "and works again once the trouble is over"


def test_a_server_that_cannot_be_reached_is_503_everywhere_and_is_not_named(
    api: Api, environ: Callable[..., None]
) -> None:
    port = free_port()
    environ(DATABASE_URL=f"postgresql://somebody:secret@127.0.0.1:{port}/store")
    for method, path in [("GET", "/"), ("GET", "/alerts"), ("POST", "/events"), ("POST", "/deliver_notifications")]:
        answer = api.call(method, path, SUCCESS if path == "/events" else None)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert not [word for word in ("somebody", "secret", "127.0.0.1", str(port)) if word in answer.text]


def test_a_malformed_setting_is_named_and_nothing_else_is_told(api: Api, environ: Callable[..., None]) -> None:
    environ(NOTIFICATION_TTL="soon")
    answer = api.post(SUCCESS)
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["detail"] == "NOTIFICATION_TTL is 'soon': expected a number of seconds from 1 to 31536000"


def test_an_unforeseen_error_is_500_without_a_traceback(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("shared.store.store.Alerts.page", broken)
    answer = api.call("GET", "/alerts")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_channel_that_hangs_costs_an_event_no_more_than_its_budget(
    api: Api, environ: Callable[..., None], bot_api: BotApi
) -> None:
    environ(**bot_api.environ)
    bot_api.queue(hangs)
    started = time.monotonic()
    assert api.post(FAILURE).status_code == 201
    assert time.monotonic() - started < 2
    statuses = {log["channel"]: log["status"] for log in api.get("/notification_logs")["notification_logs"]}
    assert statuses == {"console": "SENT", "telegram": "RETRY"}
    assert api.get("/")["owed_notifications"] == 1


@on_each_engine
def test_deliver_notifications_sends_what_is_due_and_says_how_it_went(
    api: Api, environ: Callable[..., None], bot_api: BotApi
) -> None:
    environ(**bot_api.environ)
    bot_api.queue(bad_gateway)
    api.post(FAILURE)
    none = {"SENT": 0, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}
    assert api.call("POST", "/deliver_notifications").json == none, "it is not due again yet"
    with open_store(Settings.from_env()).database.transaction() as transaction:
        transaction.rows("UPDATE notifications SET due_at = '2025-01-01T00:00:00.000Z'")
    assert api.call("POST", "/deliver_notifications").json == none | {"SENT": 1}
    assert len(bot_api.messages) == 1
    assert api.call("POST", "/deliver_notifications").json == none


def test_the_repository_is_where_relative_paths_begin() -> None:
    assert (ROOT / "main.py").is_file()
