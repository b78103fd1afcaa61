"""POST /checks/claim over HTTP: what is due, which policies are new, and what is refused."""

from typing import Any

import pytest

from tests.functions.api import KEY, SUCCESS, Api, on_each_engine
from tests.functions.manage_monitors.watched import SECRET, SHOP, answer, applied, changed, made, refused

pytestmark = pytest.mark.slow


def claimed(api: Api, **asked: Any) -> dict[str, Any]:
    """The answer to a claim."""
    response = api.call("POST", "/checks/claim", {"agent": "a", **asked})
    assert response.status_code == 200, response.text
    return answer(response)


def due(found: dict[str, Any]) -> list[str]:
    return [check["name"] for check in found["checks"]]


def known(found: dict[str, Any]) -> list[str]:
    return [policy["name"] for policy in found["policies"]]


@pytest.mark.slow
@on_each_engine
def test_a_new_monitor_is_due_once_at_each_location(api: Api) -> None:
    made(api, interval="1h", bearer_token=SECRET)
    first = claimed(api, location="seoul", seconds=1)
    assert (due(first), first["is_complete"], first["removed"]) == (["shop"], True, [])
    assert first["now"] <= first["checks"][0]["due_at"] <= first["until"]
    # The agent gets the secret that it needs.
    assert first["policies"][0]["bearer_token"] == SECRET
    again = claimed(api, location="seoul", seconds=1, known=first["version"])
    assert (due(again), again["policies"], again["is_complete"]) == ([], [], False)
    assert due(claimed(api, location="busan", seconds=1)) == ["shop"]
    # A location that does not say where it is has a name too.
    assert [due(claimed(api, location=place, seconds=1)) for place in (None, "default")] == [["shop"], []]


@on_each_engine
def test_an_agent_learns_what_has_changed_and_nothing_else(api: Api) -> None:
    applied(api, SHOP, {"name": "web", "url": "http://web.example/"})
    first = claimed(api)
    assert known(first) == ["shop", "web"]
    monitor = made(api, name="new")
    second = claimed(api, known=first["version"])
    assert (known(second), second["removed"], second["is_complete"]) == (["new"], [], False)
    changed(api, monitor, enabled=False)
    third = claimed(api, known=second["version"])
    assert (known(third), third["removed"]) == ([], ["new"])
    changed(api, monitor, enabled=True)
    applied(api, SHOP)
    fourth = claimed(api, known=third["version"])
    assert (known(fourth), fourth["removed"]) == (["new"], ["web"])
    # An agent of another store, or of one that was restored, begins anew.
    assert claimed(api, known=fourth["version"] + 1)["is_complete"] is True


def test_a_check_that_somebody_wants_is_due_at_once(api: Api) -> None:
    monitor = made(api, interval="1h")
    found = claimed(api, seconds=1)
    api.post(SUCCESS | {"monitor": "shop", "timestamp": found["now"]})
    assert due(claimed(api, seconds=1)) == []
    assert api.call("POST", f"/monitors/{monitor['id']}/check").status_code == 202
    assert [due(claimed(api, seconds=1)) for _ in range(2)] == [["shop"], []]


def test_heartbeats_and_paused_monitors_are_nothing_to_check(api: Api) -> None:
    made(api, name="paused", enabled=False)
    made(api, name="beat", url=None, interval="1m", heartbeat={"period": "1h"})
    found = claimed(api)
    assert (due(found), known(found)) == ([], [])


@on_each_engine
def test_an_agents_own_targets_become_monitors(api: Api) -> None:
    targets = [f"http://kim:{SECRET}@a.example/", "http://b.example/"]
    found = claimed(api, targets=targets, target_interval=7)
    assert sorted(due(found)) == ["http://b.example/", "http://kim:***@a.example/"]
    assert found["policies"] == []
    listed = api.get("/monitors?source=env")["monitors"]
    assert sorted(monitor["name"] for monitor in listed) == sorted(due(found))
    assert SECRET not in str(listed)
    assert due(claimed(api, location="elsewhere")) == []


@on_each_engine
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"agent": None}, "agent"),
        ({"agent": ""}, "agent"),
        ({"agent": 5}, "agent"),
        ({"agent": "x" * 256}, "agent"),
        ({"location": ""}, "location"),
        ({"location": "a\0b"}, "location"),
        ({"location": "x" * 256}, "location"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 3601}, "seconds"),
        ({"seconds": "30"}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"targets": "http://a.example/"}, "targets"),
        ({"targets": {}}, "targets"),
        ({"targets": [5]}, "targets.0"),
        ({"targets": ["a\0b"]}, "targets.0"),
        ({"targets": ["x" * 2049]}, "targets.0"),
        ({"targets": ["가" * 683]}, "targets.0"),
        ({"targets": [f"http://kim:{SECRET}@{number}.example/" for number in range(1001)]}, "targets"),
        ({"target_interval": 0}, "target_interval"),
        ({"target_interval": 1e300}, "target_interval"),
        ({"target_timeout": 0}, "target_timeout"),
        ({"known": -1}, "known"),
        ({"known": 2**63}, "known"),
        ({"known": "1"}, "known"),
        ({"known": 1.5}, "known"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_claim_is_named_and_claims_nothing(api: Api, asked: dict[str, Any], field: str) -> None:
    made(api, interval="1h")
    found = refused(api.call("POST", "/checks/claim", {"agent": "a", **asked}))
    assert found["field"] == field
    assert field in found["detail"]
    assert due(claimed(api, seconds=1)) == ["shop"]


def test_a_missing_name_shows_nothing_of_the_targets(api: Api) -> None:
    found = refused(api.call("POST", "/checks/claim", {"targets": [f"http://kim:{SECRET}@a.example/"]}))
    assert (found["field"], found["value"]) == ("agent", "an object")


@pytest.mark.slow
def test_a_thousand_targets_are_taken(api: Api) -> None:
    assert len(due(claimed(api, targets=[f"http://{number}.example/" for number in range(1000)]))) == 1000


def test_what_a_newer_agent_says_beside_is_ignored(api: Api) -> None:
    assert due(claimed(api, later={"a": 1})) == []


@pytest.mark.parametrize("key", [None, "", "wrong", KEY[:-1]])
def test_a_claim_needs_the_key(api: Api, key: str | None) -> None:
    made(api, bearer_token=SECRET)
    refused(api.call("POST", "/checks/claim", {"agent": "a"}, key=key), 401)


@on_each_engine
def test_an_agent_gets_what_is_checked_where_it_is_and_forgets_the_rest(api: Api) -> None:
    here = made(api, name="here", locations=["seoul"], bearer_token=SECRET)
    made(api, name="there", locations=["busan"], bearer_token=SECRET)
    first = claimed(api, location="seoul")
    assert (known(first), due(first)) == (["here"], ["here"])
    changed(api, here, locations=["busan"])
    second = claimed(api, location="seoul", known=first["version"])
    assert (known(second), second["removed"], due(second)) == ([], ["here"], [])
    # It waits for pings from now on.
    nothing = dict.fromkeys(("url", "interval", "bearer_token", "locations"))
    changed(api, here, **nothing, heartbeat={"period": "1h"})
    assert claimed(api, location="busan", known=second["version"])["removed"] == ["here"]
