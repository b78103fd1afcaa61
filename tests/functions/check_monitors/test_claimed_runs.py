"""A run of the agent that claims: what it checks, and that a backend which hangs delays none of its targets."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors import due_checks
from functions.check_monitors.due_checks import CLAIM_SECONDS, Known
from shared.settings import Settings
from tests.functions.check_monitors.conftest import claim, policy
from tests.support.running import wait_until
from tests.support.stand_ins import Backend, Target


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Known:
    """The knowledge of this process's agent: nothing."""
    known = Known()
    monkeypatch.setattr(due_checks, "KNOWN", known)
    return known


def now_claim(*policies: dict[str, Any], **due: float) -> Any:
    return claim(*policies, at=time.time(), due=due)


@pytest.mark.usefixtures("fresh")
def test_a_run_checks_its_targets_and_what_is_claimed(
    run: Callable[[], dict[str, int]], environ: Callable[..., Settings], backend: Backend, target: Target
) -> None:
    environ(TARGET_URL=target.url, CHECK_INTERVAL_SECONDS="1")
    backend.claim = now_claim(policy("api"), policy("web"), api=0.0)
    assert run() == {"checked": 2, "failed": 1, "posted": 2, "refused": 0, "spooled": 0}
    assert {(event["monitor"], event["is_success"]) for event in backend.events} == {(target.url, True), ("api", False)}


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(("only", "checked"), [("targets", ["target"]), ("claimed", ["api"])])
def test_a_run_may_be_for_one_of_both(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    backend: Backend,
    target: Target,
    agent: Any,
    only: str,
    checked: list[str],
) -> None:
    settings = environ(TARGET_URL=target.url)
    backend.claim = now_claim(policy("api"), api=0.0)
    response = agent.post(f"/?only={only}&seconds=0.5", headers={"X-API-Key": settings.key.get_secret_value()})
    assert response.get_json()["checked"] == 1
    assert ["target" if event["monitor"] == target.url else event["monitor"] for event in backend.events] == checked


@pytest.mark.usefixtures("fresh")
def test_a_run_in_a_cloud_waits_for_no_due_time(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    backend: Backend,
    target: Target,
    steps: list[str],
) -> None:
    """Each of its seconds is billed, and so are its reports and the lines of its log."""
    environ(TARGET_URL="", CHECK_INTERVAL_SECONDS="300", K_SERVICE="check-monitors", ALLOW_PRIVATE_TARGETS="true")
    well = {f"well-{number}": 20.0 * number for number in range(9)}
    policies = [policy(name, url=target.url) for name in well]
    backend.claim = now_claim(*policies, **well)
    began = time.monotonic()
    assert run() == {"checked": 9, "failed": 0, "posted": 9, "refused": 0, "spooled": 0}
    assert time.monotonic() - began < 15
    assert [asked["seconds"] for asked in backend.claims] == [300], "all that falls due until the next run"
    assert [len(body) for body in backend.bodies] == [9]
    assert not [step for step in steps if step.startswith("checked")]

    backend.claim = now_claim(policy("ill"), ill=200.0)
    assert run()["failed"] == 1
    assert len([step for step in steps if step.startswith("checked")]) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("fresh")
def test_a_backend_that_hangs_delays_no_target(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    backend: Backend,
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("functions.check_monitors.reporting.backend.CLAIM_SECONDS", 3.0)
    environ(TARGET_URL=target.url, CHECK_INTERVAL_SECONDS="1")
    backend.claim, backend.hangs_at_claims = now_claim(), True
    began = time.monotonic()
    assert run()["posted"] == 1
    assert backend.asked_at[0] - began < 3.0
    # It is not asked again for a while: the next run does not wait for it.
    began = time.monotonic()
    assert run()["posted"] == 1
    assert time.monotonic() - began < 3.0
    assert len(backend.claims) == 1


@pytest.mark.slow
def test_a_backend_that_goes_on_hanging_delays_no_check_of_a_run_that_lasts(
    fresh: Known, settings: Settings, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again and again, and each time it may take a while to see that it still hangs."""
    monkeypatch.setattr("functions.check_monitors.reporting.backend.CLAIM_SECONDS", 0.1)
    monkeypatch.setattr(due_checks, "PAUSE_SECONDS", 0.0)
    backend.claim = now_claim(policy("api", interval="1s"))
    fresh.claim(settings, 0.5)
    backend.hangs_at_claims = True
    fresh.claim(settings, 0.5)
    monkeypatch.setattr("functions.check_monitors.reporting.backend.CLAIM_SECONDS", 60.0)
    stream = due_checks.Stream(settings, 60.0, lambda: False, lambda _: None)
    started: list[str] = []

    def checks_went_on() -> bool:
        _, policies = stream.more() or (0.0, [])
        started.extend(policy.name for policy in policies)
        return len(started) == 2

    wait_until(checks_went_on)
    assert len(backend.claims) == 3, "one claim hangs all the time"
    backend.release()


@pytest.mark.slow
@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("policies", [[], [policy("api", interval="1s", enabled=False)]], ids=["nothing", "something"])
def test_a_run_that_lasts_claims_a_second_ahead_and_seldom_if_there_is_nothing_to_check(
    environ: Callable[..., Settings], backend: Backend, agent: Any, policies: list[dict[str, Any]]
) -> None:
    """The backend gives out one check of each monitor for a claim. A longer claim would lose the others."""
    settings = environ(TARGET_URL="")
    backend.claim = now_claim(*policies)
    agent.post("/?only=claimed&lasting=1", headers={"X-API-Key": settings.key.get_secret_value()})
    assert all(CLAIM_SECONDS < asked["seconds"] < 1.5 for asked in backend.claims)
    assert len(backend.claims) == (2 if policies else 1)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "query", ["only=both", "seconds=0", "seconds=soon", "seconds=3601", "seconds=nan", "lasting=301"]
)
def test_a_wrong_query_is_named(environ: Callable[..., Settings], agent: Any, query: str) -> None:
    key = environ().key.get_secret_value()
    response = agent.post(f"/?{query}", headers={"X-API-Key": key})
    assert (response.status_code, json.loads(response.data)["field"]) == (400, query.partition("=")[0])
