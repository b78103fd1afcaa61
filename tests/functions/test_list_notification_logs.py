"""GET /notification_logs."""

import pytest

from tests.functions.api import FAILURE, Api, on_each_engine


@on_each_engine
def test_logs_are_filtered_by_alert(api: Api) -> None:
    api.post([FAILURE, FAILURE | {"monitor": "shop"}])
    assert [log["alert_id"] for log in api.get("/notification_logs?alert_id=2&limit=100")["notification_logs"]] == [2]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/notification_logs?limit=-1", "limit"),
        (f"/notification_logs?alert_id={2**63}", "alert_id"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, field: str) -> None:
    response = api.call("GET", path)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["field"] == field
