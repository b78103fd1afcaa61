"""A check that is tried from its form: an agent does it, the form shows what it found, and nothing is saved."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from functions.check_monitors import due_checks
from functions.check_monitors.due_checks import Known
from shared.models import now
from shared.store import Store
from tests.functions.api import Api, served
from tests.functions.dashboard.conftest import Browser, location
from tests.support.stand_ins import Target
from tests.support.stand_ins.server import Exchange

pytestmark = pytest.mark.slow

NEW = "/dashboard/monitors/new"


@pytest.fixture
def shop() -> Iterator[Target]:
    with Target() as healthy:
        healthy.body = '{"status": "starting <b>"}'
        yield healthy


class SlowTarget(Target):
    """It takes five milliseconds to answer."""

    def answer(self, exchange: Exchange) -> None:
        time.sleep(0.005)
        super().answer(exchange)


@pytest.fixture
def slow_shop() -> Iterator[Target]:
    with SlowTarget() as slow:
        yield slow


@pytest.fixture
def agent(api: Api, environ: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """One run of an agent that claims what is due, and what is tried."""
    monkeypatch.setattr(due_checks, "KNOWN", Known())
    with served(api) as root:
        environ(TARGET_URL="", BACKEND_URL=root, ALLOW_PRIVATE_TARGETS="true", MONITOR_WORD="started", no_proxy="*")

        def run() -> None:
            response = api.call("POST", "/check_monitors?only=claimed&seconds=0.1")
            assert response.status_code == 200, response.text

        yield run


def fields(shop: Target, **others: str) -> dict[str, str]:
    conditions = "[STATUS] == 200\n[BODY].status == ${MONITOR_WORD}"
    typed = {"kind": "http", "url": shop.url, "interval": "30s", "conditions": conditions, "verify_tls": "on"}
    return {**typed, **others}


def tried(browser: Browser, path: str = NEW, **typed: str) -> str:
    """Press the button; the page that follows, without its anchor."""
    return location(browser.send(path, **{"try": "1", **typed})).partition("#")[0]


def panel(page: str) -> str:
    """The trial's result."""
    [found] = re.findall(r'<section class="try".*?</section>', page, re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", found)))


def hidden(page: str) -> str:
    [number] = re.findall(r'name="trial" value="(\d+)"', page)
    return str(number)


def test_a_trial_shows_each_condition_and_saves_nothing(
    signed_in: Browser, api: Api, shop: Target, agent: Callable[[], None]
) -> None:
    path = tried(signed_in, **fields(shop, name="shop"))
    waiting = signed_in.page(path)
    assert "It waits for an agent" in panel(waiting)
    assert '<noscript><meta http-equiv="refresh" content="1"></noscript>' in waiting
    agent()
    page = signed_in.page(path)
    assert "http-equiv" not in page
    said = panel(page)
    for part in (
        "It would count as a failure",
        "1 of 2 conditions hold",
        "Met: [STATUS] (200) == 200",
        "Not met: [BODY].status (starting <b>) == ${MONITOR_WORD}",
        "Status code 200",
        "Address reached 127.0.0.1",
        '{"status": "starting <b>"}',
        "Nothing is saved or sent.",
    ):
        assert part in said, part
    assert 'value="shop"' in page, "the form still has what was typed"
    assert (api.get("/monitors")["monitors"], api.get("/alerts")["alerts"], shop.hits) == ([], [], 1)


def test_what_works_or_is_slow_says_so(
    signed_in: Browser, shop: Target, slow_shop: Target, agent: Callable[[], None]
) -> None:
    path = tried(signed_in, **fields(shop, conditions="[STATUS] == 200"))
    slow = tried(signed_in, **fields(slow_shop, conditions="", max_response_time="1ms"))
    unknown = tried(signed_in, **fields(shop, bearer_token="${MONITOR_NOWHERE}"))
    agent()
    assert "It works 1 of 1 condition holds" in panel(signed_in.page(path))
    assert "It would count as slow" in panel(signed_in.page(slow))
    assert "The agent could not check it" in panel(signed_in.page(unknown))
    signed_in.headers["Accept-Language"] = "ko"
    assert "정상입니다 조건 1개 중 1개 충족" in panel(signed_in.page(path))


def test_a_secret_of_a_trial_is_masked_and_saved(
    signed_in: Browser, store: Store, shop: Target, agent: Callable[[], None]
) -> None:
    path = tried(signed_in, **fields(shop, name="shop", bearer_token="s3cret-token"))
    agent()
    page = signed_in.page(path)
    assert "s3cret" not in page
    typed = fields(shop, name="shop", bearer_token="***", trial=hidden(page))
    # The secret would otherwise go to another host.
    assert signed_in.send(NEW, **{**typed, "url": "https://elsewhere.example/"}).status_code == 422
    assert location(signed_in.send(NEW, **typed)) == "/dashboard/monitors/1"
    policy = store.monitors.get(1).policy
    assert policy is not None
    assert policy.bearer_token == "s3cret-token"


def test_an_edit_is_tried_with_what_is_stored(
    signed_in: Browser, store: Store, api: Api, shop: Target, agent: Callable[[], None]
) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": shop.url, "bearer_token": "s3cret", "enabled": False})
    edit = "/dashboard/monitors/1/edit"
    path = tried(signed_in, edit, **fields(shop, name="shop", bearer_token="***", conditions=""))
    assert path.startswith(f"{edit}?trial=")
    agent()
    page = signed_in.page(path)
    assert "It works" in panel(page)
    api.call("PATCH", "/monitors/1", {"quorum": 2})
    typed = fields(shop, name="shop", bearer_token="***", conditions="", trial=hidden(page))
    assert location(signed_in.send(edit, **typed)) == "/dashboard/monitors/1"
    policy = store.monitors.get(1).policy
    assert policy is not None
    assert (policy.bearer_token, policy.enabled, policy.quorum) == ("s3cret", False, 2)
    # It is nothing of another form.
    assert signed_in.get(path.replace(edit, NEW)).status_code == 404


def test_a_mistake_is_tried_nowhere(signed_in: Browser, store: Store, shop: Target) -> None:
    response = signed_in.send(NEW, **fields(shop, **{"try": "1", "interval": "soon"}))
    assert response.status_code == 422
    assert store.checks.claim("a", now=now(), seconds=1).trials == []


def test_a_trial_that_nobody_does_says_so(signed_in: Browser, store: Store, shop: Target) -> None:
    at_seoul = tried(signed_in, **fields(shop, locations="seoul"))
    assert "It is checked from seoul only" in panel(signed_in.page(at_seoul))
    path = tried(signed_in, **fields(shop))
    store.checks.claim("a", now=now(), seconds=1)
    assert "An agent is checking it" in panel(signed_in.page(path))
    for minutes in (2, 1):
        store.checks.claim("a", now=now() - timedelta(minutes=minutes), seconds=1)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE trials SET given = 3, leased_until = created_at")
    page = signed_in.page(path)
    assert "No agent has reported" in panel(page)
    assert "http-equiv" not in page


@pytest.mark.parametrize("number", ["0", "x", "9" * 30, "1'"])
def test_a_trial_that_is_none_is_an_empty_form(signed_in: Browser, number: str) -> None:
    assert "An agent checks this once" in panel(signed_in.page(f"{NEW}?trial={number}"))


def test_a_trial_takes_a_session(browser: Browser, store: Store, shop: Target) -> None:
    refused = browser.post(NEW, **fields(shop, **{"try": "1"}))
    assert refused.status_code == 401
    assert store.checks.claim("a", now=now(), seconds=1).trials == []


def test_a_heartbeat_has_nothing_to_try(signed_in: Browser) -> None:
    page: Any = signed_in.page(f"{NEW}?kind=heartbeat")
    assert 'name="try"' not in page
