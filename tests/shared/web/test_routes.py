"""A function with several routes: which use case answers, who may call it, and what every function promises."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from flask import Response
from werkzeug.test import Client, TestResponse

from shared import web
from shared.web import MAX_BODY_BYTES
from tests.support import notes

pytestmark = pytest.mark.slow

KEY = "a-key-for-these-tests-only"


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_logs: object) -> Callable[..., TestResponse]:
    """Calls the function under functions-framework."""
    for name in ("K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME", "LOG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("API_KEY", KEY)
    monkeypatch.setenv("API_AUTH", "all")
    source = str(notes.add_to(tmp_path))
    client = Client(functions_framework.create_app(notes.NAME, source))  # type: ignore[no-untyped-call]

    def call(method: str, path: str, *, key: str | None = KEY, **options: Any) -> TestResponse:
        headers = {"X-API-Key": key} if key else {}
        return client.open(path, method=method, headers=headers, **options)

    return call


@pytest.mark.parametrize(("method", "path", "found"), notes.CALLS)
def test_a_request_finds_the_use_case_of_its_route(
    call: Callable[..., TestResponse], method: str, path: str, found: list[str] | int
) -> None:
    response = call(method, path)
    if isinstance(found, list):
        assert (response.status_code, response.json) == (200, found)
        return
    assert response.status_code == found
    if found >= 400:
        assert response.mimetype == "application/problem+json"
    assert response.headers.get("Allow") == (notes.ALLOWED[path] if found == 405 else None)


@pytest.mark.parametrize("before", ["/prod", "/keep_notes"])
def test_a_platform_may_put_one_name_before_the_path(call: Callable[..., TestResponse], before: str) -> None:
    assert call("GET", f"{before}/notes/7").json == ["get_note", "7"]
    assert call("GET", f"{before}/nope").status_code == 404
    assert call("GET", f"{before}/more/notes/7").status_code == 404


@pytest.mark.parametrize(
    ("auth", "locked"),
    [("ingest", {"manage"}), ("writes", {"manage", "write"}), ("all", {"manage", "write", "read"})],
)
def test_each_route_has_an_access_of_its_own(
    call: Callable[..., TestResponse], monkeypatch: pytest.MonkeyPatch, auth: str, locked: set[str]
) -> None:
    monkeypatch.setenv("API_AUTH", auth)
    calls = [("GET", "/notes/1", "read"), ("POST", "/notes/1/share", "write"), ("GET", "/beats/t/0", "open")]
    calls += [("DELETE", "/notes/1", "manage"), ("POST", "/notes", "manage"), ("HEAD", "/beats/t/0", "open")]
    for method, path, access in calls:
        for key in (None, "wrong", KEY[:-1]):
            assert (call(method, path, key=key).status_code == 401) is (access in locked), (method, path, key)
        assert call(method, path, data=b"{}").status_code < 300, (method, path)


def test_what_holds_for_every_function_holds_for_its_routes(
    call: Callable[..., TestResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("POST", "/notes", data=b"{}").json == ["add_note", "{}"]
    assert call("POST", "/notes", data=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    assert call("POST", "/notes", data=b"").status_code == 400
    broken = call("GET", "/notes/13")
    assert (broken.status_code, "secret" in broken.text) == (500, False)
    foreign = call("GET", "/beats/t/0", environ_overrides={"HTTP_HOST": "evil.example"})
    assert foreign.status_code == 421
    monkeypatch.setenv("API_KEY", "")
    assert call("GET", "/beats/t/0").status_code == 200
    assert "API_KEY is not set" in call("DELETE", "/notes/7").text


def test_a_use_case_without_a_route_is_named() -> None:
    def forgotten(*_: object) -> Response:
        return web.answer({})

    with pytest.raises(TypeError, match="forgotten has no route"):
        web.routes(forgotten)


def test_a_misspelt_decorator_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'rout'"):
        _ = web.rout  # type: ignore[attr-defined]
