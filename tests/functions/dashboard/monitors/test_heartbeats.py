"""A heartbeat's form and page say when people hear of what."""

import pytest

from tests.functions.dashboard.conftest import Browser
from tests.functions.dashboard.made import new, text

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("language", "hint", "missed", "failed"),
    [
        ("en", "A missed ping is an outage at once", "a missed ping, at once", "3 pings in a row that say failed"),
        ("ko", "핑이 오지 않으면 바로 장애입니다", "핑이 오지 않으면 바로", "실패를 알리는 핑 연속 3번"),
    ],
)
def test_a_missed_ping_is_an_outage_at_once(
    signed_in: Browser, language: str, hint: str, missed: str, failed: str
) -> None:
    new(signed_in, kind="heartbeat", name="backup", url="", failure_threshold="3", **{"heartbeat.period": "25h"})
    new(signed_in, name="shop", failure_threshold="3")
    signed_in.headers["Accept-Language"] = language
    assert hint in text(signed_in.page("/dashboard/monitors/1/edit"))
    assert hint not in text(signed_in.page("/dashboard/monitors/2/edit"))
    assert f"{missed} {failed}" in text(signed_in.page("/dashboard/monitors/1"))
    assert missed not in text(signed_in.page("/dashboard/monitors/2"))


@pytest.mark.parametrize("interval", ["30s", "5m"])
def test_no_form_promises_a_time(signed_in: Browser, interval: str) -> None:
    new(signed_in, name="shop", interval=interval)
    assert "after about" not in text(signed_in.page("/dashboard/monitors/1/edit"))
