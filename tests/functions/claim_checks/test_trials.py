"""Trials: a policy that is not saved is given to one agent at a time, and its first result is kept."""

from datetime import timedelta
from typing import Any

import pytest

from shared.models import Event, now
from shared.monitors.conditions.trial import JudgedCondition, TrialResult
from shared.monitors.policy import Policy
from shared.settings import Settings
from shared.store import Store, TrialNotFound, open_store
from tests.functions.api import SUCCESS, Api, on_each_engine

POLICY = Policy(name="shop", url="https://shop.example/", bearer_token="${MONITOR_TOKEN}", timeout=2)
RESULT = TrialResult(
    event=Event.model_validate({**SUCCESS, "timestamp": now()}),
    conditions=(JudgedCondition(condition="[STATUS] == 200", is_met=True, shown="[STATUS] (200) == 200"),),
)


def store() -> Store:
    return open_store(Settings.from_env())


def begun(policy: Policy = POLICY) -> int:
    return store().visits.trials.begin(policy, monitor_id=None, now=now())


def claimed(api: Api, **asked: Any) -> list[Any]:
    response = api.call("POST", "/checks/claim", {"agent": "a", "seconds": 1, **asked})
    assert response.status_code == 200, response.text
    trials: list[Any] = (response.json or {})["trials"]
    return trials


def report(api: Api, number: object, **changes: Any) -> int:
    body = RESULT.model_copy(update=changes).model_dump_json().encode()
    return api.call("POST", f"/checks/trials/{number}", body).status_code


def result_of(number: int) -> TrialResult:
    text = store().visits.trials.get(number, now=now()).result
    assert text is not None
    return TrialResult.model_validate_json(text)


@on_each_engine
def test_a_trial_is_given_to_one_agent_and_its_result_kept(api: Api) -> None:
    number = begun()
    [given] = claimed(api)
    assert given["id"] == number
    # The agent alone knows what the placeholder stands for.
    assert (given["policy"]["name"], given["policy"]["bearer_token"]) == ("shop", "${MONITOR_TOKEN}")
    assert claimed(api, agent="b", location="busan") == []
    assert store().visits.trials.get(number, now=now()).is_given
    assert report(api, number) == 204
    assert report(api, number, answer="too late") == 204
    assert result_of(number) == RESULT
    assert claimed(api) == []
    # It was no check: nothing is stored of it.
    assert (api.get("/monitors")["monitors"], api.get("/alerts")["alerts"]) == ([], [])


@on_each_engine
def test_a_trial_without_a_result_is_given_three_times(api: Api) -> None:
    """An agent that dies does not end it, and one that it kills each time is spared in the end."""
    checks, at = store().checks, now()
    number = begun()
    for _ in range(3):
        assert [row["id"] for row in checks.claim("a", now=at, seconds=1).trials] == [number]
        assert checks.claim("b", now=at + timedelta(seconds=16), seconds=1).trials == []
        at += timedelta(seconds=18)
    assert checks.claim("a", now=at, seconds=1).trials == []
    assert store().visits.trials.get(number, now=at).is_given_up


def test_a_trial_goes_where_its_policy_is_checked(api: Api) -> None:
    begun(POLICY.model_copy(update={"locations": ("seoul",)}))
    assert claimed(api) == []
    assert len(claimed(api, location="seoul")) == 1


def test_a_trial_is_forgotten_within_an_hour(api: Api) -> None:
    number, later = begun(), now() + timedelta(minutes=61)
    assert store().checks.claim("a", now=later, seconds=1).trials == []
    with pytest.raises(TrialNotFound):
        store().visits.trials.get(number, now=later)
    other = store().visits.trials.begin(POLICY, monitor_id=None, now=later)
    with store().database.snapshot() as snapshot:
        assert [row["id"] for row in snapshot.rows("SELECT id FROM trials")] == [other]
    assert other != number, "a late result of the one would be taken for that of the other"


def test_a_result_that_nobody_waits_for_is_refused(api: Api) -> None:
    assert [report(api, number) for number in (7, "x", "9" * 30)] == [404, 404, 404]
    number = begun()
    assert api.call("POST", f"/checks/trials/{number}", b"{}").status_code == 400
    assert api.call("POST", f"/checks/trials/{number}", b"{}", key=None).status_code == 401


def test_the_upkeep_deletes_old_trials(api: Api) -> None:
    numbers = begun(), begun()
    with store().database.transaction() as transaction:
        transaction.rows("UPDATE trials SET created_at = '2020-01-01T00:00:00.000Z' WHERE id = :id", id=numbers[0])
    assert api.call("POST", "/maintain_store").status_code == 200
    with store().database.snapshot() as snapshot:
        assert [row["id"] for row in snapshot.rows("SELECT id FROM trials")] == [numbers[1]]
