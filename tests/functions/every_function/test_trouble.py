"""Trouble of the store, the settings or our own code becomes a response that says what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functions.api import SUCCESS, Api
from tests.support.running import free_port


def test_an_unreachable_store_is_503_everywhere(api: Api, environ: Callable[..., None], tmp_path: Path) -> None:
    environ(DATABASE_URL=f"sqlite:///{tmp_path}/missing/store.db")
    for method, path in [("GET", "/"), ("GET", "/alerts"), ("POST", "/events"), ("POST", "/deliver_notifications")]:
        response = api.call(method, path, SUCCESS if path == "/events" else None)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
    (tmp_path / "missing").mkdir()
    assert api.post(SUCCESS).status_code == 201, "it works again when the trouble is over"


def test_an_unreachable_server_is_503_and_is_not_named(api: Api, environ: Callable[..., None]) -> None:
    port = free_port()
    environ(DATABASE_URL=f"postgresql://somebody:secret@127.0.0.1:{port}/store")
    for method, path in [("GET", "/"), ("GET", "/alerts"), ("POST", "/events"), ("POST", "/deliver_notifications")]:
        response = api.call(method, path, SUCCESS if path == "/events" else None)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert not [word for word in ("somebody", "secret", "127.0.0.1", str(port)) if word in response.text]


def test_a_malformed_setting_is_named_and_nothing_else(api: Api, environ: Callable[..., None]) -> None:
    environ(NOTIFICATION_TTL="soon")
    response = api.post(SUCCESS)
    assert response.status_code == 500
    assert response.json is not None
    assert response.json["detail"] == "NOTIFICATION_TTL is 'soon': expected a number of seconds from 1 to 31536000"


def test_an_unforeseen_error_is_500_without_a_traceback(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("shared.store.store.Alerts.page", broken)
    response = api.call("GET", "/alerts")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Traceback" not in response.text
