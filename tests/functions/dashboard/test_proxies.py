"""Visitors whose wrong keys count together if requests come through a proxy."""

from collections.abc import Callable

import pytest

from tests.functions.api import KEY
from tests.functions.dashboard.conftest import Browser


@pytest.mark.parametrize("peer", ["172.18.0.1", "::ffff:172.18.0.1", "10.0.0.5"])
def test_behind_a_trusted_proxy_each_visitor_counts(browser: Browser, environ: Callable[..., None], peer: str) -> None:
    environ(TRUSTED_PROXIES="172.16.0.0/12, 10.0.0.5", API_AUTH="all")
    browser.environ["REMOTE_ADDR"] = peer
    stranger = {"X-Forwarded-For": "203.0.113.9"}
    tried = [browser.post("/dashboard/sign-in", stranger, key="wrong").status_code for _ in range(6)]
    assert tried == [403] * 5 + [429]
    assert browser.post("/dashboard/sign-in", {"X-Forwarded-For": "198.51.100.7"}, key=KEY).status_code == 303


def test_another_proxy_cannot_make_up_visitors(browser: Browser, environ: Callable[..., None]) -> None:
    environ(TRUSTED_PROXIES="172.16.0.0/12", API_AUTH="all")
    browser.environ["REMOTE_ADDR"] = "192.0.2.7"
    tried = [
        browser.post("/dashboard/sign-in", {"X-Forwarded-For": f"203.0.113.{number}"}, key="wrong").status_code
        for number in range(6)
    ]
    assert tried[-1] == 429
