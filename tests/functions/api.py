"""A client of the whole HTTP API, in the process of the test."""

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server
from werkzeug.test import Client, TestResponse

from infra.local.gateway import gateway
from infra.table import rows

KEY = "a-key-for-these-tests-only"
FAILURE = {
    "target_url": "https://example.com",
    "status_code": None,
    "response_time_ms": None,
    "timestamp": "2025-01-08T10:30:00Z",
    "is_success": False,
    "error_message": "connection refused",
}
SUCCESS = FAILURE | {"status_code": 200, "response_time_ms": 150, "is_success": True, "error_message": None}

MICROSECONDS = re.compile(r"T\d\d:\d\d:\d\d\.\d{4}")

# For what goes through the store and comes back. Everything else is the same on both engines.
on_each_engine = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.system)], indirect=True
)


class Api:
    """A client of the whole API, as the gateway serves it. It sends the key unless a test says otherwise."""

    def __init__(self, apps: dict[str, Flask]) -> None:
        self.apps = apps
        self.client = Client(gateway(rows(), apps.__getitem__))

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = KEY, **options: Any) -> TestResponse:
        headers = options.pop("headers", {}) | ({"X-API-Key": key} if key is not None else {})
        if isinstance(body, bytes):
            options.setdefault("content_type", "application/json")
            options["data"] = body
        elif body is not None:
            options["json"] = body
        response = self.client.open(path, method=method, headers=headers, **options)
        if response.mimetype == "application/json":
            assert not MICROSECONDS.search(response.text), "times have milliseconds in every answer"
        return response

    def post(self, body: Any, **options: Any) -> TestResponse:
        return self.call("POST", "/events", body, **options)

    def patch(self, alert_id: object, **body: object) -> TestResponse:
        return self.call("PATCH", f"/alerts/{alert_id}", body)

    def get(self, path: str) -> Any:
        response = self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json

    def alone(self, name: str, method: str, path: str, **options: Any) -> TestResponse:
        """Call one function without the gateway, as a cloud does."""
        return self.apps[name].test_client().open(path, method=method, headers={"X-API-Key": KEY}, **options)


@contextlib.contextmanager
def served(api: Api) -> Iterator[str]:
    """The API and the pages on a port of this machine, for a browser; the URL."""
    server = make_server("127.0.0.1", 0, gateway(rows(), api.apps.__getitem__), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
