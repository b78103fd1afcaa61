"""Others' texts stand on the pages as text: they run nothing, and break no page."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from shared.models import as_text, now
from tests.functions.api import FAILURE, Api
from tests.functions.dashboard.conftest import Browser

pytestmark = pytest.mark.slow

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}{% raw %}\u202e${x}{name}&amp;"
PAGES = (
    *("/dashboard", "/dashboard/alerts", "/dashboard/alerts/1", "/dashboard/monitors/1", "/dashboard/monitors/1/edit"),
    *("/dashboard/monitors/new?from=1", "/dashboard/channels", "/dashboard/windows", "/dashboard/agents"),
    *("/dashboard/settings", "/dashboard/incidents"),
)
_VOID = {"meta", "link", "input", "br", "img", "path", "rect", "circle"}
# The list leaves these ends out, as HTML allows.
_IMPLIED = {"tr", "td", "th", "thead", "tbody"}


class Structure(HTMLParser):
    """The parts of a page: each element with its attributes, and whether every one is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID | _IMPLIED:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID | _IMPLIED:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def check(page: str) -> Structure:
    found = Structure(page)
    assert found.open == []
    for tag, attributes in found.elements:
        assert tag not in ("img", "iframe", "style", "base", "object"), tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"], attributes
        if tag == "script":
            assert re.fullmatch(r"(\.\.?/)+assets/\w+-[0-9a-f]+\.js", attributes.get("src") or ""), attributes
        for name in ("href", "action", "formaction"):
            link = attributes.get(name)
            if name == "href" and attributes.get("rel") == "noopener noreferrer":
                assert re.match("https?://", link or ""), link  # an address that somebody wrote
                continue
            assert link is None or not re.match(r"\s*(javascript|data|https?):|//", link), link
    assert "49" not in re.findall(r"alert\(2\)>'(\d*)", found.text)
    return found


@pytest.fixture
def hostile(signed_in: Browser, api: Api) -> Browser:
    """Everything is called the same evil name."""
    policy = {
        "name": EVIL,
        "url": "https://shop.example/" + EVIL.replace(" ", "%20"),
        "group": EVIL,
        "tags": [EVIL],
        "description": EVIL,
        "keyword": EVIL,
        "headers": {"X-A": EVIL.replace("${x}", "")},
    }
    policy = json.loads(json.dumps(policy).replace("${x}", "").replace("\\u202e", ""))
    made = api.call("POST", "/monitors", policy)
    assert made.status_code == 201, made.text
    failure = {**FAILURE, "monitor": policy["name"], "timestamp": as_text(now()), "agent": EVIL, "location": EVIL}
    api.post({**failure, "error_message": EVIL, "target_url": EVIL})
    signed_in.sign_in(name=EVIL)
    assert signed_in.send("/dashboard/alerts/1", status="ACK", note=EVIL).status_code == 303
    incident = {"title": EVIL[:200], "text": EVIL + "\n\n[x](javascript:alert(1)) ![x](https://evil.example)"}
    assert api.call("POST", "/incidents", incident).status_code == 201
    api.call("POST", "/windows", {"kind": "silence", "title": EVIL, "all": True, "by": EVIL, "duration": "1h"})
    return signed_in


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_that_others_wrote_becomes_html(hostile: Browser, path: str, language: str) -> None:
    found = check(hostile.get(path, **{"Accept-Language": language}).text)
    if path not in ("/dashboard/channels", "/dashboard/settings"):
        assert "<script>alert(1)</script>" in found.text or any(
            "<script>alert(1)</script>" in str(attributes) for _, attributes in found.elements
        )


def test_what_changed_is_no_html_of_others_either(hostile: Browser) -> None:
    since = re.search(r'data-since="(\d+)\.', hostile.page("/dashboard"))
    assert since
    version = re.search(r'data-since="\d+((?:\.\d+)+)"', hostile.page("/dashboard"))
    assert version
    news = json.loads(hostile.page(f"/dashboard/changes?since={int(since[1]) - 5_000}{version[1]}"))
    check(news["head"])
    assert news["rows"]
    for row in news["rows"].values():
        check(f"<table><tbody>{row}</table>")


@pytest.mark.parametrize(
    "name", ["q", "group", "tag", "state", "period", "before", "next", "token", "lang", "from", "kind"]
)
def test_a_query_becomes_no_html(signed_in: Browser, api: Api, name: str) -> None:
    api.post(FAILURE)
    for path in (*PAGES, "/dashboard/sign-in"):
        response = signed_in.client.get(
            path.partition("?")[0],
            query_string={name: EVIL},
            headers=signed_in.headers,
            environ_overrides=signed_in.environ,
        )
        assert response.status_code in (200, 303, 404, 409), (path, response.status_code)
        check(response.text)


def test_a_form_becomes_no_html(signed_in: Browser) -> None:
    for path in ("/dashboard/monitors/new", "/dashboard/windows"):
        fields = dict.fromkeys(("name", "url", "interval", "conditions", "headers", "kind", "about", "title"), EVIL)
        response = signed_in.send(path, **fields, starts_at=EVIL, ends_at=EVIL)
        assert response.status_code == 422, response.text
        check(response.text)
    check(signed_in.sign_in("wrong", name=EVIL, next=EVIL).text)
    check(signed_in.send("/dashboard/channels", channel=EVIL).text)
    check(signed_in.send("/dashboard/alerts/1", status=EVIL).text)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"csrf=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"a=1&" * 2_000, "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_malformed_form_is_refused(signed_in: Browser, body: bytes, kind: str, status: int) -> None:
    for path in ("/dashboard/sign-in", "/dashboard/alerts/1", "/dashboard/windows"):
        response = signed_in.client.post(path, data=body, content_type=kind, headers=signed_in.headers)
        assert response.status_code == status, path
        check(response.text)


def test_long_names_are_shown_whole(signed_in: Browser, api: Api, environ: Callable[..., None]) -> None:
    environ(MESSAGE_LANGUAGE="ko")
    for name in ("x" * 200, "긴 이름" * 50, "🔥" * 100, "م" * 200):
        assert api.call("POST", "/monitors", {"name": name, "url": "https://a.example/"}).status_code == 201
        check(signed_in.page("/dashboard"))
