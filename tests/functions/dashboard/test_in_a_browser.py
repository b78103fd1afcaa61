"""The dashboard as a real browser shows it: quiet, never wider than the screen, usable by keys, and fresh by itself."""

import json
from collections.abc import Iterator, Mapping

import pytest

from functions.check_monitors import due_checks
from shared.models import as_text, now
from tests.functions.api import FAILURE, KEY, SUCCESS, Api, served
from tests.support.running.browser import Browser, needs_chromium
from tests.support.running.waiting import wait_until
from tests.support.stand_ins import Target

pytestmark = [needs_chromium, pytest.mark.together("the dashboard in a browser"), pytest.mark.slow]
PATHS = (
    *("", "/alerts", "/alerts/1", "/monitors/1", "/monitors/1?period=1h", "/monitors/3", "/monitors/3/edit"),
    *(
        "/monitors/new",
        "/monitors/new?kind=heartbeat",
        "/channels",
        "/windows",
        "/agents",
        "/settings",
        "/incidents",
        "/sign-in",
    ),
)
LONG = "N" * 150


@pytest.fixture
def url(api: Api) -> Iterator[str]:
    """The dashboard on a real port; one of three monitors is down, one has a very long name."""
    report(api, SUCCESS, "shop")
    report(api, FAILURE, "shop")
    report(api, SUCCESS, LONG)
    api.call("POST", "/monitors", {"name": "mine", "url": "https://a.example/", "group": "Web", "interval": "30s"})
    with served(api) as root:
        yield f"{root}/dashboard"


def report(api: Api, event: Mapping[str, object], monitor: str) -> None:
    assert api.post({**event, "monitor": monitor, "timestamp": as_text(now())}).status_code in (200, 201)


def sign_in(page: Browser, url: str, **how: object) -> None:
    page.open(f"{url}/sign-in?lang=en", **how)  # type: ignore[arg-type]
    page.act(f"document.querySelector('#k').value = {json.dumps(KEY)}; document.querySelector('#n').value = 'Kim'")
    page.act("document.querySelector('main form').requestSubmit(document.querySelector('main button'))")
    arrive(page, "/dashboard")


def arrive(page: Browser, path: str) -> None:
    there = "document.readyState == 'complete' && location.pathname"
    wait_until(lambda: page.run(there) == path)


def press_until(page: Browser, condition: str) -> None:
    """Press Tab until the focus is where it should be."""
    for _ in range(60):
        page.press("Tab")
        if page.run(f"(each => {condition})(document.activeElement)"):
            return
    raise AssertionError(f"no stop of the keyboard for {condition}")


def test_the_list_of_alerts_fits_a_phone(page: Browser, api: Api, url: str) -> None:
    """The name and its state, then the rest: all of it within the screen, and no column is squeezed."""
    name = "service-0888.region-6.example"
    report(api, SUCCESS, name)
    report(api, FAILURE, name)
    page.open(f"{url}/alerts?lang=en", width=390)
    row = f"[...document.querySelectorAll('tbody tr')].find(row => row.textContent.includes('{name}'))"
    for cells in ("td", "td:nth-child(2) .nw"):
        rights = page.run(f"[...{row}.querySelectorAll('{cells}')].map(cell => cell.getBoundingClientRect().right)")
        assert rights
        assert max(rights) <= 390
    tops = f"new Set([...{row}.querySelector('a').getClientRects()].map(part => part.top))"
    assert page.run(f"{tops}.size") == 1, "the name is on one line"
    assert page.run(f"{row}.getBoundingClientRect().height") < 80
    page.resize(1280)
    assert page.run("getComputedStyle(document.querySelector('tbody tr')).display") == "table-row"


def test_pages_are_quiet_and_fit_in_both_languages_and_themes(page: Browser, url: str) -> None:
    sign_in(page, url)
    for path in PATHS:
        for language, scheme in (("en", "light"), ("ko", "dark")):
            whole = f"{url}{path}{'&' if '?' in path else '?'}lang={language}"
            page.open(whole, width=320, scheme=scheme, is_same_tab=True)
            for width in (320, 1280):
                page.resize(width)
                assert page.run("document.documentElement.scrollWidth") <= width, (path, language)
            assert page.troubles == [], (path, language)
            assert page.run("document.querySelectorAll('h1').length") == 1, path
            assert page.run("document.documentElement.lang") == language


def test_an_outage_is_acknowledged_by_keys_alone(page: Browser, url: str, api: Api) -> None:
    page.open(f"{url}?lang=en")
    press_until(page, "each.id == 'ack1'")
    page.press("Enter")
    arrive(page, "/dashboard/sign-in")
    wait_until(lambda: page.run("document.activeElement.id") == "k")
    page.call("Input.insertText", text=KEY)
    page.press("Enter")
    arrive(page, "/dashboard")
    press_until(page, "each.id == 'ack1'")
    page.press("Enter")
    wait_until(lambda: api.get("/alerts/1")["status"] == "ACK")
    wait_until(lambda: "dashboard</bdi> has it since" in page.run("document.documentElement?.innerHTML ?? ''"))
    assert page.troubles == []


def test_a_monitor_is_added_by_keys_alone(page: Browser, url: str, api: Api) -> None:
    sign_in(page, url)
    page.open(f"{url}/monitors/new?lang=en")
    press_until(page, "each.id == 'f-url'")
    page.call("Input.insertText", text="new.example/health")
    press_until(page, "each.name == 'save'")
    page.press("Enter")
    arrive(page, "/dashboard/monitors/4")
    assert api.get("/monitors/4")["policy"]["url"] == "https://new.example/health"
    assert page.troubles == []


def test_a_number_may_be_as_large_as_the_policy_takes_it(page: Browser, url: str, api: Api) -> None:
    sign_in(page, url)
    page.open(f"{url}/monitors/3/edit?lang=en", is_same_tab=True)
    page.act("document.querySelector('#rest').open = true")
    page.act("document.querySelector('#f-max_body').value = '10485760'")
    page.act("document.querySelector('#form').requestSubmit(document.querySelector('[name=save]'))")
    arrive(page, "/dashboard/monitors/3")
    assert api.get("/monitors/3")["policy"]["max_body"] == 10_485_760


def test_an_open_page_shows_what_happens(page: Browser, url: str, api: Api) -> None:
    page.open(f"{url}?lang=en")
    assert page.run("document.querySelector('h1').innerText") == "shop is down"
    page.act("document.querySelector('#m1 a').focus()")
    report(api, SUCCESS, "shop")
    report(api, FAILURE, LONG)
    page.pass_time(12)
    wait_until(lambda: page.run("document.querySelector('#m1 td').innerText") == "Works")
    assert page.run("document.querySelector('h1').innerText") == f"{LONG} is down"
    assert page.run("document.title") == "✕ 1 down · Bonghwa"
    assert page.run("document.activeElement.innerText") == "shop", "the focus stays"
    assert page.troubles == []


def test_a_list_of_what_is_down_gains_and_loses_rows(page: Browser, url: str, api: Api) -> None:
    """A screen on a wall shows it."""
    rows = "[...document.querySelectorAll('#rows tr[id]')].map(each => each.id)"
    page.open(f"{url}?state=down&lang=en")
    assert page.run(rows) == ["m1"]
    page.act("document.querySelector('#q').value = 'shop'; document.querySelector('#q').focus()")
    report(api, FAILURE, LONG)
    page.pass_time(12)
    wait_until(lambda: sorted(page.run(rows)) == ["m1", "m2"])
    assert page.run("document.querySelector('#counts [aria-current]').innerText.trim()").endswith("2")
    report(api, SUCCESS, "shop")
    page.pass_time(12)
    wait_until(lambda: page.run(rows) == ["m2"])
    assert page.run("document.querySelector('h1').innerText") == f"{LONG} is down"
    assert page.run("document.querySelector('#q').value") == "shop", "what one types stays"
    assert page.run("document.activeElement.id") == "q"
    page.act("document.querySelector('#m2 a').focus()")
    report(api, FAILURE, "shop")
    page.pass_time(12)
    wait_until(lambda: sorted(page.run(rows)) == ["m1", "m2"])
    assert page.run("document.activeElement.innerText") == LONG, "the focus stays"
    report(api, SUCCESS, "shop")
    report(api, SUCCESS, LONG)
    page.pass_time(12)
    wait_until(lambda: "No monitor matches" in page.run("document.querySelector('#rows').innerText"))
    assert page.troubles == []


def test_an_open_alert_shows_its_end_and_keeps_what_one_types(page: Browser, url: str, api: Api) -> None:
    page.open(f"{url}/alerts/1?lang=en")
    page.act("document.querySelector('#note').value = 'rolling back'")
    report(api, SUCCESS, "shop")
    page.pass_time(12)
    wait_until(lambda: page.run("document.querySelector('h1').innerText") == "shop was down")
    assert page.run("document.querySelector('#note').value") == "rolling back"
    assert "RECOVERY" in page.run("document.querySelector('#messages').innerText")


def test_times_are_those_of_the_viewer(page: Browser, url: str) -> None:
    page.open(f"{url}/monitors/1?period=1h&lang=en")
    page.call("Emulation.setTimezoneOverride", timezoneId="Asia/Seoul")
    shown = "[...document.querySelectorAll('.chart [data-at]')].map(each => [each.dataset.at, each.textContent])"
    page.call("Page.reload")
    wait_until(lambda: page.run(f"{shown}.length") == 7 and "UTC" not in page.run(f"{shown}[0][1]"))
    at, text = page.run(f"{shown}[0]")
    assert (int(at[11:13]) + 9) % 24 == int(text[:2])


def test_a_window_is_planned_in_the_viewers_zone(page: Browser, url: str, api: Api) -> None:
    sign_in(page, url)
    page.open(f"{url}/windows?lang=en")
    page.call("Emulation.setTimezoneOverride", timezoneId="Asia/Seoul")
    shown = "[...document.querySelectorAll('#later [data-here]')].map(each => [each.labels[0].innerText, each.value])"
    plan = """[...document.querySelectorAll('#later [data-here]')].forEach((each, number) => {
        each.value = `2099-01-08T${[%s][number]}:30` })
        document.querySelector('#later form').requestSubmit()"""
    page.act("document.querySelector('#later').open = true")
    page.act(plan % "11, 10")
    wait_until(lambda: page.run(f"document.querySelector('#later .err') && {shown}[0][1]") == "2099-01-08T11:30")
    assert page.run(shown) == [["From", "2099-01-08T11:30"], ["Until", "2099-01-08T10:30"]], "it is not shifted twice"
    page.act(plan % "10, 11")
    wait_until(lambda: api.get("/windows")["windows"])
    assert api.get("/windows")["windows"][0]["starts_at"] == "2099-01-08T01:30:00.000Z"


def test_a_check_is_tried_by_keys_while_its_form_stays(
    page: Browser, url: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_checks, "KNOWN", due_checks.Known())
    monkeypatch.setenv("BACKEND_URL", url.removesuffix("/dashboard"))
    monkeypatch.setenv("ALLOW_PRIVATE_TARGETS", "true")
    monkeypatch.setenv("no_proxy", "*")
    sign_in(page, url)
    with Target() as shop:
        page.open(f"{url}/monitors/new?lang=en")
        press_until(page, "each.id == 'f-url'")
        page.call("Input.insertText", text=shop.url)
        press_until(page, "each.id == 'f-conditions'")
        page.call("Input.insertText", text="[STATUS] == 200")
        press_until(page, "each.name == 'try'")
        page.press("Enter")
        wait_until(lambda: "It waits for an agent" in page.run("document.querySelector('#tried').innerText"))
        assert api.call("POST", "/check_monitors?only=claimed&seconds=0.1").status_code == 200
        wait_until(lambda: "It works" in page.run("document.querySelector('#tried').innerText"))
        assert "1 of 1 condition holds" in page.run("document.querySelector('#tried').innerText")
        assert page.run("location.search") == "?lang=en", "it is still the same page"
        assert page.run("document.activeElement.name") == "try"
        # A mistake is said beside its field, and what was typed stays.
        page.act("document.querySelector('#f-interval').value = 'soon'")
        page.press("Enter")
        wait_until(lambda: page.run("document.activeElement.id") == "mistakes")
        assert page.run("document.querySelector('#f-url').value") == shop.url
    assert [each for each in page.troubles if "422" not in json.dumps(each)] == []


def test_a_chart_is_zoomed_by_keys_and_by_a_drag(page: Browser, url: str) -> None:
    loaded = "performance.getEntriesByType('resource').some(each => each.name.includes('uplot'))"
    page.open(f"{url}/monitors/1?period=1h&lang=en")
    assert not page.run(loaded), "it is loaded when somebody wants it"
    press_until(page, "each.id == 'zoom'")
    page.press("Enter")
    wait_until(
        lambda: page.run("!document.querySelector('#zoomed').hidden && !!document.querySelector('#plot canvas')")
    )
    assert page.run("document.querySelector('#chart').checkVisibility()") is False
    axis = "document.querySelector('#plot canvas').toDataURL()"
    whole = page.run(axis)
    press_until(page, "each.dataset.move == '0 .5'")
    page.press("Enter")
    wait_until(lambda: page.run(axis) != whole)
    press_until(page, "each.dataset.move == '0 1e9'")
    page.press("Enter")
    wait_until(lambda: page.run(axis) == whole)
    left, top = page.run("(box => [box.x + 50, box.y + 50])(document.querySelector('.u-over').getBoundingClientRect())")
    for kind, x in (("mousePressed", left), ("mouseMoved", left + 200), ("mouseReleased", left + 200)):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=top, button="left", buttons=1, clickCount=1)
    wait_until(lambda: page.run(axis) != whole)
    assert page.troubles == []
