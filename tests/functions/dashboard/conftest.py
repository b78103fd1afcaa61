"""A browser without a screen: it keeps cookies, reads pages and sends their forms."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from werkzeug.test import TestResponse

from shared.settings import Settings
from shared.store import Store, open_store
from tests.functions.api import KEY, Api

BASE = "http://localhost"


class Browser:
    """Somebody who looks at the dashboard, on this machine unless a test says otherwise."""

    def __init__(self, api: Api) -> None:
        self.client, self.environ = api.client, {"REMOTE_ADDR": "127.0.0.1"}
        self.headers = {"Accept": "text/html", "Accept-Language": "en"}

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**self.headers, **headers}, environ_overrides=self.environ)

    def page(self, path: str) -> str:
        response = self.get(path)
        assert response.status_code == 200, (response.status_code, response.headers.get("Location"), response.text)
        return response.text

    def post(self, path: str, headers: dict[str, str] | None = None, /, **fields: Any) -> TestResponse:
        return self.client.post(
            path, data=fields, headers={**self.headers, **(headers or {})}, environ_overrides=self.environ
        )

    def sign_in(self, key: str = KEY, **fields: str) -> TestResponse:
        return self.post("/dashboard/sign-in", key=key, **fields)

    def token(self, path: str = "/dashboard/channels") -> str:  # a path
        """The token of the forms of a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.page(path))
        assert found, "nobody is signed in"
        return unescape(found[1])

    def send(self, path: str, **fields: Any) -> TestResponse:
        """Send a form of a page, with its token."""
        return self.post(path, csrf=self.token(), **fields)

    @property
    def cookie(self) -> str | None:
        found = self.client.get_cookie("bonghwa_session")
        return found.value if found else None


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    """A browser whose person is called Kim."""
    assert browser.sign_in(name="Kim").status_code == 303
    return browser


@pytest.fixture
def store(environ: Callable[..., None]) -> Store:
    return open_store(Settings.from_env())


def location(response: TestResponse) -> str:
    """The path that a response redirects to, as a browser sees it."""
    assert response.status_code == 303, response.text
    return urljoin(BASE + response.request.path, response.headers["Location"]).removeprefix(BASE)
