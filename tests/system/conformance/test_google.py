"""Google's scheduler has a key of its own, and Google strips a function's name from the path."""

from typing import Any

import pytest

from tests.support.routes import ROUTES, filled
from tests.system.conformance.observing import problem
from tests.system.conformance.platforms import on_google
from tests.system.runtimes import google
from tests.system.runtimes.google import Google

pytestmark = pytest.mark.system


@on_google
def test_the_key_of_the_schedules_opens_nothing_else(runtime: Google) -> None:
    for row, route in ROUTES:
        if row.every is None and route.access != "open":
            path = filled(route.path)
            problem(runtime.call(route.method, path, key=google.KEY_OF_SCHEDULES, function=row.name), 401)


@on_google
def test_a_path_without_the_functions_name_is_found(runtime: Google, alert: dict[str, Any]) -> None:
    path = f"/{alert['id']}"
    assert runtime.call("GET", path, function="get_alert").json() == runtime.get(f"/alerts{path}")
    assert runtime.call("PATCH", path, {"status": "ACK"}, function="update_alert").json()["status"] == "ACK"
