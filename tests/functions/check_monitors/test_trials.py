"""Trials: the agent checks what somebody wants to see, reports it in detail, and makes no event of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.check_monitors import due_checks
from functions.check_monitors.due_checks import Known
from functions.check_monitors.trials import Trials
from shared.models import as_text, now
from shared.settings import Settings
from tests.support.running import free_port, wait_until
from tests.support.stand_ins import Backend, Target

Run = Callable[[], dict[str, int]]


@pytest.fixture(autouse=True)
def _knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that has just started."""
    monkeypatch.setattr(due_checks, "KNOWN", Known())


@pytest.fixture
def shop() -> Iterator[Target]:
    with Target() as healthy:
        healthy.body = '{"status": "starting", "count": 3}'
        yield healthy


def wanted(*policies: dict[str, Any]) -> dict[str, Any]:
    """The answer to a claim: nothing is due, and these policies are to be tried."""
    times = {"now": as_text(now()), "until": as_text(now())}
    trials = [{"id": number, "policy": policy} for number, policy in enumerate(policies, 1)]
    known: dict[str, Any] = {"version": 1, **times, "checks": [], "policies": [], "removed": [], "is_complete": True}
    return {**known, "trials": trials}


def tried(backend: Backend) -> list[dict[str, Any]]:
    """The reports, in the order of the trials."""
    return [backend.trials[path] for path in sorted(backend.trials)]


def test_each_condition_is_reported_with_its_value(
    run: Run, environ: Callable[..., Settings], backend: Backend, shop: Target
) -> None:
    environ(TARGET_URL="", MONITOR_WORD="started", ALLOW_PRIVATE_TARGETS="true")
    conditions = ["[STATUS] == 200", "[BODY].status == ${MONITOR_WORD}", "[BODY].count > many"]
    conditions[2] = "[BODY].status > 2"
    backend.claim = wanted({"name": "shop", "url": shop.url, "conditions": conditions, "retries": 3})
    assert run() == {"checked": 0, "failed": 0, "posted": 0, "refused": 0, "spooled": 0}
    [result] = tried(backend)
    assert (result["event"]["is_success"], result["event"]["status_code"]) == (False, 200)
    assert result["event"]["response_time_ms"] > 0
    assert [(each["is_met"], each["shown"]) for each in result["conditions"]] == [
        (True, "[STATUS] (200) == 200"),
        (False, "[BODY].status (starting) == ${MONITOR_WORD}"),
        (False, "[BODY].status (starting) > 2: text is not a number"),
    ]
    assert result["answer"] == shop.body
    # A trial is one check, however often a failure is confirmed later.
    assert (shop.hits, backend.bodies) == (1, [])


def test_what_is_checked_nowhere_is_tried_nowhere(
    run: Run, environ: Callable[..., Settings], backend: Backend, shop: Target
) -> None:
    """The addresses that the agent refuses, and a placeholder that it does not know."""
    environ(TARGET_URL="", ALLOW_PRIVATE_TARGETS="false")
    secret = {"name": "b", "url": "https://a.example/", "bearer_token": "${MONITOR_NOWHERE}"}
    backend.claim = wanted({"name": "a", "url": shop.url, "conditions": ["[STATUS] == 200"]}, secret)
    run()
    refused, missing = tried(backend)
    assert refused["event"]["cause"]["code"].startswith("refused_")
    assert refused["conditions"] == []
    assert (missing["event"]["is_inconclusive"], shop.hits) == (True, 0)
    assert "MONITOR_NOWHERE" in missing["event"]["error_message"]


def test_a_trial_that_makes_no_sense_stops_nothing(
    run: Run, environ: Callable[..., Settings], backend: Backend, shop: Target, steps: list[str]
) -> None:
    environ(TARGET_URL=shop.url, ALLOW_PRIVATE_TARGETS="true")
    backend.claim = wanted({"name": "newer", "url": shop.url, "unknown": 1}, {"name": "fine", "url": shop.url})
    assert run()["checked"] == 1
    assert list(backend.trials) == [next(path for path in backend.trials if path.endswith("/checks/trials/2"))]
    assert any(step.startswith("trial_not_understood") for step in steps)


def test_a_trial_that_hangs_delays_no_check(environ: Callable[..., Settings], backend: Backend, shop: Target) -> None:
    settings = environ(ALLOW_PRIVATE_TARGETS="true")
    shop.is_hanging = True
    trials = Trials(settings)
    trials.begin(wanted({"name": "slow", "url": shop.url, "timeout": 30})["trials"])
    wait_until(lambda: shop.hits)
    assert backend.trials == {}, "it does not wait for the trial"
    # The connection ends without a response.
    shop.is_hanging = False
    trials.wait()
    assert tried(backend)[0]["event"]["error_message"] == "connection closed without an answer"


def test_a_lost_result_is_only_logged(environ: Callable[..., Settings], shop: Target, steps: list[str]) -> None:
    """The backend gives the trial out again."""
    settings = environ(BACKEND_URL=f"http://127.0.0.1:{free_port()}", ALLOW_PRIVATE_TARGETS="true")
    trials = Trials(settings)
    trials.begin(wanted({"name": "shop", "url": shop.url})["trials"])
    trials.wait()
    assert any(step.startswith("trial_not_reported") for step in steps)


def test_an_agent_that_is_set_up_wrong_says_so(
    environ: Callable[..., Settings], backend: Backend, shop: Target, steps: list[str]
) -> None:
    settings = environ(ALLOW_PRIVATE_TARGETS="true", SSL_CERT_FILE="/nowhere")
    trials = Trials(settings)
    trials.begin(wanted({"name": "shop", "url": shop.url})["trials"])
    trials.wait()
    assert any(step.startswith("setting_error") and "SSL_CERT_FILE" in step for step in steps)
    assert backend.trials == {}
