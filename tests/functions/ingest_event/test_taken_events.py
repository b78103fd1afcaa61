"""POST /events: what is taken, and what it changes."""

import contextlib
import json
import sqlite3

import pytest

from tests.functions.api import FAILURE, SUCCESS, Api, on_each_engine

pytestmark = pytest.mark.slow


def test_the_documented_body_is_taken(api: Api) -> None:
    body = b"""{"target_url": "https://example.com", "status_code": 200, "response_time_ms": 150,
                "timestamp": "2025-01-08T10:30:00", "is_success": true, "error_message": null}"""
    response = api.post(body)
    assert response.status_code == 201
    assert response.json is not None
    assert (response.json["change"], response.json["alert"], len(response.json["event_id"])) == (None, None, 32)


@on_each_engine
def test_the_same_event_again_is_200_and_changes_nothing(api: Api) -> None:
    event = FAILURE | {"event_id": "e-1"}
    assert api.post(event).status_code == 201
    again = api.post(event | {"is_success": True})
    assert (again.status_code, again.json) == (
        200,
        {"id": 1, "event_id": "e-1", "duplicate": True, "change": None, "alert": None},
    )


@on_each_engine
def test_an_array_is_taken_in_one_transaction(api: Api) -> None:
    events = [FAILURE | {"event_id": "a"}, SUCCESS | {"timestamp": "2025-01-08T11:00:00Z"}, FAILURE | {"event_id": "a"}]
    response = api.post(events)
    assert response.status_code == 201
    assert response.json is not None
    assert (response.json["accepted"], response.json["duplicates"]) == (2, 1)
    assert [change["change"] for change in response.json["changes"]] == ["OPENED", "RESOLVED"]
    assert response.json["changes"][0]["event_id"] == "a"


@on_each_engine
def test_an_array_holds_at_most_a_thousand_events(api: Api) -> None:
    assert api.post([SUCCESS] * 1000).status_code == 201
    response = api.post([SUCCESS] * 1001)
    assert response.status_code == 400
    assert api.get("/")["last_check"] == "2025-01-08T10:30:00.000Z"
    assert api.post([]).json == {"accepted": 0, "duplicates": 0, "changes": []}


def test_unknown_fields_of_a_newer_agent_are_ignored(api: Api) -> None:
    assert api.post(SUCCESS | {"from_the_future": {"a": [1]}}).status_code == 201


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/cloudevents+json", ""])
def test_json_is_taken_under_each_of_its_types(api: Api, content_type: str) -> None:
    assert api.post(json.dumps(SUCCESS).encode(), content_type=content_type).status_code == 201


# No index can compress them.
HANGUL = "".join(map(chr, range(0xAC00, 0xAC00 + 2000)))


@on_each_engine
def test_the_longest_name_is_stored_wherever_it_stands(api: Api) -> None:
    name = HANGUL[:682]
    taken = api.post(FAILURE | {"monitor": name})
    assert (taken.status_code, taken.json and taken.json["change"]) == (201, "OPENED")
    assert api.post(SUCCESS | {"monitor": name, "timestamp": "2025-01-08T11:00:00Z"}).status_code == 201
    [alert] = api.get(f"/alerts?monitor={name}")["alerts"]
    assert (alert["subject"], alert["status"]) == (name, "RESOLVED")


def test_a_longer_name_of_a_former_version_still_works(api: Api, database_url: str) -> None:
    api.post(FAILURE)
    with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as store:
        store.execute("UPDATE monitors SET name = ?, source = 'env', interval_seconds = 60", [HANGUL])
        store.execute("UPDATE alerts SET subject = ?", [HANGUL])
    assert [each["name"] for each in api.get(f"/monitors?name={HANGUL}")["monitors"]] == [HANGUL]
    assert [each["subject"] for each in api.get(f"/alerts?monitor={HANGUL}")["alerts"]] == [HANGUL]
    silence = {"kind": "silence", "duration": "1h", "monitors": [HANGUL]}
    assert api.call("POST", "/windows", silence).status_code == 201
    assert api.get("/windows")["windows"][0]["monitors"] == [HANGUL]
    assert api.post(SUCCESS | {"timestamp": "2025-01-08T11:00:00Z"}).status_code == 201
    assert api.call("POST", "/checks/claim", {"agent": "a"}).status_code == 200
