"""Whether an outage that happened now would be notified: one table, a sentence in each row."""

from datetime import timedelta
from typing import Any

import pytest

from shared.alerting.health import Expected, HealthFacts, WatchedGroup, judge_health, patience
from shared.models import Agent, as_text
from tests.support.builders import at

HOUR = 3600.0
PATIENCE = patience(10, is_in_cloud=False)
RUNS = {"review_alerts": at(HOUR - 40), "deliver_notifications": at(HOUR - 40)}
SEOUL = Expected("seoul", 30)


def agent(seen: float, *, is_silent: bool = False, is_offline: bool = False, interval: float = 30) -> Agent:
    return Agent(
        name="seoul",
        interval_seconds=interval,
        last_seen_at=at(seen),
        last_checked_at=at(seen),
        is_silent=is_silent,
        is_offline=is_offline,
    )


def group(name: str, **fields: Any) -> WatchedGroup:
    return WatchedGroup(name, 30, **fields)


def unable(name: str, *, made: float = 0, checked: float = HOUR - 20) -> WatchedGroup:
    why = "not checked: the agent's environment has no X"
    return group(name, made_at=at(made), checked_at=at(checked), why=why)


def facts(**fields: object) -> HealthFacts:
    """A system that was made at noon, has run since, and is well; ``fields`` replace some."""
    known = {"created_at": at(0), "since": at(0), "agents": (agent(HOUR - 20),), "last_runs": RUNS, "overdue": {}}
    return HealthFacts(**known | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (facts(), None),
        (facts(agents=(agent(HOUR - 101),)), None),
        (facts(agents=(agent(HOUR - 103),)), "agent seoul last reported at 2025-01-08T12:58:17.000Z"),
        # Checks once in five minutes are late only after fifteen.
        (facts(agents=(agent(HOUR - 600, interval=300),)), None),
        (facts(agents=(agent(HOUR - 920, interval=300),)), "agent seoul last reported at"),
        # A person resolved the alert about its silence: nobody expects it any more.
        (facts(agents=(agent(0, is_silent=True),)), None),
        (facts(agents=(agent(0, is_silent=True),), alerted=frozenset({"seoul"})), "agent seoul last reported at"),
        # Its alert is open, although the system has only just started.
        (
            facts(
                agents=(agent(0, is_silent=True),),
                alerted=frozenset({"seoul"}),
                since=at(HOUR - 5),
                started_at=at(HOUR - 5),
            ),
            "agent seoul last reported at",
        ),
        # A start, or the end of the machine's sleep, is no gap in the reports.
        (facts(agents=(agent(0),), since=at(HOUR - 60)), None),
        (facts(agents=(agent(0),), since=at(HOUR - 103)), "agent seoul last reported at"),
        # Its clock, or ours, was set back.
        (facts(agents=(agent(2 * HOUR),)), "agent seoul last reported at"),
        (facts(agents=(agent(HOUR + 3),)), None),
        (facts(agents=(agent(HOUR - 20, is_offline=True),)), "the location of agent seoul is offline"),
        # Only others report here, and nobody knows how often.
        (facts(agents=()), None),
        (facts(last_runs=RUNS | {"review_alerts": at(HOUR - 91)}), "review_alerts last ran at"),
        (facts(last_runs=RUNS | {"deliver_notifications": at(HOUR - 91)}), "deliver_notifications last ran at"),
        (facts(last_runs={"review_alerts": at(HOUR)}), "deliver_notifications has never run"),
        (facts(last_runs={}, created_at=at(HOUR - 80)), None),
        (facts(overdue={"telegram": 2}), "2 messages to telegram should have been sent"),
        (facts(refused=("telegram",)), "telegram permanently rejected a message"),
        (facts(stalled={"ops": at(HOUR - 181)}), f"ops has taken nothing since {as_text(at(HOUR - 181))}"),
        (facts(stalled={"ops": at(HOUR - 179)}), None),
        # The machine slept meanwhile.
        (facts(stalled={"ops": at(0)}, since=at(HOUR - 179)), None),
        # One reason is enough.
        (facts(stalled={"ops": at(0)}, refused=("ops",)), "ops permanently rejected a message"),
        (facts(stalled={"ops": at(0)}, overdue={"ops": 2}), "2 messages to ops should have been sent"),
        (facts(channels=["console"]), None),
        # An agent may yet come, or a check. After three intervals people know.
        (facts(never_checked=[group("shop", made_at=at(HOUR - 101))]), None),
        (facts(never_checked=[group("shop", made_at=at(HOUR - 103))]), "shop has never been checked"),
        (facts(never_checked=[group("a"), group("b")]), "a and 1 more have never been checked"),
        (facts(never_checked=[group("shop")], since=at(HOUR - 60)), None),
        (facts(never_checked=[group("shop")], since=at(HOUR - 110)), "shop has never been checked"),
        (facts(never_checked=[group("shop")], since=at(HOUR - 5), started_at=at(HOUR - 5)), None),
        (
            facts(never_checked=[group("shop", locations=["seol"])]),
            "no agent at seol has ever reported, so nobody checks shop",
        ),
        # It was checked, until somebody changed its locations.
        # The agent tries, and cannot check it: since the policy was made, or since its state was known last.
        (facts(unable=[unable("shop", made=HOUR - 103)]), "shop cannot be checked: the agent's environment has no X"),
        (facts(unable=[unable("a"), unable("b")]), "a and 1 more cannot be checked: the agent's environment has no X"),
        (facts(unable=[unable("shop", made=HOUR - 101)]), None),
        (facts(unable=[unable("shop")], since=at(HOUR - 60)), None),
        # It tries no longer.
        (facts(unable=[unable("shop", checked=HOUR - 103)]), None),
        (facts(placed=[group("shop", locations=["seol"], checked_at=at(HOUR - 100))]), None),
        (
            facts(placed=[group("shop", count=3, locations=["seol", "busn"], checked_at=at(HOUR - 103))]),
            "no agent at seol or busn has ever reported, so nobody checks shop and 2 more",
        ),
        (facts(placed=[group("shop", locations=["seol", "seoul"], checked_at=at(HOUR - 103))]), None),
        (facts(placed=[group("shop", locations=["tokyo"], checked_at=at(0))], claiming=["tokyo"]), None),
        (facts(placed=[group("shop", quorum=2)]), "shop can have no outage: the quorum is 2, and agents are at 1"),
        (facts(placed=[group("shop", quorum=2)], claiming=["tokyo"]), None),
        (
            facts(placed=[group("shop", quorum=2, locations=["seoul", "seol"])], claiming=["tokyo"]),
            "shop can have no outage: the quorum is 2, and agents are at 1",
        ),
        (facts(placed=[group("shop", quorum=2)], since=at(HOUR - 60)), None),
    ],
)
def test_what_might_not_be_notified_has_a_reason(known: HealthFacts, reason: str | None) -> None:
    health = judge_health(known, at(HOUR), patience=PATIENCE)
    assert len(health.reasons) == (0 if reason is None else 1), health.reasons
    assert health.reasons == () or health.reasons[0].startswith(str(reason))
    assert health.is_notified


SILENT = (agent(0),)
OLD = at(HOUR - 300)
STUCK: dict[str, Any] = {"overdue": {"telegram": 1}, "stalled": {"telegram": OLD}}


@pytest.mark.parametrize(
    ("known", "is_notified"),
    [
        # Nobody checks, and nobody notices that.
        (facts(agents=SILENT, last_runs=RUNS | {"review_alerts": OLD}), False),
        (facts(agents=SILENT), True),
        (facts(last_runs=RUNS | {"review_alerts": OLD}), True),
        # Messages wait, and nobody sends them.
        (facts(overdue={"telegram": 1}, last_runs=RUNS | {"deliver_notifications": OLD}), False),
        (facts(overdue={"telegram": 1}, failing={"deliver_notifications": OLD}), False),
        (facts(overdue={"telegram": 1}, failing={"review_alerts": OLD}), True),
        # On every channel that is on, or only on one of them.
        (facts(**STUCK, channels=["telegram"]), False),
        (facts(**STUCK, channels=["telegram", "ops"], refused=("ops",)), False),
        (facts(**STUCK, channels=["telegram", "ops"]), True),
        # It took another message lately: one alone is late.
        (facts(overdue={"telegram": 1}, stalled={"telegram": at(HOUR - 179)}, channels=["telegram"]), True),
        # The system has just started: they go out in a moment.
        (facts(**STUCK, channels=["telegram"], since=at(HOUR - 179)), True),
        (facts(**STUCK, channels=["telegram"], since=at(HOUR - 181)), False),
        # Nobody has said yet which channels are on.
        (facts(refused=("telegram",)), True),
        (facts(channels=[]), False),
        (facts(channels=["console", "telegram"], refused=("telegram",)), True),
        (facts(channels=["telegram"], refused=("telegram",)), False),
        (facts(channels=["ops", "console"], stalled={"ops": at(0)}), True),
        (facts(channels=["ops", "mail"], stalled={"ops": at(0)}, refused=("mail",)), False),
        # One that is not on any more refused too.
        (facts(channels=["ops"], refused=("ops", "old")), False),
        (facts(channels=["ops"], refused=("old",)), True),
        # An event still sends its messages at once.
        (facts(last_runs=RUNS | {"deliver_notifications": OLD}), True),
    ],
)
def test_nobody_is_notified_if_a_link_is_missing(known: HealthFacts, is_notified: bool) -> None:
    health = judge_health(known, at(HOUR), patience=PATIENCE)
    assert health.reasons
    assert health.is_notified is is_notified


@pytest.mark.parametrize(
    ("count", "last"), [(3, "ch-2 has taken"), (4, "1 more channel has"), (30, "27 more channels have taken nothing")]
)
def test_few_of_the_channels_that_take_nothing_are_named(count: int, last: str) -> None:
    known = facts(stalled={f"ch-{number}": at(number) for number in range(count)})
    reasons = judge_health(known, at(HOUR), patience=PATIENCE).reasons
    assert reasons[-1].startswith(last)
    assert len(reasons) == min(count, 4)


@pytest.mark.parametrize(("seconds", "is_missing"), [(1, False), (100, False), (103, True)])
def test_an_agent_of_ours_that_never_reports_is_missed(seconds: float, is_missing: bool) -> None:
    fresh = facts(agents=(), since=at(HOUR), created_at=at(0), last_runs=dict.fromkeys(RUNS, at(HOUR + seconds)))
    health = judge_health(fresh, at(HOUR + seconds), patience=PATIENCE, expected=SEOUL)
    assert health.reasons == (("agent seoul has never reported",) if is_missing else ())


def test_a_clouds_scheduler_may_be_late() -> None:
    late = facts(agents=(agent(HOUR - 150),))
    assert judge_health(late, at(HOUR), patience=PATIENCE).reasons
    assert not judge_health(late, at(HOUR), patience=patience(10, is_in_cloud=True)).reasons


def test_patience_grows_with_the_checks_timeout() -> None:
    assert patience(120, is_in_cloud=False) - PATIENCE == timedelta(seconds=110)


def test_our_own_agent_is_expected_whatever_was_resolved() -> None:
    given_up = facts(agents=(agent(0, is_silent=True),))
    assert judge_health(given_up, at(HOUR), patience=PATIENCE, expected=SEOUL).reasons
    assert not judge_health(given_up, at(HOUR), patience=PATIENCE, expected=Expected("busan", 4000)).reasons


@pytest.mark.parametrize(("seconds", "is_silent"), [(40, False), (50, True)])
def test_a_start_takes_its_time(seconds: float, is_silent: bool) -> None:
    # It checks once a second, and has not reported since the system started.
    quick = (agent(HOUR - 60, interval=1),)
    started = facts(agents=quick, since=at(HOUR), started_at=at(HOUR), last_runs=dict.fromkeys(RUNS, at(HOUR)))
    assert bool(judge_health(started, at(HOUR + seconds), patience=PATIENCE).reasons) is is_silent
