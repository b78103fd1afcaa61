"""A task of Cloud Tasks: what it calls, who it is, and the token that creates it."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from functions.check_monitors.later_runs import Call, NotEnqueued, cloud_tasks
from tests.functions.check_monitors.later_runs.conftest import HOST, TICK
from tests.support.running import API_KEY
from tests.support.stand_ins import GoogleApis
from tests.support.stand_ins.clouds import google_apis


def test_a_task_calls_as_the_schedule_does(tick: Callable[..., None], apis: GoogleApis) -> None:
    tick()
    [task] = apis.tasks
    asked = task["httpRequest"]
    assert (asked["httpMethod"], asked["url"]) == ("POST", f"https://{HOST}/?is_later=true")
    assert asked["headers"]["X-API-Key"] == API_KEY
    assert asked["oidcToken"] == {
        "serviceAccountEmail": "bonghwa-invoker@my-project.iam.gserviceaccount.com",
        "audience": f"https://{HOST}",
    }


def test_a_token_is_used_until_shortly_before_its_end(tick: Callable[..., None], apis: GoogleApis) -> None:
    tick(seconds="15,30,45")
    tick()
    assert (apis.tokens, len(apis.tasks)) == (1, 4)


def test_a_token_that_ends_soon_is_not_used_again(tick: Callable[..., None], apis: GoogleApis) -> None:
    apis.expires_in = 30
    tick(seconds="15,30")
    assert (apis.tokens, len(apis.tasks)) == (2, 2)


def test_a_refused_token_is_not_shown_again(tick: Callable[..., None], apis: GoogleApis) -> None:
    tick()
    apis.status = 401
    tick()
    apis.status = 200
    tick()
    assert (apis.tokens, len(apis.tasks)) == (2, 2)


def test_a_time_is_sent_in_utc() -> None:
    at = datetime(2026, 1, 8, 19, 30, 30, tzinfo=timezone(timedelta(hours=9)))
    assert cloud_tasks.task(google_apis.QUEUE, at, Call("https://a", "k"))["scheduleTime"] == "2026-01-08T10:30:30Z"


def test_a_queue_that_is_not_there_is_refused(apis: GoogleApis) -> None:
    with pytest.raises(NotEnqueued, match="Cloud Tasks responded 404"):
        cloud_tasks.enqueue(f"{google_apis.QUEUE}-gone", TICK, Call(f"https://{HOST}", API_KEY))
    assert not apis.tasks
