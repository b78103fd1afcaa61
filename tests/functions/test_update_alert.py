"""PATCH /alerts/<id>: a person acknowledges, resolves and reopens alerts."""

import pytest

from shared.models import AlertKind
from tests.functions.api import FAILURE, Api, on_each_engine

pytestmark = pytest.mark.slow


@on_each_engine
def test_an_alert_is_acknowledged_reopened_and_resolved(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post(FAILURE)
    acknowledged = api.patch(1, status="ACK", by="kim").json
    assert acknowledged is not None
    assert (acknowledged["status"], acknowledged["acknowledged_by"]) == ("ACK", "kim")
    assert [alert["id"] for alert in api.get("/alerts?status=ACK")["alerts"]] == [1]
    reopened = api.patch(1, status="OPEN").json
    assert reopened is not None
    assert (reopened["status"], reopened["acknowledged_at"]) == ("OPEN", None)
    resolved = api.patch(1, status="RESOLVED", by="lee\nOUTAGE fake").json
    assert resolved is not None
    assert resolved["resolved_by"] == "lee\nOUTAGE fake"
    messages = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]
    assert [message.split()[0] for message in messages] == ["OUTAGE", "RECOVERY"], "a name cannot forge a line"
    assert "resolved by hand by lee OUTAGE fake" in messages[1]


def test_the_same_status_again_is_200_and_changes_nothing(api: Api) -> None:
    api.post(FAILURE)
    first = api.patch(1, status="ACK", by="kim").json
    again = api.patch(1, status="ACK", by="lee")
    assert (again.status_code, again.json) == (200, first)


def test_an_illegal_move_is_409_and_names_both_statuses(api: Api) -> None:
    api.post(FAILURE)
    api.patch(1, status="RESOLVED")
    response = api.patch(1, status="ACK")
    assert response.status_code == 409
    assert response.json is not None
    assert (response.json["from"], response.json["to"]) == ("RESOLVED", "ACK")
    assert "RESOLVED to ACK" in response.json["detail"]


@on_each_engine
def test_reopening_while_another_alert_is_active_is_409(api: Api) -> None:
    api.post(FAILURE)
    api.patch(1, status="RESOLVED")
    api.post(FAILURE | {"timestamp": "2025-01-08T11:00:00Z"})
    assert api.patch(1, status="OPEN").status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"status": "CLOSED"}, {"status": None}, {"status": "ACK", "by": 7}, {"status": 1}]
)
def test_a_patch_without_a_known_status_is_400(api: Api, body: dict[str, object]) -> None:
    api.post(FAILURE)
    response = api.call("PATCH", "/alerts/1", body)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["field"] in ("status", "by")


def test_a_misspelt_field_is_400_and_changes_nothing(api: Api) -> None:
    api.post(FAILURE)
    response = api.patch(1, status="RESOLVED", silnce="1h")
    assert (response.status_code, (response.json or {})["field"]) == (400, "silnce")
    assert api.get("/alerts/1")["status"] == "OPEN"


@pytest.mark.parametrize("kind", sorted(set(AlertKind) - {AlertKind.SUMMARY}))
def test_an_alert_of_any_kind_is_moved_by_hand(
    api: Api, alerts_of_every_kind: dict[str, int], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alert_id = alerts_of_every_kind[kind]
    capsys.readouterr()
    moves = [api.patch(alert_id, status=status, by="kim") for status in ("ACK", "OPEN", "RESOLVED", "OPEN")]
    assert [(move.status_code, move.json and move.json["status"]) for move in moves] == [
        (200, "ACK"),
        (200, "OPEN"),
        (200, "RESOLVED"),
        (200, "OPEN"),
    ]
    [recovery] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("RECOVERY")]
    assert "resolved by hand by kim" in recovery
    found = api.get(f"/alerts/{alert_id}")
    assert (found["kind"], found["subject"], found["target_url"]) == (
        kind,
        "telegram",
        FAILURE["target_url"] if kind == "OUTAGE" else None,
    )
