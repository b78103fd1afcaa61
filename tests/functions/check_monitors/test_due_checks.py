"""What the agent knows of the backend's monitors, how it learns and forgets, and how it goes on without the backend."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors import due_checks
from functions.check_monitors.due_checks import PAUSE_SECONDS, Known, start_together
from shared.models import as_text
from shared.monitors.due import due_between, time_of
from shared.settings import Settings
from tests.support.builders import NOON
from tests.support.running import free_port
from tests.support.stand_ins import Backend, Target

START = NOON.timestamp()


class Clock:
    """The agent's two clocks, which move when a test says so."""

    def __init__(self) -> None:
        self.now = START
        self.running = 0.0

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.running += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> Known:
    return Known(lambda: clock.now, lambda: clock.running)


def policy(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "url": f"http://127.0.0.1:{free_port()}/", "interval": "10s", **fields}


def claim(*policies: dict[str, Any], at: float = START, due: dict[str, float] | None = None, **fields: Any) -> Any:
    """The answer to a claim. ``due``: in how many seconds which check is due."""
    checks = [{"name": name, "due_at": as_text(time_of(at + seconds))} for name, seconds in (due or {}).items()]
    times = {"now": as_text(time_of(at)), "until": as_text(time_of(at + 30))}
    known = {"version": 1, **times, "checks": checks, "policies": list(policies), "removed": [], "is_complete": False}
    return known | fields


def names(found: tuple[list[due_checks.DueCheck], bool | None]) -> list[str]:
    return [check.policy.name for check in found[0]]


# --- learning ---------------------------------------------------------------------------------------------------------


def test_an_agent_learns_policies_and_asks_for_newer_ones(known: Known, settings: Settings, backend: Backend) -> None:
    backend.claim = claim(policy("api"), policy("web"), due={"api": 2.5}, is_complete=True)
    due, is_reached = known.claim(settings, 30)
    assert [(check.policy.name, check.starts_at) for check in due] == [("api", 2.5)]
    assert (is_reached, len(known)) == (True, 2)
    backend.claim = claim(policy("web", interval="5s"), version=2, removed=["api"], due={"web": 0, "api": 1})
    assert names(known.claim(settings, 30)) == ["web"]
    assert (len(known), known.interval(60)) == (1, 5.0)
    backend.claim = claim(policy("new"), version=3, is_complete=True)
    known.claim(settings, 30)
    assert len(known) == 1
    assert [asked["known"] for asked in backend.claims] == [None, 1, 2]
    assert {asked["seconds"] for asked in backend.claims} == {30}


def test_what_is_overdue_starts_at_once(known: Known, settings: Settings, backend: Backend) -> None:
    backend.claim = claim(policy("api"), due={"api": -5})
    assert [check.starts_at for check in known.claim(settings, 30)[0]] == [0.0]


def test_due_times_are_by_the_backends_clock(known: Known, settings: Settings, backend: Backend) -> None:
    backend.claim = claim(policy("api"), at=START + 86_400, due={"api": 3})
    assert [check.starts_at for check in known.claim(settings, 30)[0]] == [3.0]


@pytest.mark.parametrize(
    ("claimed_after", "starts_at"),
    [
        (0.25, 3.25),  # the way back took long
        (1.5, 4.5),  # the way there took long
        (-3600.0, 3.0),  # the clocks disagree: it was not claimed before it was asked for
        (3600.0, 5.0),  # nor after the answer
    ],
)
def test_a_claim_that_takes_long_makes_no_check_early(
    known: Known, clock: Clock, settings: Settings, backend: Backend, claimed_after: float, starts_at: float
) -> None:
    """The trials of an answer begin before anything else of it is read: here, two seconds after the question."""
    backend.claim = claim(policy("api"), at=START + claimed_after, due={"api": 3}, trials=[{}])
    assert [check.starts_at for check in known.claim(settings, 30, lambda _: clock.pass_(2.0))[0]] == [starts_at]


def test_an_agent_says_where_it_is_and_what_it_watches(
    known: Known, environ: Callable[..., Settings], backend: Backend
) -> None:
    backend.claim = claim()
    variables = {"TARGET_URL": "http://kim:s3cret@a.example/", "LOCATION": "seoul-1", "CHECK_INTERVAL_SECONDS": "7"}
    known.claim(environ(**variables), 1)
    [asked] = backend.claims
    assert (asked["agent"], asked["location"], asked["target_interval"]) == ("seoul-1", "seoul-1", 7)
    assert asked["targets"] == ["http://kim:***@a.example/"]


def test_a_policy_of_a_newer_backend_costs_only_itself(
    known: Known, settings: Settings, backend: Backend, steps: list[str]
) -> None:
    newer = policy("newer", bearer_token="s3cret-value", later={"a": 1})
    backend.claim = claim(newer, policy("api"), due={"newer": 0, "api": 0})
    assert names(known.claim(settings, 30)) == ["api"]
    [line] = [line for line in steps if "policy_not_understood" in line]
    assert "'newer'" in line
    assert "later" in line
    assert "s3cret" not in line


@pytest.mark.parametrize(
    "answer",
    [
        {"policies": [5]},
        {"policies": {"name": "x"}},
        {"now": "yesterday"},
        {"now": None},
        {"checks": [{"name": "api"}]},
        {"checks": 5},
        {"removed": [[]]},
    ],
    ids=str,
)
def test_an_answer_that_makes_no_sense_ends_no_check(
    known: Known, clock: Clock, settings: Settings, backend: Backend, answer: dict[str, Any]
) -> None:
    backend.claim = claim(policy("api"), due={"api": 0})
    known.claim(settings, 1)
    backend.claim = claim(due={"api": 0}) | answer
    clock.pass_(1)
    found = known.claim(settings, 10)
    assert (names(found), found[1]) == (["api"], True)


# --- without the backend ----------------------------------------------------------------------------------------------


def test_a_backend_of_0_1_has_no_monitors(known: Known, settings: Settings, backend: Backend) -> None:
    assert known.claim(settings, 30) == ([], True)
    backend.claim = claim(policy("api"), due={"api": 0})
    assert names(known.claim(settings, 30)) == ["api"], "it is asked again at once, and may be newer by now"


@pytest.mark.parametrize("status", [404, 500, 503, 401, 302])
def test_without_a_claim_each_due_time_is_checked_once(
    known: Known, clock: Clock, settings: Settings, backend: Backend, status: int
) -> None:
    backend.claim = claim(policy("api"), policy("web", interval="7s"), due={})
    known.claim(settings, 1)
    backend.status = status
    due: list[tuple[str, float]] = []
    for _ in range(60):
        clock.pass_(1)
        due += [(check.policy.name, round(START + check.starts_at, 3)) for check in known.claim(settings, 2.5)[0]]
    expected = {
        (name, round(at, 3))
        for name, interval in (("api", 10.0), ("web", 7.0))
        for second in range(62)
        if (at := due_between(name, interval, START + 1 + second, START + 2 + second)) is not None
    }
    assert sorted(due) == sorted(each for each in expected if each[1] < clock.now + 2.5)


def test_a_backend_that_does_not_answer_is_asked_again_later(
    known: Known, clock: Clock, settings: Settings, backend: Backend
) -> None:
    backend.claim, backend.status = claim(policy("api"), due={"api": 0}), 503
    assert known.claim(settings, 1) == ([], True), "it did respond"
    for _ in range(9):
        clock.pass_(1)
        assert known.claim(settings, 1) == ([], None)
    assert len(backend.claims) == 1
    backend.status = 201
    clock.pass_(PAUSE_SECONDS - 9)
    assert names(known.claim(settings, 1)) == ["api"]
    assert len(backend.claims) == 2


def test_a_backend_that_is_gone_did_not_respond(known: Known, settings: Settings) -> None:
    gone = settings.model_copy(update={"backend_url_given": f"http://127.0.0.1:{free_port()}"})
    assert known.claim(gone, 1) == ([], False)
    assert known.claim(gone, 1) == ([], None)


@pytest.mark.parametrize("hours", [-24.0, 24.0])
def test_a_clock_that_jumps_stops_no_check_and_makes_up_for_none(
    known: Known, clock: Clock, settings: Settings, backend: Backend, hours: float
) -> None:
    backend.claim = claim(policy("api"), due={})
    known.claim(settings, 1)
    backend.status = 503
    clock.now += hours * 3600
    counts = []
    for _ in range(30):
        clock.pass_(1)
        counts.append(len(known.claim(settings, 1)[0]))
    # One for a gap, however long it is.
    assert 3 <= sum(counts) <= 4


# --- a run of the agent -----------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Known:
    """What the agent of this process knows: nothing."""
    known = Known()
    monkeypatch.setattr(due_checks, "_known", known)
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


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "query", ["only=both", "seconds=0", "seconds=soon", "seconds=3601", "seconds=nan", "lasting=301"]
)
def test_a_wrong_query_is_named(environ: Callable[..., Settings], agent: Any, query: str) -> None:
    key = environ().key.get_secret_value()
    response = agent.post(f"/?{query}", headers={"X-API-Key": key})
    assert (response.status_code, json.loads(response.data)["field"]) == (400, query.partition("=")[0])


# --- the starts of a run that lasts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "started"),
    [
        ([], 0),
        ([0.1], 0),  # none starts much before its time
        ([0.0, 0.06, 0.1], 2),  # a few start together: each wake costs more than a start
        ([-1.0, 0.0, 0.03, 0.04, 0.05], 4),  # but few, so that they do not wait for each other
        ([0.0] * 10 + [0.01, 0.05], 11),  # whatever is due at once starts at once
    ],
)
def test_checks_that_are_due_close_together_start_together(due: list[float], started: int) -> None:
    waiting: Any = [(100.0 + seconds, place, f"m{place}") for place, seconds in enumerate(due)]
    taken: list[Any] = [*start_together(waiting, 100.0)]
    assert taken == [f"m{place}" for place in range(started)]
    assert [name for _, _, name in sorted(waiting)] == [f"m{place}" for place in range(started, len(due))]
