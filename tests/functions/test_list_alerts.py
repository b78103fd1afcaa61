"""GET /alerts."""

import pytest

from shared.models import AlertKind
from tests.functions.api import FAILURE, Api, on_each_engine

pytestmark = pytest.mark.slow


@on_each_engine
def test_cursors_lead_to_the_end_of_a_list(api: Api) -> None:
    api.post([FAILURE | {"target_url": f"http://{number}/"} for number in range(5)])
    seen, path = [], "/alerts?limit=2"
    while path:
        page = api.get(path)
        seen += [alert["id"] for alert in page["alerts"]]
        path = f"/alerts?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == [5, 4, 3, 2, 1]


@on_each_engine
def test_alerts_are_filtered_by_status_and_monitor(api: Api) -> None:
    api.post([FAILURE, FAILURE | {"monitor": "shop"}])
    assert [alert["subject"] for alert in api.get("/alerts?monitor=shop&status=OPEN")["alerts"]] == ["shop"]
    assert api.get("/alerts?status=RESOLVED&monitor=&limit=&cursor=")["alerts"] == []


@on_each_engine
def test_alerts_of_every_kind_are_listed(api: Api, alerts_of_every_kind: dict[str, int]) -> None:
    """The filter by monitor finds what is about a monitor, and nothing else of that name."""
    kinds = set(AlertKind) - {AlertKind.SUMMARY}
    assert alerts_of_every_kind.keys() == kinds
    about = {alert["kind"] for alert in api.get("/alerts?monitor=telegram")["alerts"]}
    assert about == {"OUTAGE", "DEGRADED", "CERTIFICATE_EXPIRING"}
    for kind in kinds:
        assert [alert["kind"] for alert in api.get(f"/alerts?kind={kind}")["alerts"]] == [kind]
    assert len(api.get("/alerts?status=OPEN")["alerts"]) == len(kinds)
    assert api.get("/")["open_alerts"] == len(kinds)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/alerts?status=open", "status"),
        ("/alerts?limit=0", "limit"),
        ("/alerts?limit=1001", "limit"),
        ("/alerts?limit=ten", "limit"),
        ("/alerts?cursor=x", "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, field: str) -> None:
    response = api.call("GET", path)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["field"] == field
