"""Google's scheduler has a key of its own, and its services are called at one public address, or at their own."""

import pytest

from infra.table import rows
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
def test_nobody_calls_a_scheduled_function_from_outside(runtime: Google) -> None:
    for row in rows():
        if row.every is not None:
            problem(runtime.call("POST", row.route.path, function=None), 404)


@on_google
@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico", "/nothing/here"])
def test_a_path_of_nobodys_is_a_problem_as_on_a_laptop(runtime: Google, path: str) -> None:
    problem(runtime.call("GET", path, function=None), 404)
