"""The list of agents."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.dashboard import visit
from shared.models import as_text, now
from tests.functions.api import SUCCESS, Api
from tests.functions.dashboard.conftest import Browser
from tests.functions.dashboard.made import text

pytestmark = pytest.mark.slow


def test_agents_are_listed(browser: Browser, api: Api) -> None:
    assert "No agent has reported yet" in browser.page("/dashboard/agents")
    api.post({**SUCCESS, "timestamp": as_text(now()), "agent": "seoul", "interval_seconds": 30})
    page = text(browser.page("/dashboard/agents"))
    assert "The agent checked 0" in page
    assert "Checks seoul" in page


def test_each_agent_of_a_monitor_is_counted(browser: Browser, api: Api) -> None:
    event = {**SUCCESS, "timestamp": as_text(now()), "interval_seconds": 30}
    for monitor, place in (("shop", "seoul"), ("shop", "tokyo"), ("blog", "seoul"), ("blog", "tokyo"), ("a", "tokyo")):
        api.post({**event, "monitor": monitor, "agent": place, "location": place})
    rows = re.findall(r"<bdi>(\w+)</bdi>.*<td class=\"r\">(\d+)", browser.page("/dashboard/agents"))
    assert rows == [("seoul", "2"), ("tokyo", "3")]


@pytest.mark.parametrize(
    ("minutes", "said", "in_korean"),
    [
        (4, "clock of the agent seoul is 4 min ahead", "시계가 4분 빠릅니다"),
        (-4, "clock of the agent seoul is 4 min behind", "시계가 4분 느립니다"),
    ],
)
def test_a_clock_that_is_wrong_is_said(browser: Browser, api: Api, minutes: float, said: str, in_korean: str) -> None:
    """Here and in the settings."""
    at = now()
    for agent, sent_at in (("paris", at), ("seoul", at + timedelta(minutes=minutes, seconds=minutes / 10))):
        headers = {"X-Sent-At": as_text(sent_at)}
        api.post({**SUCCESS, "timestamp": as_text(sent_at), "agent": agent}, headers=headers)
    page = text(browser.page("/dashboard/agents"))
    assert said in page
    assert page.index("Clock wrong seoul") < page.index("Checks paris")
    assert f"To be checked: The {said}" in text(browser.page("/dashboard/settings"))
    assert in_korean in text(browser.page("/dashboard/agents?lang=ko"))


@pytest.mark.parametrize(
    ("variables", "seconds", "is_silent"),
    [
        ({}, 105, False),
        ({}, 110, True),
        # The scheduler of a cloud may be late by a minute.
        ({"K_SERVICE": "dashboard"}, 165, False),
        ({"K_SERVICE": "dashboard"}, 170, True),
    ],
)
def test_an_agent_is_silent_when_the_overview_says_so(
    signed_in: Browser,
    api: Api,
    environ: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    seconds: float,
    is_silent: bool,
) -> None:
    api.post({**SUCCESS, "timestamp": as_text(now()), "agent": "seoul", "interval_seconds": 30})
    environ(**variables)
    monkeypatch.setattr(visit, "now", lambda: now() + timedelta(seconds=seconds))
    silent = "agent seoul has reported nothing"
    assert (silent in text(signed_in.page("/dashboard"))) == is_silent
    assert (silent in text(signed_in.page("/dashboard/agents"))) == is_silent
