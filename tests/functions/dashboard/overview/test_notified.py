"""The second sentence of the overview: whether people would be notified."""

import json
from collections.abc import Callable
from datetime import timedelta

from shared.alerting import fall_silent
from shared.models import AlertKind, as_text, now
from shared.store import Store
from shared.store.tables import agents, alerts
from tests.functions.api import FAILURE, SUCCESS, Api
from tests.functions.dashboard.conftest import Browser
from tests.functions.dashboard.made import text
from tests.functions.dashboard.test_overview import sentence, watch
from tests.support.builders import Channel, fails, routes
from tests.support.policies import policy
from tests.support.store.steps import deliver, owe


def test_it_says_whether_people_would_be_notified(browser: Browser, api: Api, environ: Callable[..., None]) -> None:
    api.call("POST", "/review_alerts")
    api.call("POST", "/deliver_notifications")
    api.post({**SUCCESS, "timestamp": as_text(now()), "agent": "default"})
    page = browser.page("/dashboard")
    assert "Would you be notified? Yes: 1 channel is set up and has had nothing to send yet" in page
    api.post({**FAILURE, "timestamp": as_text(now())})
    assert "Yes: the only channel delivered last time" in browser.page("/dashboard")
    environ(CHANNELS='{"console": "off"}')
    assert "<b>No: no channel is set up.</b>" in browser.page("/dashboard")


def test_it_says_if_nobody_would_be(browser: Browser, api: Api, store: Store) -> None:
    watch(store, ["UP"])
    with store.database.transaction() as transaction:
        at = now() - timedelta(hours=2)
        alerts.add(transaction, AlertKind.CHANNEL_REFUSED, "console", cause="bad token", failed_at=at, opened_at=at)
    api.call("POST", "/review_alerts")
    page = browser.page("/dashboard")
    assert "console</bdi> refuses our messages" in page or "console refuses our messages" in page
    assert "Would you be notified? <b>No" in page
    assert sentence(page) == "The only monitor works", "how the monitors are is another question"


def test_a_monitor_that_nobody_checks_is_partly(browser: Browser, api: Api, store: Store) -> None:
    """GET / says the same, but not for the first three intervals."""
    api.call("POST", "/review_alerts")
    api.call("POST", "/deliver_notifications")
    ago = now() - timedelta(minutes=10)
    store.monitors.add(policy("http://t.example/", name="b<lo>g", locations=["seol"]), now=now())
    watch(store, ["UP"])
    store.checks.claim("seoul", now=now(), seconds=1.0)
    assert api.get("/")["status"] == "ok"
    store.monitors.add(policy("http://t.example/", name="shop", locations=["seol"]), now=ago)
    store.monitors.add(policy("http://t.example/", name="door"), now=ago)
    store.monitors.add(policy("http://t.example/", name="gate", quorum=3), now=ago)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE watches SET started_at = :ago", ago=as_text(ago))
        transaction.rows("UPDATE schema_migrations SET applied_at = :ago", ago=as_text(ago))
    page = text(browser.page("/dashboard"))
    assert "Partly: no agent at seol has ever reported: nobody checks shop" in page
    assert "never checked yet: door and 1 more" in page
    assert "gate can have no outage: the quorum is 3, and agents are at 1 of the locations" in page
    assert api.get("/")["reasons"] == [
        "no agent at seol has ever reported, so nobody checks shop",
        "door and 1 more have never been checked",
        "gate can have no outage: the quorum is 3, and agents are at 1 of the locations",
    ]


def test_many_troubles_of_a_kind_push_out_none_of_another(
    browser: Browser, api: Api, store: Store, environ: Callable[..., None]
) -> None:
    names = [f"ch-{number:02}" for number in range(30)]
    hook = {"kind": "webhook", "url": "http://127.0.0.1:9/"}
    environ(CHANNELS=json.dumps({"console": "off", "works": hook, **dict.fromkeys(names, hook)}))
    owe(store, channels=routes("works", *names))
    assert deliver(store, 1, works=Channel(), **{name: Channel(fails()) for name in names})["RETRY"] == 30
    api.call("POST", "/review_alerts")
    event = {**SUCCESS, "timestamp": as_text(now()), "interval_seconds": 30}
    api.post({**event, "monitor": "door", "agent": "tokyo", "location": "tokyo"})
    with store.database.transaction() as transaction:
        tokyo = next(agent for agent in agents.every(transaction) if agent.name == "tokyo")
        agents.save(transaction, fall_silent(tokyo))
        alerts.add(transaction, AlertKind.AGENT_SILENT, "tokyo", cause="silent", failed_at=now(), opened_at=now())
    page = text(browser.page("/dashboard"))
    assert "the last messages to 30 channels failed: ch-00 , ch-01 , ch-02 and 27 more;" in page
    assert "the agent tokyo has reported nothing for" in page
    page = text(browser.page("/dashboard?lang=ko"))
    assert "채널 30개에 보낸 마지막 메시지가 실패했습니다: ch-00 , ch-01 , ch-02 외 27개" in page


def test_a_silent_agent_is_partly(browser: Browser, api: Api, store: Store) -> None:
    """Reviews go on, so that people are notified of what others check. GET / and the settings say the same."""
    api.call("POST", "/review_alerts")
    event = {**SUCCESS, "timestamp": as_text(now()), "interval_seconds": 30}
    for name, agent in (("shop", "tokyo"), ("shop", "seoul"), ("b<lo>g", "tokyo"), ("door", "seoul")):
        api.post({**event, "monitor": name, "agent": agent, "location": agent})
    with store.database.transaction() as transaction:
        tokyo = next(agent for agent in agents.every(transaction) if agent.name == "tokyo")
        agents.save(transaction, fall_silent(tokyo))
        alerts.add(transaction, AlertKind.AGENT_SILENT, "tokyo", cause="silent", failed_at=now(), opened_at=now())
    page = browser.page("/dashboard")
    assert "Would you be notified? Partly: the agent tokyo has reported nothing for" in text(page)
    assert "(only it checks <bdi>b&lt;lo&gt;g</bdi>)" in page
    assert api.get("/")["status"] == "degraded"
    assert "An outage now would be noticed and sent." in text(browser.page("/dashboard/settings"))


def test_a_monitor_that_the_agent_cannot_check_is_partly(browser: Browser, api: Api, store: Store) -> None:
    """GET / says the same, and why. That a location is offline is said by itself, and of a pause nothing is."""
    api.call("POST", "/review_alerts")
    api.call("POST", "/deliver_notifications")
    ago, lacking = now() - timedelta(minutes=10), {"code": "value_missing", "parameters": {"name": "MONITOR_X"}}
    why = {"error_message": "not checked: the agent's environment has no MONITOR_X", "cause": lacking}
    offline = {"error_message": "connection refused", "cause": {"code": "connection_refused"}}
    for name in ("shop", "door", "gate", "works", "paused"):
        store.monitors.add(policy("http://t.example/", name=name), now=ago)
    event = {**FAILURE, "is_inconclusive": True, "timestamp": as_text(now()), "interval_seconds": 30}
    for name, cause in (("gate", offline), ("shop", why), ("door", why), ("paused", why)):
        api.post({**event, "monitor": name, "agent": "seoul", "location": "seoul", **cause})
    api.post({**SUCCESS, "timestamp": as_text(now()), "monitor": "works", "agent": "seoul", "location": "seoul"})
    assert api.call("PATCH", "/monitors/5", {"enabled": False}).status_code == 200
    assert api.get("/")["reasons"] == []
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE watches SET started_at = :ago", ago=as_text(ago))
        transaction.rows("UPDATE schema_migrations SET applied_at = :ago", ago=as_text(ago))
    assert api.get("/")["reasons"] == ["shop and 1 more cannot be checked: the agent's environment has no MONITOR_X"]
    assert "Partly: the agent cannot check shop and 1 more" in text(browser.page("/dashboard"))
