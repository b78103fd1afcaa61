"""The status page on every platform: the page, its assets, its JSON and its feed; and what people say on it."""

import re
from typing import Any

import pytest

from tests.system.runtimes import Runtime

pytestmark = pytest.mark.system


def test_visitors_see_the_page_with_its_assets(runtime: Runtime) -> None:
    monitor: dict[str, Any] = {"name": "of the pages", "group": "Pages", "url": "https://shop.example.com/"}
    body = {"monitors": [monitor], "status_page": {"title": "The shop", "groups": ["Pages"]}}
    try:
        assert runtime.call("PUT", "/config", body).status_code == 200
        incident = runtime.call("POST", "/incidents", {"title": "We move", "text": "**Soon** over."})
        assert incident.status_code == 201, incident.text
        page = runtime.call("GET", "/status?lang=en", key=None)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8"), page.text
        assert "We move" in page.text
        assert "<b>Soon</b> over." in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        [style] = re.findall(r'href="\./(assets/bonghwa-\w+\.css)"', page.text)
        sheet = runtime.call("GET", f"/{style}", key=None)
        assert sheet.status_code == 200
        assert "immutable" in sheet.headers["Cache-Control"]
        shown = runtime.call("GET", "/status.json", key=None).json()
        assert [each["name"] for group in shown["groups"] for each in group["monitors"]] == ["of the pages"]
        number = shown["groups"][0]["monitors"][0]["id"]
        of_monitor = (f"/status/monitors/{number}", f"/badge/{number}/status.svg", f"/embed/{number}")
        for path in ("/status/feed.atom", *of_monitor):
            assert runtime.call("GET", path, key=None).status_code == 200, path
    finally:
        runtime.call("PUT", "/config", {"monitors": []})
