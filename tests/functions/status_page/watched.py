"""A shop as visitors see it: its monitors, and how tests look at its pages."""

from typing import Any

from werkzeug.test import TestResponse

from functions.status_page.readings import _by_store
from shared.models import as_text, now
from tests.functions.api import FAILURE, SUCCESS, Api
from tests.functions.manage_monitors.watched import applied

BROWSER = {"Accept": "text/html", "Accept-Language": "en"}
HOST = "internal-host.example"
PUBLIC = ("Home page", "Checkout", "Search")
PRIVATE = ("secret-database", "hidden-rack", "quiet-corner")


def policies(**checkout: Any) -> list[dict[str, Any]]:
    """Monitors that are public, and three that are private, each in its way."""
    shown = [
        {"name": name, "group": "Shop", "url": f"http://{HOST}/{number}", "failure_threshold": 3}
        for number, name in enumerate(PUBLIC)
    ]
    shown[1] |= checkout
    hidden: list[dict[str, Any]] = [{"name": name, "url": f"http://{HOST}/{name}"} for name in PRIVATE]
    hidden[1] |= {"group": "Shop", "public": False}
    hidden[2] |= {"group": "Elsewhere"}
    return [*shown, *hidden]


def forget() -> None:
    """The next page is of the store as it is then."""
    _by_store.clear()


def opened(api: Api, *watched: dict[str, Any], **rest: Any) -> None:
    """A page that shows the group Shop. ``watched``: other policies than usual."""
    applied(api, *(watched or policies()), **{"status_page": {"title": "The shop", "groups": ["Shop"]}, **rest})


def seen(api: Api, *names: str, ok: bool = True, **fields: Any) -> None:
    """A check of each of these monitors, now."""
    report = (SUCCESS if ok else FAILURE) | {"timestamp": as_text(now()), **fields}
    for name in names:
        assert api.post(report | {"monitor": name}).status_code == 201
    forget()


def looked(api: Api, path: str = "/status", **headers: str) -> TestResponse:
    """The page that a visitor gets now."""
    forget()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.call("GET", path, key=None, headers={**BROWSER, **named})


def html(api: Api, path: str = "/status") -> str:
    """A page that is there."""
    response = looked(api, path)
    assert (response.status_code, response.mimetype) == (200, "text/html"), response.text
    return response.text


def said(api: Api, path: str = "/status.json") -> Any:
    """A page as JSON."""
    response = looked(api, path)
    assert response.status_code == 200, response.text
    return response.json
