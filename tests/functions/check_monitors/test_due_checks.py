"""The agent's knowledge of the backend's monitors: how it learns and forgets, and goes on without the backend."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors import due_checks
from functions.check_monitors.due_checks import CLAIM_SECONDS, PAUSE_SECONDS, SPARE_SECONDS, Known
from functions.check_monitors.reporting.backend import claim as ask_backend
from shared.models.event import MAX_INTERVAL_SECONDS
from shared.monitors.due import due_between
from shared.settings import Settings
from tests.functions.check_monitors.conftest import START, claim, policy
from tests.support.running import free_port
from tests.support.stand_ins import Backend


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


def names(found: tuple[list[due_checks.DueCheck], bool | None]) -> list[str]:
    return [check.policy.name for check in found[0]]


# --- learning ---------------------------------------------------------------------------------------------------------


def test_an_agent_learns_policies_and_asks_for_newer_ones(known: Known, settings: Settings, backend: Backend) -> None:
    backend.claim = claim(policy("api"), policy("web"), due={"api": 2.5}, is_complete=True)
    due, is_reached = known.claim(settings, 30)
    assert [(check.policy.name, check.starts_at) for check in due] == [("api", 2.5)]
    assert (is_reached, len(known)) == (True, 2)
    backend.claim = claim(policy("web", interval="15s"), version=2, removed=["api"], due={"web": 0, "api": 1})
    assert names(known.claim(settings, 30)) == ["web"]
    assert (len(known), known.interval(60)) == (1, 15.0)
    backend.claim = claim(policy("new"), version=3, is_complete=True)
    known.claim(settings, 30)
    assert len(known) == 1
    assert [asked["known"] for asked in backend.claims] == [None, 1, 2]
    assert {asked["seconds"] for asked in backend.claims} == {30}


def test_an_agent_says_how_often_it_reports_while_its_checks_hang(
    known: Known, settings: Settings, backend: Backend
) -> None:
    """By it the backend judges its silence: during a check of 282 s, an agent that has no other is not silent."""
    hangs = policy("hangs", interval="60s", timeout="48s", retries=3, retry_interval="30s")
    backend.claim = claim(hangs, due={}, is_complete=True)
    known.claim(settings, 30)
    assert known.interval(86_400) == 60 + (282 - 60) / 3
    backend.claim = claim(policy("quick", interval="70s"), version=2, due={})
    known.claim(settings, 30)
    assert known.interval(86_400) == 70
    endless = policy("hangs", retries=100, retry_interval="366d")
    backend.claim = claim(endless, version=3, due={}, is_complete=True)
    known.claim(settings, 30)
    assert known.interval(10**9) == MAX_INTERVAL_SECONDS


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


def test_an_agent_claims_further_ahead_while_claims_take_long(
    known: Known, clock: Clock, settings: Settings, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an agent is killed, nobody does the checks that it has claimed."""
    assert known.spare_seconds() == SPARE_SECONDS
    taken = 0.01

    def claim_slowly(*given: Any) -> Any:
        clock.pass_(taken)
        return ask_backend(*given)

    monkeypatch.setattr("functions.check_monitors.reporting.backend.claim", claim_slowly)
    backend.claim = claim()
    spares = []
    for taken in (0.01, 0.1, 5.0, *[0.01] * 9, 0.01):  # noqa: B007
        known.claim(settings, 1)
        spares.append(known.spare_seconds())
    quick = pytest.approx(SPARE_SECONDS + 0.03)
    assert spares == [quick, pytest.approx(SPARE_SECONDS + 0.3), *[CLAIM_SECONDS] * 10, quick]


def test_an_agent_says_where_it_is_and_what_it_watches(
    known: Known, environ: Callable[..., Settings], backend: Backend
) -> None:
    backend.claim = claim()
    variables = {"TARGET_URL": "http://kim:s3cret@a.example/", "LOCATION": "seoul-1", "CHECK_INTERVAL_SECONDS": "7"}
    known.claim(environ(**variables), 1)
    [asked] = backend.claims
    assert (asked["agent"], asked["location"], asked["target_interval"]) == ("seoul-1", "seoul-1", 7)
    assert (asked["targets"], asked["target_timeout"]) == (["http://kim:***@a.example/"], 10)


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
