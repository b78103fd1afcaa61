"""No page keeps anybody from using it, as far as axe-core can tell: in each language, theme and width."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from shared.models import as_text, now
from tests.functions.api import Api, served
from tests.functions.dashboard.test_in_a_browser import PATHS, sign_in
from tests.functions.manage_incidents.test_incidents import NEW
from tests.functions.status_page.subscribing.mailbox import ask, down, link, mails, run, shop, subscribed
from tests.functions.status_page.watched import opened
from tests.support import axe
from tests.support.running.browser import Browser, needs_chromium

pytestmark = [needs_chromium, pytest.mark.together("accessibility"), pytest.mark.slow]
STATUS = ("/status", "/status?period=24h", "/status/monitors/2", "/status/inner", "/embed/1")
OF_DASHBOARD = tuple(f"/dashboard{path}".replace("/monitors/3", "/monitors/7") for path in PATHS)
LOOKS = list(itertools.product(("en", "ko"), ("light", "dark"), (1280, 360)))
# The usual tests see each page in one of two looks that differ in everything. The nightly ones see all.
FEW = (("en", "light", 1280), ("ko", "dark", 360))


@pytest.fixture
def root(api: Api, environ: Callable[..., None]) -> Iterator[str]:
    """A shop with an outage, an incident, maintenance, a page with a password and a form for subscribers."""
    pages = {"inner": {"title": "Inner", "groups": ["Shop"], "password": "open sesame"}}
    page = {"title": "The shop", "groups": ["Shop"], "footer": "Ask ops"}
    with shop(api, environ) as server:
        subscribed(api, server)
        opened(api, status_page=page, status_pages=pages)
        # The six of the file cannot be edited, and this one can.
        api.call("POST", "/monitors", {"name": "mine", "url": "https://a.example/", "group": "Web"})
        down(api, "Checkout")
        api.call("POST", "/incidents", NEW)
        times = {"starts_at": as_text(now() + timedelta(days=1)), "ends_at": as_text(now() + timedelta(days=2))}
        api.call("POST", "/windows", {"title": "Disks", "kind": "maintenance", "groups": ["Shop"], **times})
        ask(api, "lee@visitors.example")
        run(api)
        with served(api) as url:
            yield f"{url}|{link(mails(server, 'lee@visitors.example')[0], 'Confirm')}"


def look_at(page: Browser, root: str, looks_of: Callable[[int], Sequence[tuple[str, str, int]]]) -> list[object]:
    """The serious findings on any page. ``looks_of``: how to look at the page of this number."""
    url, _, confirm = root.partition("|")
    sign_in(page, f"{url}/dashboard")
    found: list[object] = []
    for number, path in enumerate((*STATUS, confirm, *OF_DASHBOARD)):
        for language, scheme, width in looks_of(number):
            whole = f"{url}{path}{'&' if '?' in path else '?'}lang={language}"
            page.open(whole.replace("?lang=en&lang", "?lang"), width=width, scheme=scheme, is_same_tab=True)
            found += [(path, language, scheme, width, *each) for each in axe.findings(page) if each[0] in axe.SERIOUS]
            found += [(path, str(trouble)[:700]) for trouble in page.troubles]
    return found


def test_nothing_on_any_page_keeps_anybody_out(page: Browser, root: str) -> None:
    found = look_at(page, root, lambda number: [FEW[number % 2]])
    assert found == [], "\n".join(map(str, found))


@pytest.mark.nightly
def test_nothing_in_any_look_keeps_anybody_out(page: Browser, root: str) -> None:
    assert look_at(page, root, lambda _: LOOKS) == []


def test_axe_sees_what_is_wrong(page: Browser, root: str) -> None:
    page.open(f"{root.partition('|')[0]}/status")
    page.act("(h1 => { h1.style.color = '#eee'; h1.style.background = '#fff' })(document.querySelector('h1'))")
    assert "color-contrast" in {rule for _, rule, *_ in axe.findings(page)}
