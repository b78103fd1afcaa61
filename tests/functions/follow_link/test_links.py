"""/act/<token>: links from messages, which act on an alert without a key."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urljoin

import pytest
from werkzeug.test import TestResponse

from shared.links import VALID_FOR, Action, Links, links_of
from shared.models import as_text, now
from shared.settings import Settings
from tests.functions.api import FAILURE, KEY, SUCCESS, Api, on_each_engine
from tests.support.stand_ins import BotApi

pytestmark = pytest.mark.slow

ROOT = "https://bonghwa.example.com"


@pytest.fixture(autouse=True)
def _is_public(environ: Callable[..., None]) -> None:
    environ(PUBLIC_URL=ROOT)


def links(key: str = KEY) -> Links:
    found = links_of(Settings.from_env({"PUBLIC_URL": ROOT, "API_KEY": key}))
    assert found is not None
    return found


def link(action: Action = "acknowledge", alert_id: int = 1, channel: str = "ops", at: datetime | None = None) -> str:
    """The path of a link that was made now, or at that time."""
    return links().url(alert_id, action, channel, at=at or now()).removeprefix(ROOT)


def follow(api: Api, path: str, method: str = "GET", **headers: str) -> TestResponse:
    return api.call(method, path, key=None, headers={"Accept-Language": "en", **headers})


def alert(api: Api, alert_id: int = 1) -> tuple[str, str | None]:
    found = api.get(f"/alerts/{alert_id}")
    return found["status"], found["acknowledged_by"]


def windows(api: Api) -> list[tuple[str, list[str], str]]:
    return [(each["kind"], each["monitors"], each["by"]) for each in api.get("/windows")["windows"]]


@on_each_engine
@pytest.mark.parametrize("auth", ["ingest", "all"])
def test_a_press_of_the_button_acknowledges(api: Api, environ: Callable[..., None], auth: str) -> None:
    environ(API_AUTH=auth)
    api.post(FAILURE)
    path = link()
    opened = follow(api, path)
    assert (opened.status_code, opened.mimetype) == (200, "text/html")
    assert re.findall("<button.*?>(.*?)</button>", opened.text) == ["I have it"]
    assert alert(api) == ("OPEN", None)
    pressed = follow(api, path, "POST")
    assert (pressed.status_code, urljoin(ROOT + path, pressed.headers["Location"])) == (303, ROOT + path)
    assert alert(api) == ("ACK", "ops")
    again = follow(api, path)
    assert again.status_code == 200
    assert "<button" not in again.text
    assert "«ops» has it since" in again.text


@pytest.mark.parametrize("action", ["acknowledge", "silence"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_a_link_changes_nothing(api: Api, action: Action, method: str) -> None:
    api.post(FAILURE)
    before = api.get("/alerts/1")
    for _ in range(3):
        response = follow(api, link(action), method)
        assert response.status_code == 200
        assert bool(response.data) is (method == "GET")
    assert api.get("/alerts/1") == before
    assert windows(api) == []


def test_whoever_was_first_stays(api: Api) -> None:
    api.post(FAILURE)
    assert follow(api, link(channel="ops"), "POST").status_code == 303
    assert follow(api, link(channel="mail"), "POST").status_code == 303
    assert alert(api) == ("ACK", "ops")
    assert "«ops» has it since" in follow(api, link(channel="mail")).text


@on_each_engine
def test_acknowledging_stops_a_delayed_channel_that_another_rule_holds(
    api: Api, environ: Callable[..., None], bot_api: BotApi
) -> None:
    telegram = {"kind": "telegram", "bot_token": bot_api.token, "api_url": bot_api.url, "chat_id": 1}
    environ(CHANNELS=json.dumps({"console": "off", "boss": telegram | {"delay": "1h"}}))
    api.call("POST", "/windows", {"kind": "silence", "all": True, "duration": "1h"})
    api.post(FAILURE | {"timestamp": as_text(now())})
    assert follow(api, link(), "POST").status_code == 303
    decisions = [(row["status"], row["reason"]) for row in api.get("/notification_logs")["notification_logs"]]
    assert decisions == [("SUPPRESSED", "acknowledged"), ("HELD", "silence")]


def test_a_press_too_many_is_answered_by_a_page(api: Api) -> None:
    api.post(FAILURE)
    for status in ("ACK", "OPEN") * 5:
        assert api.patch(1, status=status).status_code == 200
    pressed = follow(api, link(), "POST")
    assert (pressed.status_code, pressed.mimetype) == (429, "text/html")
    assert re.search("It was moved too often. Try again in [0-9]+ s", pressed.text)
    assert int(pressed.headers["Retry-After"]) > 0


def test_a_silence_of_what_is_no_monitor_is_answered_by_a_page(api: Api) -> None:
    api.post(FAILURE | {"is_inconclusive": True, "agent": "seoul", "location": "seoul", "agent_interval_seconds": 30})
    pressed = follow(api, link("silence"), "POST")
    assert (pressed.status_code, pressed.mimetype) == (409, "text/html")
    assert "This alert is not about a monitor" in pressed.text


@on_each_engine
def test_a_silence_lasts_an_hour_and_is_made_once(api: Api) -> None:
    api.post(FAILURE)
    path = link("silence")
    assert "Silence for 1 hour" in follow(api, path).text
    for _ in range(2):
        assert follow(api, path, "POST").status_code == 303
    assert windows(api) == [("silence", [FAILURE["target_url"]], "ops")]
    [window] = api.get("/windows")["windows"]
    lasts = datetime.fromisoformat(window["ends_at"]) - datetime.fromisoformat(window["starts_at"])
    assert lasts == timedelta(hours=1)
    assert "«ops» has silenced it until" in follow(api, path).text
    assert alert(api) == ("OPEN", None), "it is silenced, not acknowledged"


def test_a_silence_that_is_nearly_over_is_made_anew(api: Api) -> None:
    api.post(FAILURE)
    api.call("POST", "/windows", {"kind": "silence", "monitors": [FAILURE["target_url"]], "duration": "29m"})
    assert follow(api, link("silence"), "POST").status_code == 303
    assert len(windows(api)) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("action", ["acknowledge", "silence"])
def test_a_link_to_an_alert_that_has_ended_is_410(api: Api, method: str, action: Action) -> None:
    api.post(FAILURE)
    path = link(action)
    api.post(SUCCESS | {"timestamp": "2025-01-08T11:30:00Z"})
    response = follow(api, path, method)
    assert (response.status_code, response.mimetype) == (410, "text/html")
    assert "It ended at" in response.text
    assert alert(api) == ("RESOLVED", None)
    assert windows(api) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_works_for_a_week(api: Api, method: str) -> None:
    api.post(FAILURE)
    moment = timedelta(seconds=10)
    assert follow(api, link(at=now() - VALID_FOR), method).status_code == 410
    assert alert(api) == ("OPEN", None)
    assert follow(api, link(at=now() - VALID_FOR + moment), method).status_code in (200, 303)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_token_is_404(api: Api, method: str) -> None:
    api.post(FAILURE)
    path = link()
    others = links("a-key-that-was-taken-away").url(1, "acknowledge", "ops", at=now()).removeprefix(ROOT)
    for wrong in (others, path[:-1], f"{path}A", "/act/x", "/act/..", "/act/%2e%2e", "/act/%00", "/act/%EC%95%8C"):
        response = follow(api, wrong, method)
        assert (response.status_code, alert(api)) == (404, ("OPEN", None)), wrong
    assert follow(api, link(alert_id=99), method).status_code == 410, "the alert was deleted"


def test_there_are_no_links_without_a_public_url(api: Api, environ: Callable[..., None]) -> None:
    api.post(FAILURE)
    path = link()
    environ(PUBLIC_URL="")
    assert {follow(api, path, method).status_code for method in ("GET", "POST")} == {404}
    assert alert(api) == ("OPEN", None)


def test_a_link_survives_a_change_of_keys(api: Api, environ: Callable[..., None]) -> None:
    api.post(FAILURE)
    path = link()
    environ(API_KEY=f"a-newer-key-for-these-tests {KEY}")
    assert follow(api, path, "POST").status_code == 303


@pytest.mark.parametrize(
    ("preferred", "language", "words"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.5", "ko", "제가 확인합니다"),
        ("en-US", "en", "I have it"),
        ("fr", "ko", "제가 확인합니다"),
    ],
)
def test_the_page_is_in_the_readers_language(
    api: Api, environ: Callable[..., None], preferred: str, language: str, words: str
) -> None:
    environ(MESSAGE_LANGUAGE="ko")
    api.post(FAILURE)
    response = follow(api, link(), **{"Accept-Language": preferred})
    assert f'<html lang="{language}">' in response.text
    assert words in response.text


def test_nothing_that_others_wrote_becomes_html(api: Api) -> None:
    evil = "<script>alert(1)</script>\"'&amp;<img src=x onerror=alert(1)>"
    api.post(FAILURE | {"monitor": evil, "error_message": evil})
    paths = [link(), link("silence", channel="<b>ops</b>")]
    follow(api, paths[1], "POST")
    texts = [follow(api, path).text for path in paths]
    api.patch(1, status="RESOLVED")
    texts.append(follow(api, paths[0]).text)
    for text in texts:
        assert re.findall(r"<(script|img|b)\b", text) == []
        assert "&lt;script&gt;" in text


def test_a_page_runs_no_script_sets_no_cookie_and_tells_nobody_its_address(api: Api) -> None:
    api.post(FAILURE)
    path = link()
    pages = [follow(api, path), follow(api, "/act/x")]
    for response in pages:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"
    for response in (*pages, follow(api, path, "POST")):
        assert "Set-Cookie" not in response.headers
        assert "script" not in response.text


def test_the_style_of_the_page_is_the_one_that_its_policy_allows(api: Api) -> None:
    response = follow(api, "/act/x")
    style = re.search("<style>(.*?)</style>", response.text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]


def test_other_methods_are_405(api: Api) -> None:
    response = follow(api, link(), "DELETE")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")
