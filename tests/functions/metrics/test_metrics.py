"""GET /metrics: what it says of everything, who may read it, and in which words."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models import AlertKind, AlertStatus, as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import FAILURE, KEY, SUCCESS, Api, on_each_engine
from tests.functions.metrics.reading import OPEN_METRICS, PROMETHEUS, families_in, labels, samples_of
from tests.support.builders import event, routes

pytestmark = pytest.mark.slow

HOSTILE = [
    'quo"te',
    "back\\slash\\n",
    'a"} 1\nbonghwa_store_bytes 0',
    "line\nbreak",
    "봉화 🔥",
    "{monitor=~'.*'}",
    "# HELP x",
    "\u2028\x85\r\t",
]


def measured(api: Api, name: str, accept: str = "*/*") -> dict[Any, float]:
    response = api.call("GET", "/metrics", headers={"Accept": accept})
    assert response.status_code == 200, response.text
    return samples_of(families_in(response.text, response.content_type), name)


@on_each_engine
@pytest.mark.parametrize("accept", ["*/*", OPEN_METRICS])
def test_each_metric_says_how_it_is(api: Api, environ: Callable[..., None], accept: str) -> None:
    environ(CHANNELS="", TELEGRAM_BOT_TOKEN="", TELEGRAM_CHAT_ID="")
    at = now() - timedelta(seconds=1)
    policy = {"name": "shop", "group": "Web", "url": "https://secret-target.example/", "failure_threshold": 1}
    assert api.call("POST", "/monitors", policy).status_code == 201
    # A certificate's limit would open an alert, and notify people of it.
    ends = datetime(2031, 1, 8, 10, 30, tzinfo=UTC)
    ok = SUCCESS | {
        "monitor": "shop",
        "timestamp": as_text(at),
        "certificate_expires_at": as_text(ends),
        "agent": "seoul",
        "dns_ms": 1.5,
        "connect_ms": 2,
        "tls_ms": 30,
        "first_byte_ms": 100,
        "interval_seconds": 30,
    }
    assert api.post([ok, FAILURE | {"monitor": "blog", "timestamp": as_text(at)}]).status_code == 201
    assert measured(api, "bonghwa_monitor_up", accept) == {
        labels(monitor="shop", group="Web"): 1,
        labels(monitor="blog", group=""): 0,
    }
    phases = {"total": 0.15, "dns": 0.0015, "connect": 0.002, "tls": 0.03, "first_byte": 0.1}
    expected = {labels(monitor="shop", phase=phase): value for phase, value in phases.items()}
    assert measured(api, "bonghwa_check_seconds", accept) == expected
    expiry = measured(api, "bonghwa_certificate_expiry_timestamp_seconds", accept)
    assert expiry == {labels(monitor="shop"): ends.timestamp()}
    alerts = measured(api, "bonghwa_alerts", accept)
    assert alerts.pop(labels(kind="OUTAGE", status="OPEN")) == 1
    assert len(alerts) == len(AlertKind) * len(AlertStatus) - 1
    assert set(alerts.values()) == {0}
    assert measured(api, "bonghwa_agent_last_seen_timestamp_seconds", accept)[labels(agent="seoul")] == pytest.approx(
        now().timestamp(), abs=60
    )
    assert measured(api, "bonghwa_store_bytes", accept)[labels()] > 4096


@on_each_engine
def test_what_is_owed_and_what_was_sent_are_counted(api: Api) -> None:
    api.post(FAILURE | {"timestamp": as_text(now())})
    sent = {labels(channel="console", status="SENT"): 1.0}
    assert measured(api, "bonghwa_notification_attempts_total") == sent
    assert measured(api, "bonghwa_notifications_owed") == {labels(channel="console"): 0}
    buckets = measured(api, "bonghwa_time_to_notify_seconds_bucket")
    assert buckets[labels(le="+Inf")] == buckets[labels(le="10.0")] == 1
    assert measured(api, "bonghwa_time_to_notify_seconds_count") == {labels(): 1}
    assert measured(api, "bonghwa_time_to_notify_seconds_sum")[labels()] < 10


def test_owed_messages_are_counted_by_channel(api: Api) -> None:
    store = open_store(Settings.from_env())
    store.events.add([event(ok=False)], received_at=now(), channels=routes("console", "ops"))
    owed = {labels(channel="console"): 1, labels(channel="ops"): 1}
    assert measured(api, "bonghwa_notifications_owed") == owed


@on_each_engine
def test_what_nobody_knows_has_no_sample(api: Api) -> None:
    """A monitor that nobody has checked, that is paused, or that was removed."""
    for name in ("new", "paused", "gone"):
        assert api.call("POST", "/monitors", {"name": name, "url": "https://a.example/"}).status_code == 201
    at = as_text(now())
    api.post([SUCCESS | {"monitor": name, "timestamp": at} for name in ("paused", "gone")])
    assert len(measured(api, "bonghwa_monitor_up")) == 2
    assert api.call("PATCH", "/monitors/2", {"enabled": False}).status_code == 200
    assert api.call("DELETE", "/monitors/3").status_code == 204
    for name in ("bonghwa_monitor_up", "bonghwa_check_seconds"):
        assert measured(api, name) == {}


@pytest.mark.parametrize("accept", ["*/*", PROMETHEUS])
def test_no_name_breaks_the_text(api: Api, accept: str) -> None:
    """Names are labels, whatever they hold; nothing in them becomes a line or a label of its own."""
    at = as_text(now())
    for name in HOSTILE:
        report = SUCCESS | {"monitor": name, "timestamp": at, "agent": name, "interval_seconds": 30}
        assert api.post(report).status_code == 201
    up = measured(api, "bonghwa_monitor_up", accept)
    assert up == {labels(monitor=each["name"], group=""): 1 for each in api.get("/monitors")["monitors"]}
    assert len(up) == len(HOSTILE)
    assert measured(api, "bonghwa_store_bytes", accept)[labels()] > 0


def test_no_target_address_is_a_label(api: Api) -> None:
    policy = {"name": "shop", "url": "https://secret-target.example/"}
    api.call("POST", "/monitors", policy)
    api.post(FAILURE | {"monitor": "shop", "target_url": policy["url"], "timestamp": as_text(now())})
    text = api.call("GET", "/metrics").text
    assert 'monitor="shop"' in text
    assert "secret-target" not in text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
        ("text/html", "text/plain"),
        (PROMETHEUS, "application/openmetrics-text"),
        ("application/openmetrics-text", "application/openmetrics-text"),
        ("application/openmetrics-text;version=x", "application/openmetrics-text"),
        ('application/openmetrics-text;version="1.0.0";escaping=nonsense', "application/openmetrics-text"),
        ("application/openmetrics-text;q=0", "text/plain"),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.5", "text/plain"),
        (";;,q=,\x01", "text/plain"),
    ],
)
def test_accept_chooses_the_words(api: Api, accept: str, kind: str) -> None:
    response = api.call("GET", "/metrics", headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (200, kind)
    assert families_in(response.text, response.content_type)
    assert {"Accept", "Accept-Encoding"} <= set(response.vary)


def test_the_text_is_compressed_if_the_caller_likes(api: Api) -> None:
    plain = api.call("GET", "/metrics")
    packed = api.call("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).startswith(plain.data[:100])


def test_the_key_may_come_as_a_bearer_token(api: Api, environ: Callable[..., None]) -> None:
    """Prometheus sends ``authorization: {credentials: …}`` so."""
    environ(API_AUTH="all")
    assert api.call("GET", "/metrics", key=None, headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    for wrong in ("Bearer", "Bearer wrong", f"Basic {KEY}", KEY, "Bearer ключ".encode().decode("latin-1")):
        assert api.call("GET", "/metrics", key=None, headers={"Authorization": wrong}).status_code == 401, wrong
    # No other function takes it.
    assert api.call("GET", "/alerts", key=None, headers={"Authorization": f"Bearer {KEY}"}).status_code == 401


def test_at_most_so_many_monitors_are_named(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest ones, so that the same ones are named each time."""
    from shared.store.asking.metrics import measures

    assert measures.MOST_MONITORS == 2_000
    monkeypatch.setattr(measures, "MOST_MONITORS", 3)
    at = as_text(now())
    api.post([SUCCESS | {"monitor": f"m{number}", "timestamp": at} for number in range(5)])
    assert sorted(measured(api, "bonghwa_monitor_up")) == sorted(
        labels(monitor=f"m{number}", group="") for number in range(3)
    )
