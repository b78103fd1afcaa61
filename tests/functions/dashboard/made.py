"""A monitor that the form makes, and what is stored and shown of it."""

import re
from html import unescape
from typing import Any

from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser

URL = "https://shop.example/"
MX = {"query_name": "a.example", "query_type": "MX"}


def new(browser: Browser, **fields: Any) -> Any:
    return browser.send("/dashboard/monitors/new", **{"kind": "http", "url": URL, "interval": "30s", **fields})


def stored(api: Api, monitor_id: int = 1) -> Any:
    return api.get(f"/monitors/{monitor_id}")["policy"]


def text(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub("<.*?>", " ", page)))
