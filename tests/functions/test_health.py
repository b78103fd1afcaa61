"""GET /."""

from tests.functions.api import FAILURE, Api, on_each_engine


@on_each_engine
def test_health_counts_what_is_open_and_owed(api: Api) -> None:
    api.post(FAILURE)
    assert api.get("/") == {
        "status": "ok",
        "database": "ok",
        "last_check": "2025-01-08T10:30:00.000Z",
        "open_alerts": 1,
        "owed_notifications": 0,
        "version": "0.1.0",
    }
