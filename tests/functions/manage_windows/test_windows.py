"""/windows: windows made, read, changed and ended by people, and those of the file."""

from typing import Any

import pytest

from shared.models import as_text, now
from shared.monitors.windows.recurrence import STORED
from shared.monitors.windows.window import Window
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import FAILURE, Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, applied, failed, made

pytestmark = pytest.mark.slow

SILENCE = {"kind": "silence", "monitors": ["shop"], "duration": "1h", "by": "kim"}
TIMES = ("2029-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000Z")
PATCHING = {
    "kind": "maintenance",
    "title": "Patching",
    "groups": ["Web"],
    "weekly": ["Mon", "Thu"],
    "at": "02:30",
    "duration": "40m",
    "time_zone": "Asia/Seoul",
}


def post(api: Api, **fields: Any) -> Any:
    response = api.call("POST", "/windows", {**SILENCE, **fields})
    assert response.status_code == 201, response.text
    return response.json


def statuses(api: Api) -> list[tuple[str, str, str | None]]:
    """Kind, status and reason of each row of the log, oldest first."""
    logs = api.get("/notification_logs")["notification_logs"]
    return [(log["kind"], log["status"], log["reason"]) for log in reversed(logs)]


@pytest.fixture(autouse=True)
def shop(api: Api) -> None:
    made(api, **{**SHOP, "group": "Web", "tags": ["eu"]})


@on_each_engine
def test_a_silence_of_an_hour_is_open_at_once(api: Api) -> None:
    window = post(api)
    assert {name: window[name] for name in SILENCE} == {**SILENCE, "duration": "1h"}
    assert (window["id"], window["source"], window["is_active"]) == (1, "api", True)
    [span] = window["spans"]
    assert span == {"starts_at": window["starts_at"], "ends_at": window["ends_at"]}
    assert api.get("/windows/1") == window
    assert api.get("/windows") == {"windows": [window], "next": None}


@on_each_engine
def test_a_recurring_window_shows_its_next_five_spans(api: Api) -> None:
    response = api.call("POST", "/windows", PATCHING)
    assert response.status_code == 201, response.text
    shown = api.get("/windows/1?from=2027-01-13T12:00:00Z")
    assert [span["starts_at"] for span in shown["spans"]] == [
        f"2027-{day}T17:30:00.000Z" for day in ("01-13", "01-17", "01-20", "01-24", "01-27")
    ]
    assert shown["ends_at"] == "2027-01-13T18:10:00.000Z"


@on_each_engine
def test_a_silence_holds_messages_until_it_is_deleted(api: Api) -> None:
    post(api)
    failed(api)
    assert statuses(api) == [("OUTAGE", "HELD", "silence")]
    ended = api.call("DELETE", "/windows/1")
    assert (ended.status_code, ended.headers.get("Content-Type")) == (204, None)
    assert statuses(api) == [("OUTAGE", "HELD", "silence"), ("OUTAGE", "SENT", "silence")]
    assert api.call("GET", "/windows/1").status_code == 404


@on_each_engine
def test_a_change_lets_go_of_what_the_window_is_no_longer_about(api: Api) -> None:
    made(api, name="other", url="http://other.example/")
    window = post(api)
    failed(api)
    changed = api.call("PATCH", "/windows/1", {"monitors": ["other"], "duration": "2h", "by": None}).json
    assert changed is not None
    assert (changed["monitors"], changed["by"], changed["starts_at"]) == (["other"], None, window["starts_at"])
    assert statuses(api)[-1] == ("OUTAGE", "SENT", "silence")


def test_a_new_duration_takes_the_place_of_the_end_and_the_reverse(api: Api) -> None:
    post(api, starts_at=TIMES[0], ends_at=TIMES[1], duration=None)
    for change, ends_at in (({"duration": "2h"}, "2029-01-01T02:00:00.000Z"), ({"ends_at": TIMES[1]}, TIMES[1])):
        changed = api.call("PATCH", "/windows/1", change)
        assert (changed.status_code, (changed.json or {}).get("ends_at")) == (200, ends_at), changed.text
    both = api.call("PATCH", "/windows/1", {"duration": "2h", "ends_at": TIMES[1]})
    assert (both.status_code, (both.json or {})["field"]) == (400, "duration")


def test_an_old_window_that_never_ends_can_get_another_title(api: Api) -> None:
    stored = {"kind": "silence", "all": True, "every": "day", "at": "02:30", "duration": "48h", "title": "Patching"}
    open_store(Settings.from_env()).windows.add(Window.model_validate(stored, context=STORED), now=now())
    assert api.call("PATCH", "/windows/1", {"title": "Backups"}).status_code == 200
    assert api.get("/windows/1")["title"] == "Backups"
    assert api.call("PATCH", "/windows/1", {"at": "03:30"}).status_code == 400
    assert api.call("PATCH", "/windows/1", {"duration": "23h"}).status_code == 200


def test_under_maintenance_nothing_opens(api: Api) -> None:
    post(api, kind="maintenance", monitors=None, tags=["eu"])
    api.post(FAILURE | {"monitor": "shop", "timestamp": as_text(now())})
    [monitor] = api.get("/monitors")["monitors"]
    assert (monitor["state"], monitor["active_alert"]) == ("MAINTENANCE", None)
    assert api.get("/alerts")["alerts"] == []
    assert api.call("DELETE", "/windows/1").status_code == 204
    reviewed = api.call("POST", "/review_alerts").json
    assert reviewed is not None
    assert reviewed["outlived_windows"] == 1
    assert [alert["subject"] for alert in api.get("/alerts")["alerts"]] == ["shop"]


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"monitors": ["shopp"]}, "monitors", "found 'shopp'"),
        ({"monitors": None, "groups": ["web"]}, "groups", "found 'web'"),
        ({"monitors": None, "tags": ["us"]}, "tags", "found 'us'"),
        ({"monitors": None}, "monitors", "exactly one of monitors, groups, tags or all"),
        ({"all": True}, "all", "exactly one of"),
        ({"duration": None}, "duration", "either it or ends_at"),
        ({"duration": "0.5s"}, "duration", "0.5s"),
        ({"kind": "nap"}, "kind", "'maintenance' or 'silence'"),
        ({"weekly": ["Mon"]}, "weekly", "at beside it"),
        ({"every": "day", "at": "25:00"}, "at", "25:00"),
        ({"cron": "0 0 30 2 *"}, "cron", "comes to pass"),
        ({"rrule": "FREQ=SECONDLY"}, "rrule", "daily or less often"),
        ({"every": "day", "at": "02:30", "duration": "48h"}, "duration", "it would never end"),
        ({"rrule": "FREQ=DAILY;COUNT=3"}, "rrule", "DTSTART"),
        ({"rrule": "DTSTART:20250101T000000\nRRULE:FREQ=DAILY;COUNT=3"}, "rrule", "expected a time after"),
        ({"every": "day", "at": "02:30", "time_zone": "Mars/Base"}, "time_zone", "Asia/Seoul"),
        ({"starts_at": TIMES[1], "ends_at": TIMES[0], "duration": None}, "ends_at", "found '2029-01-01T00"),
        ({"starts_at": "2024-01-01T00:00:00Z"}, "ends_at", "found 2024-01-01T01:00:00.000Z"),
        ({"starts_at": 5}, "starts_at", "ISO 8601"),
        ({"silent": True}, "silent", "not permitted"),
    ],
)
def test_a_wrong_window_is_refused(api: Api, fields: dict[str, Any], field: str, said: str) -> None:
    given = {name: value for name, value in {**SILENCE, **fields}.items() if value is not None}
    response = api.call("POST", "/windows", given)
    assert response.status_code == 400
    assert response.json is not None
    assert (response.json["field"], said in response.json["detail"]) == (field, True), response.json
    assert api.get("/windows")["windows"] == []


def test_pages_lead_through_all_windows_newest_first(api: Api) -> None:
    for _ in range(5):
        post(api)
    found, path = [], "/windows?limit=2"
    while path:
        page = api.get(path)
        found += [window["id"] for window in page["windows"]]
        path = f"/windows?limit=2&cursor={page['next']}" if page["next"] else ""
    assert found == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("window_id", ["0", "99", "x", str(2**63), "1" * 20])
def test_a_window_that_there_is_not_is_404(api: Api, window_id: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        assert api.call(method, f"/windows/{window_id}", {} if method == "PATCH" else None).status_code == 404


# --- those of the file ------------------------------------------------------------------------------------------------


@on_each_engine
def test_the_files_windows_are_what_the_file_says(api: Api) -> None:
    once = {**SILENCE, "title": "Now"}
    applied(api, SHOP, windows=[PATCHING, once])
    first = {window["title"]: window for window in api.get("/windows")["windows"]}
    assert {window["source"] for window in first.values()} == {"file"}
    applied(api, SHOP, windows=[once])
    [left] = api.get("/windows")["windows"]
    assert left == first["Now"], "what did not change goes on as it is"
    for method in ("PATCH", "DELETE"):
        refused = api.call(method, f"/windows/{left['id']}", {"duration": "2h"} if method == "PATCH" else None)
        assert (refused.status_code, "configuration's file" in refused.text) == (409, True)
    post(api)
    applied(api, SHOP)
    assert [window["source"] for window in api.get("/windows")["windows"]] == ["api"]


def test_a_wrong_window_of_the_file_changes_nothing(api: Api) -> None:
    body = {"monitors": [SHOP], "windows": [PATCHING, {**PATCHING, "at": "2:30"}]}
    response = api.call("PUT", "/config", body)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["field"] == "windows.1.at"
    assert api.get("/windows")["windows"] == []


# --- beside an alert --------------------------------------------------------------------------------------------------


@on_each_engine
def test_an_alert_can_be_acknowledged_and_silenced_at_once(api: Api) -> None:
    failed(api)
    answer = api.patch(1, status="ACK", silence="1h", by="kim").json
    assert answer is not None
    assert (answer["status"], answer["window_id"]) == ("ACK", 1)
    window = api.get("/windows/1")
    assert (window["kind"], window["monitors"], window["duration"], window["by"]) == ("silence", ["shop"], "1h", "kim")
    api.post({"target_url": "http://shop/", "monitor": "shop", "timestamp": "2025-01-08T10:31:00Z", "is_success": True})
    assert statuses(api)[-1] == ("RECOVERY", "HELD", "silence")


def test_the_longest_names_can_be_silenced(api: Api) -> None:
    name = "http://a.example/" + "가" * 677
    failed(api, name)
    answer = api.patch(1, silence="1h", by="x" * 255).json
    assert answer is not None
    assert (api.get("/windows/1")["monitors"], answer["window_id"]) == ([name], 1)


def test_a_silence_alone_moves_nothing(api: Api) -> None:
    failed(api)
    answer = api.patch(1, silence=60).json
    assert answer is not None
    assert (answer["status"], answer["window_id"]) == ("OPEN", 1)


def test_a_silence_needs_the_key_as_every_window_does(api: Api) -> None:
    failed(api)
    assert api.call("PATCH", "/alerts/1", {"status": "ACK"}, key=None).status_code == 200
    assert api.call("PATCH", "/alerts/1", {"silence": "1h"}, key=None).status_code == 401
    assert api.get("/windows")["windows"] == []


def test_an_alert_that_does_not_exist_is_not_silenced(api: Api) -> None:
    assert api.patch(99, silence="1h").status_code == 404
    assert api.get("/windows")["windows"] == []
