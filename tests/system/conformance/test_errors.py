"""The shapes of the API's errors on every platform."""

from typing import Any

import pytest

from tests.support.routes import ROUTES, filled, methods_of
from tests.support.running import API_KEY
from tests.system.conformance.observing import problem
from tests.system.conformance.platforms import on_each_platform
from tests.system.runtimes import Runtime

pytestmark = pytest.mark.system


def test_a_wrong_value_is_named_and_stores_nothing(runtime: Runtime, failure: dict[str, Any]) -> None:
    for field, value, shown in [
        ("target_url", None, "null"),
        ("timestamp", "yesterday", "'yesterday'"),
        ("is_success", "true", "'true'"),
        ("status_code", 10**30, "1" + "0" * 30),
        ("monitor", {"이름": 1}, '{"이름": 1}'),
    ]:
        found = problem(runtime.call("POST", "/events", failure | {field: value}), 400)
        assert (found["field"], found["value"]) == (field, shown)
        assert field in found["detail"]
    found = problem(runtime.call("POST", "/events", {k: v for k, v in failure.items() if k != "target_url"}), 400)
    assert found["field"] == "target_url"
    assert runtime.alerts(monitor=failure["target_url"]) == []


def test_a_body_that_is_no_event_is_400(runtime: Runtime) -> None:
    for body in (b"", b"  \n", b"hello", b"{", b'"text"', b"null", b"[" * 100_000):
        problem(runtime.call("POST", "/events", body), 400)


def test_a_wrong_parameter_is_named(runtime: Runtime) -> None:
    for path, field in [
        ("/alerts?status=open", "status"),
        ("/alerts?limit=1001", "limit"),
        ("/alerts?cursor=%ED%95%9C", "cursor"),
        (f"/notification_logs?alert_id={2**63}", "alert_id"),
    ]:
        assert problem(runtime.call("GET", path), 400)["field"] == field


@on_each_platform
def test_without_the_key_every_function_responds_401(runtime: Runtime) -> None:
    for row, route in ROUTES:
        for key in (None, "", "wrong", API_KEY[:-1], f"{API_KEY}x") if route.access != "open" else ():
            problem(runtime.call(route.method, filled(route.path), key=key, function=row.name), 401)
    assert runtime.call("GET", "/").status_code == 200


def test_an_unknown_alert_is_404(runtime: Runtime) -> None:
    for alert_id in ("0", "-1", "abc", "9" * 19, "%00"):
        problem(runtime.call("GET", f"/alerts/{alert_id}"), 404)
        problem(runtime.call("PATCH", f"/alerts/{alert_id}", {"status": "ACK"}), 404)


@on_each_platform
def test_another_method_is_405_and_names_the_right_ones(runtime: Runtime) -> None:
    for row, route in ROUTES:
        there = [(other, each) for other, each in ROUTES if each.path == route.path]
        allowed = {method for _, each in there for method in methods_of(each)}
        own = {method for other, each in there if other == row for method in methods_of(each)}
        for method in {"GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"} - allowed:
            response = runtime.call(method, filled(route.path), function=row.name)
            problem(response, 405)
            # If one URL leads to several functions, the response names the methods of all of them.
            assert own <= set(response.headers["Allow"].split(", ")) <= allowed


def test_an_illegal_move_is_409_and_names_both_statuses(runtime: Runtime, alert: dict[str, Any]) -> None:
    path = f"/alerts/{alert['id']}"
    runtime.call("PATCH", path, {"status": "RESOLVED"})
    found = problem(runtime.call("PATCH", path, {"status": "ACK"}), 409)
    assert (found["from"], found["to"]) == ("RESOLVED", "ACK")
    assert "RESOLVED to ACK" in found["detail"]


def test_a_body_over_the_limit_is_413(runtime: Runtime) -> None:
    problem(runtime.call("POST", "/events", b" " * (1024 * 1024 + 1)), 413)
    assert runtime.call("POST", "/events", b" " * (1024 * 1024 - 2) + b"[]").status_code == 201


def test_a_body_of_another_type_is_415(runtime: Runtime, failure: dict[str, Any]) -> None:
    for content_type in ("application/x-www-form-urlencoded", "text/plain"):
        response = runtime.call("POST", "/events", failure, content_type=content_type)
        assert problem(response, 415)["field"] == "Content-Type"
    assert runtime.call("POST", "/events", failure, content_type="application/cloudevents+json").status_code == 201
