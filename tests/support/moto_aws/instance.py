"""An instance of a Lambda, and what API Gateway hands it."""

import importlib.util
from typing import Any

import pytest

from tests.support.moto_aws import ACCOUNT

KEY = "a-key-that-is-for-tests-only"


class Instance:
    """An instance of a Lambda. A test sets its environment and then calls it."""

    def __init__(self, environ: pytest.MonkeyPatch) -> None:
        self.environ = environ
        # An instance keeps its secrets and its functions in the module, so this one has a module of its own.
        found = importlib.util.find_spec("infra.clouds.aws.handler")
        assert found
        assert found.loader
        self._handler: Any = importlib.util.module_from_spec(found)
        found.loader.exec_module(self._handler)
        self.failure: type[Exception] = self._handler.FunctionFailed

    def set(self, **variables: str) -> None:
        """Set variables of its environment."""
        for name, value in variables.items():
            self.environ.setenv(name, value)

    def call(self, event: dict[str, Any]) -> dict[str, Any]:
        """Hand it an event; its response."""
        response: dict[str, Any] = self._handler.handler(event, None)
        return response


def request_event(
    method: str, path: str, *, route: str = "", key: str | None = KEY, body: str | None = None
) -> dict[str, Any]:
    """The event that an HTTP API makes of a request, in its payload 2.0."""
    headers = {"host": "0123abcd.execute-api.eu-west-1.amazonaws.com", "x-forwarded-for": "203.0.113.7"}
    headers |= {"x-forwarded-port": "443", "x-forwarded-proto": "https"}
    headers |= {"x-api-key": key} if key else {}
    headers |= {"content-type": "application/json"} if body else {}
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl"}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route or f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"accountId": ACCOUNT, "stage": "$default", "requestId": "id", "http": http},
        "isBase64Encoded": False,
    }
    return event | ({"body": body} if body else {})
