"""POST /deliver_notifications, and the sending at once by POST /events."""

import time
from collections.abc import Callable

import pytest

from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import FAILURE, Api, on_each_engine
from tests.support.stand_ins import BotApi, bad_gateway, hangs

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("telegram_library")
def test_a_hanging_channel_delays_an_event_by_its_budget(
    api: Api, environ: Callable[..., None], bot_api: BotApi
) -> None:
    environ(**bot_api.environ)
    bot_api.queue(hangs)
    started = time.monotonic()
    assert api.post(FAILURE).status_code == 201
    # The budget is a second. Without it, a send may take ten.
    assert time.monotonic() - started < 5
    statuses = {log["channel"]: log["status"] for log in api.get("/notification_logs")["notification_logs"]}
    assert statuses == {"console": "SENT", "telegram": "RETRY"}
    assert api.get("/")["owed_notifications"] == 1


@on_each_engine
@pytest.mark.usefixtures("telegram_library")
def test_a_run_sends_what_is_due_and_counts_the_outcomes(
    api: Api, environ: Callable[..., None], bot_api: BotApi
) -> None:
    environ(**bot_api.environ)
    bot_api.queue(bad_gateway)
    api.post(FAILURE)
    none = {"SENT": 0, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}
    assert api.call("POST", "/deliver_notifications").json == none, "it is not due again yet"
    with open_store(Settings.from_env()).database.transaction() as transaction:
        transaction.rows("UPDATE notifications SET due_at = '2025-01-01T00:00:00.000Z'")
    assert api.call("POST", "/deliver_notifications").json == none | {"SENT": 1}
    assert len(bot_api.messages) == 1
    assert api.call("POST", "/deliver_notifications").json == none
