"""GET /alerts/<id>; PATCH finds an alert in the same way."""

import pytest

from tests.functions.api import Api, on_each_engine


@on_each_engine
@pytest.mark.parametrize("alert_id", ["99", "0", "-1", "abc", "1.0", "9" * 19, "9" * 400, "%00", "²"])
def test_an_unknown_alert_is_404(api: Api, alert_id: str) -> None:
    for response in (api.call("GET", f"/alerts/{alert_id}"), api.patch(alert_id, status="ACK")):
        assert (response.status_code, response.mimetype) == (404, "application/problem+json")
