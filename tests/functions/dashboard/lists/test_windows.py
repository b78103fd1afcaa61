"""The forms of a window: each keeps what was typed into it until it is right."""

import re

from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import URL

WRONG = {"starts_at": "2099-01-08T11:30", "ends_at": "2099-01-08T10:30"}


def forms(page: str) -> tuple[str, str]:
    """The form for a window at once, and the one for later."""
    at_once, _, later = page[page.index('id="about"') - 1000 :].partition('<details id="later"')
    return at_once, later


def chosen(form: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected', form)


def test_a_wrong_plan_keeps_whom_it_is_about(signed_in: Browser, api: Api) -> None:
    """It was about every monitor once its times were corrected."""
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "group": "Web"})
    for about in ("monitors:shop", "groups:Web"):
        at_once, later = forms(signed_in.send("/dashboard/windows", kind="silence", about=about, **WRONG).text)
        assert chosen(later) == [about]
        assert chosen(at_once) == []


def test_a_mistake_is_said_in_the_form_that_was_sent(signed_in: Browser) -> None:
    at_once, later = forms(signed_in.send("/dashboard/windows", kind="maintenance", about="all", **WRONG).text)
    assert 'role="alert"' in later
    assert later.startswith(' class="card" open')
    assert 'role="alert"' not in at_once
    assert 'value="silence" checked' in at_once
    at_once, later = forms(signed_in.send("/dashboard/windows", kind="maintenance", duration="forever").text)
    assert 'role="alert"' in at_once
    assert 'value="maintenance" checked' in at_once
    assert 'role="alert"' not in later
    assert later.startswith(' class="card">')


def test_a_target_that_is_gone_stays_chosen(signed_in: Browser, api: Api) -> None:
    page = signed_in.send("/dashboard/windows", about="monitors:shop", duration="1h").text
    assert chosen(page) == ["monitors:shop"]
    assert api.get("/windows")["windows"] == []


def test_a_plan_without_a_time_never_begins_at_once(signed_in: Browser, api: Api) -> None:
    response = signed_in.send("/dashboard/windows", kind="silence", about="all", starts_at="", ends_at="")
    assert response.status_code == 422
    assert api.get("/windows")["windows"] == []


def test_a_corrected_plan_is_about_the_same(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL})
    _, later = forms(signed_in.send("/dashboard/windows", about="monitors:shop", **WRONG).text)
    [about] = chosen(later)
    times = {"starts_at": "2099-01-08T10:30", "ends_at": "2099-01-08T11:30"}
    assert location(signed_in.send("/dashboard/windows", about=about, **times)) == "/dashboard/windows"
    assert api.get("/windows")["windows"][0]["monitors"] == ["shop"]
