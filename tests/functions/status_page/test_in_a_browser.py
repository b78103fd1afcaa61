"""The page as a real browser shows it: complete without scripts, quiet, never wider than the screen, usable by keys."""

from collections.abc import Iterator

import pytest

from tests.functions.api import Api, served
from tests.functions.manage_monitors.watched import applied
from tests.functions.status_page.watched import PUBLIC, forget, opened, policies, seen
from tests.support.running.browser import Browser, needs_chromium
from tests.support.running.waiting import wait_until

pytestmark = [needs_chromium, pytest.mark.together("the status page in a browser"), pytest.mark.slow]
LONG = "N" * 150
# The elements that stick out of a screen of 320 pixels.
WIDER = """[...document.querySelectorAll("main *, header *, footer *")]
    .filter(each => each.getBoundingClientRect().right > 321 && !each.closest("svg"))
    .map(each => each.outerHTML.slice(0, 80))"""


@pytest.fixture
def url(api: Api) -> Iterator[str]:
    """The shop's page on a real port; one service is down."""
    opened(api)
    seen(api, *PUBLIC)
    for _ in range(3):
        seen(api, "Checkout", ok=False)
    with served(api) as root:
        yield f"{root}/status"


def test_a_page_is_quiet_and_fits_in_both_languages_and_themes(page: Browser, url: str) -> None:
    for language in ("en", "ko"):
        for scheme in ("light", "dark"):
            for path in ("", "/monitors/2"):
                page.open(f"{url}{path}?lang={language}", width=320, scheme=scheme, is_same_tab=True)
                for width in (320, 360, 640, 1280):
                    page.resize(width)
                    assert page.run("document.documentElement.scrollWidth") <= width
                assert page.troubles == []
                assert page.run("document.querySelectorAll('h1').length") == 1
    ground = page.run("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(13, 18, 25)", "dark by the device"


def test_long_and_foreign_names_break_no_layout(page: Browser, url: str, api: Api) -> None:
    names = [{"name": name, "group": name, "url": "http://a.example/", "public": True} for name in (LONG, "ا" * 80)]
    applied(api, *policies(), *names, status_page={"title": LONG, "footer": LONG})
    forget()
    page.open(url, width=320)
    page.act("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.run(WIDER) == []
    assert page.run("document.documentElement.scrollWidth") <= 320


def test_a_page_is_whole_without_scripts(page: Browser, url: str) -> None:
    page.open(url, has_script=False)
    # The protocol's own expressions run nevertheless.
    text = page.run("document.body.innerText")
    assert "Checkout is down" in text
    assert " UTC (" in text, "times have their zone"
    assert "renews itself" not in text
    page.open(url)
    assert " UTC (" not in page.run("document.body.innerText"), "the script shows the viewer's"


def test_an_open_page_renews_itself_and_keeps_its_place(page: Browser, url: str, api: Api) -> None:
    page.open(f"{url}?lang=en")
    page.act("document.querySelector('#past').dataset.old = 1; document.querySelector('summary').focus()")
    page.pass_time(36)
    assert page.run("document.querySelector('#past').dataset.old") is None, "it came anew"
    assert page.run("document.activeElement.tagName") == "SUMMARY"
    seen(api, "Checkout")
    page.pass_time(36)
    assert "Everything works" in page.run("document.querySelector('h1').innerText")
    assert page.run("document.querySelector('details').open") is True, "what was open stays open"
    assert page.run("document.title") == "✓ Everything works · The shop"
    assert page.troubles == []


def test_the_first_renewal_does_not_come_from_the_browsers_cache(page: Browser, url: str, api: Api) -> None:
    page.open(f"{url}?lang=en")
    seen(api, "Checkout")
    page.pass_time(36)
    assert "Everything works" in page.run("document.querySelector('h1').innerText")


def test_a_group_that_a_visitor_folds_stays_folded(page: Browser, url: str) -> None:
    page.open(url)
    page.act("document.querySelector('details').open = false")
    page.act("document.querySelector('#past').dataset.old = 1")
    page.pass_time(36)
    assert page.run("document.querySelector('#past').dataset.old") is None, "it came again"
    assert page.run("document.querySelector('details').open") is False


def test_the_open_page_of_a_monitor_that_is_removed_says_so(page: Browser, url: str, api: Api) -> None:
    page.open(f"{url}/monitors/2?lang=en")
    applied(api, *[each for each in policies() if each["name"] != "Checkout"], status_page={"groups": ["Shop"]})
    forget()
    page.pass_time(36)
    wait_until(
        lambda: page.run("document.readyState") == "complete" and not page.run("document.querySelector('#past')")
    )
    assert "Not connected" not in page.run("document.body.innerText")


def test_a_page_says_that_it_is_not_connected(page: Browser, url: str) -> None:
    page.open(f"{url}?lang=en")
    page.act("fetch = () => Promise.reject(1)")
    page.pass_time(400)
    assert "Not connected since" in page.run("document.querySelector('#off').innerText")


def test_keys_reach_everything_in_the_order_that_is_read(page: Browser, url: str) -> None:
    page.open(f"{url}?lang=en")
    reached = []
    for _ in range(11):
        page.press("Tab")
        reached.append(
            page.run("(each => each.innerText || each.value || each.ariaLabel)(document.activeElement)").strip()
        )
    assert reached[0] == "Skip to the content"
    assert reached[1:4] == ["The shop", "한국어", "auto"]
    assert reached[4:7] == ["24 h", "90 days", "12 months"]
    assert reached[7].startswith("Shop")
    assert reached[8] == "Checkout"
    assert " down" in reached[9], "its day"
    assert reached[10] == "Home page"


def test_a_theme_is_chosen_by_keys_and_remembered(page: Browser, url: str) -> None:
    """The next page is drawn in it from the beginning: it has the theme before it has a body."""
    page.open(url, scheme="light")
    for _ in range(4):
        page.press("Tab")
    for _ in range(2):
        page.press("ArrowRight")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(13, 18, 25)"
    early = (
        "new MutationObserver(() => { const root = document.documentElement;"
        " if (root?.dataset.theme) window.isEarly ??= !document.body; })"
        ".observe(document, {attributes: true, childList: true, subtree: true})"
    )
    page.call("Page.addScriptToEvaluateOnNewDocument", source=early)
    page.call("Page.reload")
    wait_until(lambda: page.run("document.readyState == 'complete' && window.isEarly === true"))
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(13, 18, 25)"
    assert page.run("document.querySelector('#t-dark').checked")
    assert "bonghwa_theme=dark" in page.run("document.cookie"), "private pages are drawn in it by the server"
    page.act("document.querySelector('#t-auto').click()")
    page.open(url, scheme="light")
    assert page.run("document.documentElement.dataset.theme ?? null") is None
    assert page.troubles == []
