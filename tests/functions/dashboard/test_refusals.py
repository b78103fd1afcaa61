"""A refusal of the dashboard, and the lack of a thing, are said on a page in the visitor's language."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest

from shared.models import as_text, now
from shared.web import sessions
from tests.functions.api import FAILURE, Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import URL, text

pytestmark = pytest.mark.slow


@pytest.fixture
def korean(signed_in: Browser) -> Browser:
    signed_in.headers["Accept-Language"] = "ko"
    return signed_in


def main_of(page: str) -> str:
    return text(page[page.index("<main") :])


def has_english(said: str) -> bool:
    """Whether there is an English sentence: three words in a row."""
    return bool(re.search(r"[A-Za-z']+ [A-Za-z']+ [A-Za-z']+", said))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dashboard/monitors/999", "그런 모니터가 없습니다"),
        ("/dashboard/monitors/999/edit", "그런 모니터가 없습니다"),
        ("/dashboard/alerts/999", "그런 알림이 없습니다"),
        ("/dashboard/alerts/x", "여기에는 아무것도 없습니다"),
    ],
)
def test_what_is_not_there_is_said_in_korean(korean: Browser, path: str, said: str) -> None:
    response = korean.get(path)
    assert response.status_code == 404
    assert said in response.text
    assert not has_english(main_of(response.text))


def test_a_refused_move_of_an_alert_is_explained(korean: Browser, api: Api) -> None:
    api.post({**FAILURE, "timestamp": as_text(now())})
    api.patch(1, status="RESOLVED")
    response = korean.send("/dashboard/alerts/1", status="ACK")
    assert response.status_code == 409
    assert "알림 1번은 이미 끝났습니다" in response.text
    assert not has_english(main_of(response.text))
    korean.headers["Accept-Language"] = "en"
    assert "Alert 1 is over" in korean.send("/dashboard/alerts/1", status="ACK").text


def test_too_many_moves_say_when_to_try_again(korean: Browser, api: Api) -> None:
    api.post({**FAILURE, "timestamp": as_text(now())})
    for _ in range(5):
        for status in ("ACK", "OPEN"):
            api.patch(1, status=status)
    response = korean.send("/dashboard/alerts/1", status="ACK")
    assert response.status_code == 429
    assert response.headers["Retry-After"]
    assert "초 뒤에 다시 시도해 주세요" in response.text


def test_an_end_that_came_already_is_said(korean: Browser, api: Api) -> None:
    response = korean.send("/dashboard/windows", end="4")
    assert response.status_code == 404
    assert "그런 점검이나 무음이 없습니다" in response.text
    assert not has_english(main_of(response.text))


def test_what_the_file_owns_is_changed_there(korean: Browser, api: Api) -> None:
    window = {"kind": "silence", "all": True, "every": "day", "at": "00:00", "duration": "23h"}
    api.call("PUT", "/config", {"monitors": [{"name": "shop", "url": URL}], "windows": [window]})
    for response, said in (
        (korean.get("/dashboard/monitors/1/edit"), "이 모니터는 설정 파일에 있습니다"),
        (korean.send("/dashboard/windows", end="1"), "이 점검이나 무음은 설정 파일에 있습니다"),
    ):
        assert response.status_code == 409
        assert said in response.text
        assert not has_english(main_of(response.text))


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (("2099-01-08T11:30", "2099-01-08T10:30"), "끝은 시작보다 뒤여야 합니다"),
        (("2024-01-08T10:30", "2024-01-08T11:30"), "이미 지난 시간입니다"),
        (("2099-01-08T11:30", ""), "끝 (UTC): 올바른 값: ISO 8601 날짜와 시각"),
    ],
)
def test_a_wrong_time_is_said_as_the_form_calls_it(korean: Browser, times: tuple[str, str], said: str) -> None:
    starts_at, ends_at = times
    response = korean.send("/dashboard/windows", about="all", starts_at=starts_at, ends_at=ends_at)
    assert response.status_code == 422
    assert said in text(response.text)
    assert "ends_at:" not in response.text


@pytest.mark.parametrize("path", ["/dashboard/nope", "/dashboard/monitors/1/nope", "/dashboard/alerts/1/2/3"])
def test_an_unknown_path_is_a_page(korean: Browser, path: str) -> None:
    response = korean.get(path)
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert '<html lang="ko"' in response.text
    assert "여기에는 아무것도 없습니다" in response.text


def test_a_page_that_is_only_sent_to_is_none_to_read(browser: Browser) -> None:
    response = browser.get("/dashboard/sign-out")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "There is nothing here" in response.text


def test_a_program_gets_a_problem(browser: Browser) -> None:
    for accept in ("application/json", "*/*"):
        response = browser.get("/dashboard/nope", Accept=accept)
        assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_the_chosen_language_goes_before_the_browsers(browser: Browser) -> None:
    browser.page("/dashboard?lang=ko")
    response = browser.get("/dashboard/nope")
    assert '<html lang="ko"' in response.text
    assert "여기에는 아무것도 없습니다" in response.text


def test_what_was_typed_survives_the_end_of_a_session(signed_in: Browser, api: Api) -> None:
    fields = {"kind": "http", "url": URL, "interval": "30s", "name": "a <b>", "bearer_token": "t0ken", "body": "x\r\ny"}
    fields |= {"method": "POST", "csrf": signed_in.token()}
    signed_in.client.delete_cookie("bonghwa_session")
    response = signed_in.post("/dashboard/monitors/new", **fields)
    assert response.status_code == 401
    assert "Sign in in another tab" in response.text
    assert "t0ken" not in response.text, "nobody is signed in"
    signed_in.sign_in()
    # The reload of that tab sends the same again.
    response = signed_in.post("/dashboard/monitors/new", **fields)
    assert response.status_code == 403
    assert 'action="../../dashboard/monitors/new"' in response.text
    kept = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.text)
    assert [name for name, _ in kept].count("csrf") == 1
    sent = signed_in.post("/dashboard/monitors/new", **{name: unescape(value) for name, value in kept})
    assert sent.status_code == 303, sent.text
    assert api.get("/monitors/1")["policy"]["name"] == "a <b>"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/dashboard/alerts/1", {"status": "ACK", "note": ""}),
        ("/dashboard/windows", {"kind": "silence", "about": "all", "duration": "1h"}),
        ("/dashboard/channels", {"channel": "console"}),
        ("/dashboard/incidents", {"incident": 1, "updates": 1, "was": "identified", "text": "", "state": "resolved"}),
    ],
)
def test_a_button_leads_to_the_sign_in_and_back(
    browser: Browser, api: Api, path: str, fields: dict[str, str | int]
) -> None:
    api.post(FAILURE)
    response = browser.post(path, csrf="", **fields)
    assert location(response) == f"/dashboard/sign-in?next={quote(path, safe='')}"


def test_the_first_address_survives_the_first_sign_in(browser: Browser, api: Api) -> None:
    first = {"csrf": "", "first": "1", "page": "/dashboard", "url": URL}
    response = browser.post("/dashboard/monitors/new", **first)
    assert response.status_code == 401
    assert "You are not signed in" in main_of(response.text)
    assert "any more" not in main_of(response.text), "it never was"
    browser.sign_in()
    response = browser.post("/dashboard/monitors/new", **first)
    assert response.status_code == 403
    assert "This form was opened before you signed in" in main_of(response.text)
    assert location(browser.post("/dashboard/monitors/new", **{**first, "csrf": browser.token()})) == "/dashboard"
    assert api.get("/monitors/1")["policy"]["url"] == URL


def test_a_session_lasts_while_it_is_used(signed_in: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Set-Cookie" not in signed_in.get("/dashboard/alerts").headers, "it is fresh"
    for minutes, is_kept in ((4, True), (6, False)):
        later = now() + timedelta(minutes=minutes)
        monkeypatch.setattr(sessions, "now", lambda later=later: later)
        assert ("Set-Cookie" not in signed_in.get("/dashboard/alerts").headers) is is_kept
    later += timedelta(hours=11)
    monkeypatch.setattr(sessions, "now", lambda: later)
    assert "Set-Cookie" not in signed_in.get("/dashboard/alerts", Accept="*/*").headers, "the page renewed itself"
    assert "HttpOnly" in signed_in.get("/dashboard/alerts").headers["Set-Cookie"]
    monkeypatch.setattr(sessions, "now", lambda: later + timedelta(hours=11))
    assert "Sign out" in signed_in.page("/dashboard/alerts")
