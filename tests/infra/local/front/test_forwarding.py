"""The gateway's words to a function in a process of its own about the origin of a request."""

from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from infra.local.gateway import gateway, in_processes
from infra.table import rows
from tests.support.stand_ins import Echo


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        ("127.0.0.1", "203.0.113.9"),
        ("172.18.0.1", "203.0.113.9"),
        # Anybody could say so.
        ("192.0.2.7", "203.0.113.9, 192.0.2.7"),
    ],
)
def test_only_a_trusted_proxy_says_where_a_request_comes_from(
    monkeypatch: pytest.MonkeyPatch, peer: str, said: str
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "172.16.0.0/12")
    [row] = [row for row in rows() if row.name == "describe_api"]
    with Echo(200) as function:
        app = gateway([row], in_processes({row.name: urlsplit(function.url).port or 0}))
        response = Client(app).get(
            "/openapi.json",
            headers={"X-Forwarded-For": "203.0.113.9"},
            environ_overrides={"RAW_URI": "/openapi.json", "REMOTE_ADDR": peer},
        )
    assert f"X-Forwarded-For: {said}\n" in response.text
