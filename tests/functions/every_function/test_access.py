"""The paths that the key opens, and the methods and paths that exist."""

from collections.abc import Callable

import pytest

from tests.functions.api import FAILURE, KEY, SUCCESS, Api
from tests.support.routes import ROUTES, filled

READS = [
    *(("GET", "/"), ("GET", "/alerts"), ("GET", "/alerts/1"), ("GET", "/notification_logs"), ("GET", "/openapi.json")),
    *(("GET", "/monitors"), ("GET", "/monitors/1"), ("GET", "/windows"), ("GET", "/windows/1")),
    *(("GET", "/history"), ("GET", "/monitors/1/history"), ("GET", "/monitors/1/events")),
    *(("GET", "/monitors/1/timeline"), ("GET", "/incidents"), ("GET", "/incidents/1"), ("GET", "/metrics")),
]
WRITES = [("PATCH", "/alerts/1")]
# Paths that tell what is watched: the key is needed in every mode.
MANAGES = [
    *(("POST", "/monitors"), ("PUT", "/monitors/1"), ("PATCH", "/monitors/1"), ("DELETE", "/monitors/1")),
    *(("POST", "/monitors/1/check"), ("PUT", "/config"), ("POST", "/drills")),
    *(("POST", "/windows"), ("PATCH", "/windows/1"), ("DELETE", "/windows/1")),
    *(("POST", "/incidents"), ("PATCH", "/incidents/1"), ("DELETE", "/incidents/1")),
]
INGESTS = [
    ("POST", "/events"),
    ("POST", "/check_monitors"),
    ("POST", "/checks/claim"),
    ("POST", "/checks/trials/1"),
    ("POST", "/deliver_notifications"),
    ("POST", "/review_alerts"),
    ("POST", "/maintain_store"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("auth", "locked"),
    [
        ("ingest", INGESTS + MANAGES),
        ("writes", INGESTS + MANAGES + WRITES),
        ("all", INGESTS + MANAGES + WRITES + READS),
    ],
)
def test_api_auth_says_what_needs_the_key(
    api: Api, environ: Callable[..., None], auth: str, locked: list[tuple[str, str]]
) -> None:
    environ(API_AUTH=auth)
    api.post(FAILURE)
    for method, path in READS + WRITES + MANAGES + INGESTS:
        for key in (None, "", "wrong", "ключ", KEY + "x"):
            body = {"status": "ACK"} if (method, path) in WRITES else None
            status = api.call(method, path, body, key=key).status_code
            assert (status == 401) is ((method, path) in locked), (method, path, key)


def test_the_lists_above_have_every_route() -> None:
    listed = {*READS, *WRITES, *MANAGES, *INGESTS}
    assert {(route.method, filled(route.path)) for _, route in ROUTES if route.access != "open"} == listed


def test_a_backend_without_a_key_is_closed(api: Api, environ: Callable[..., None]) -> None:
    environ(API_KEY="")
    for key in (None, "", "None"):
        response = api.post(SUCCESS, key=key)
        assert response.status_code == 500
        assert response.json is not None
        assert "API_KEY is not set" in response.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/events", "POST"),
        ("DELETE", "/alerts", "GET, HEAD"),
        ("POST", "/alerts/1", "GET, HEAD, PATCH"),
        ("POST", "/", "GET, HEAD"),
        ("GET", "/check_monitors", "POST"),
        ("GET", "/checks/claim", "POST"),
        ("DELETE", "/monitors", "GET, HEAD, POST"),
        ("POST", "/monitors/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("GET", "/monitors/1/check", "POST"),
        ("GET", "/config", "PUT"),
    ],
)
def test_another_method_is_405_and_names_the_right_ones(api: Api, method: str, path: str, allow: str) -> None:
    response = api.call(method, path)
    assert (response.status_code, response.headers["Allow"], response.mimetype) == (
        405,
        allow,
        "application/problem+json",
    )


@pytest.mark.parametrize("path", ["/nope", "/alerts/1/2", "/events/x", "/favicon.ico", "/monitors/1/2", "/checks"])
def test_another_path_is_404(api: Api, path: str) -> None:
    assert api.call("GET", path).status_code == 404


def test_a_slash_at_the_end_does_no_harm(api: Api) -> None:
    assert api.get("/alerts/") == {"alerts": [], "next": None}


@pytest.mark.parametrize("path", ["/1", "/alerts/1", "/1/", "/v1/alerts/1"])
def test_an_id_is_found_without_the_functions_name_before_it(api: Api, path: str) -> None:
    api.post(FAILURE)
    assert api.alone("get_alert", "GET", path).status_code == 200
    assert api.alone("update_alert", "PATCH", path, json={"status": "ACK"}).status_code == 200


def test_a_function_alone_responds_405_to_other_methods(api: Api) -> None:
    response = api.alone("list_alerts", "POST", "/")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")


def test_head_responds_like_get_without_a_body(api: Api) -> None:
    response = api.call("HEAD", "/")
    assert (response.status_code, response.data) == (200, b"")
