"""PUT /config: the file's monitors become those of the body, all or nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.channels.digest import digest
from tests.functions.api import KEY, Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, applied, changed, failed, made, names, recoveries, refused

pytestmark = pytest.mark.slow

WEB: dict[str, Any] = {"name": "web", "url": "https://web.example.com/", "line": 9}
NIGHT = {"night": [{"after": "5m", "channels": ["console"]}]}


@on_each_engine
def test_a_file_is_applied_and_applied_anew(api: Api) -> None:
    plan = applied(api, SHOP | {"line": 3}, WEB, escalations={}, windows=[])
    assert plan == {
        "version": plan["version"],
        "dry_run": False,
        "added": ["shop", "web"],
        "changed": [],
        "removed": [],
        "unchanged": 0,
        "parts": [],
        "channels": plan["channels"],
        "locations": [],
    }
    again = applied(api, SHOP | {"line": 3}, WEB, escalations={}, windows=[])
    assert (again["unchanged"], again["added"], again["changed"], again["removed"]) == (2, [], [], [])
    changes = applied(api, SHOP | {"interval": "45s", "retries": 2}, {"name": "new", "url": "tcp://new.example:1"})
    assert (changes["added"], changes["removed"], changes["unchanged"]) == (["new"], ["web"], 0)
    assert changes["changed"] == [{"name": "shop", "fields": ["interval", "retries"]}]
    assert names(api, "?source=file") == ["shop", "new"]


@on_each_engine
def test_a_dry_run_changes_nothing(api: Api) -> None:
    applied(api, SHOP)
    failed(api)
    before = api.get("/monitors")
    plan = applied(api, WEB, query="?dry_run=true")
    assert (plan["dry_run"], plan["added"], plan["removed"]) == (True, ["web"], ["shop"])
    after = api.get("/monitors")
    assert [{**each, "next_check_at": None} for each in after["monitors"]] == [
        {**each, "next_check_at": None} for each in before["monitors"]
    ]
    assert recoveries(api) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("dry_run", "dry_run"), ("dry_run=", "dry_run"), ("dry_run=ja", "dry_run"), ("dryrun=1", "dryrun")],
)
def test_a_dry_run_that_is_misspelt_applies_nothing(api: Api, query: str, field: str) -> None:
    applied(api, SHOP)
    assert refused(api.call("PUT", f"/config?{query}", {"monitors": [WEB]}))["field"] == field
    assert names(api, "?source=file") == ["shop"]


@on_each_engine
def test_a_monitor_that_left_the_file_ends_its_outage(api: Api) -> None:
    applied(api, SHOP, WEB)
    failed(api)
    failed(api, "web")
    applied(api, SHOP | {"enabled": False})
    assert sorted(recovery["reason"] for recovery in recoveries(api)) == ["paused", "removed"]
    assert {recovery["status"] for recovery in recoveries(api)} == {"SENT"}
    assert names(api, "?state=PAUSED") == ["shop"]


def test_the_file_owns_its_monitors(api: Api) -> None:
    applied(api, SHOP | {"line": 12})
    [monitor] = api.get("/monitors")["monitors"]
    assert (monitor["source"], monitor["line"]) == ("file", 12)
    path = f"/monitors/{monitor['id']}"
    for method, body in (("PUT", SHOP), ("PATCH", {"enabled": False}), ("DELETE", None)):
        found = refused(api.call(method, path, body), 409)
        assert (found["source"], found["detail"]) == (
            "file",
            "'shop' stands in the configuration's file in line 12: change it there, "
            "or apply an empty file if that one is gone",
        )
    assert refused(api.call("POST", "/monitors", SHOP), 409)["field"] == "name"
    assert api.call("POST", f"{path}/check").status_code == 202


def test_what_others_own_says_where_it_is_changed(api: Api) -> None:
    failed(api, "reported")
    api.call("POST", "/checks/claim", {"agent": "a", "targets": ["http://target.example/"]})
    for source, words in (("report", "is watched by somebody else"), ("env", "is watched by TARGET_URL")):
        [monitor] = api.get(f"/monitors?source={source}")["monitors"]
        assert monitor["policy"] is None
        found = refused(api.call("PATCH", f"/monitors/{monitor['id']}", {"enabled": False}), 409)
        assert (found["source"], words in found["detail"]) == (source, True)
    [reported] = api.get("/monitors?source=report")["monitors"]
    assert api.call("DELETE", f"/monitors/{reported['id']}").status_code == 204, "it comes back with its next event"


def test_the_file_takes_over_what_has_its_name(api: Api) -> None:
    monitor = made(api, retries=1)
    assert applied(api, SHOP)["changed"] == [{"name": "shop", "fields": ["retries", "source"]}]
    [taken] = api.get("/monitors")["monitors"]
    assert (taken["id"], taken["source"]) == (monitor["id"], "file")


def test_an_answer_has_a_digest_of_the_channels(api: Api, environ: Callable[..., None]) -> None:
    """By it `apply` sees whether the file's are those that run, and nobody sees their secrets."""
    ops = {"ops": {"kind": "slack", "webhook_url": "https://hooks.example/s3cret-of-the-shop"}}
    assert applied(api, SHOP)["channels"] == digest(KEY, {}) != digest(KEY, {}, ops)
    environ(CHANNELS=json.dumps(ops))
    for query in ("?dry_run=true", ""):
        assert applied(api, SHOP, query=query)["channels"] == digest(KEY, {}, ops)
    assert digest(KEY[::-1], {}, ops) != digest(KEY, {}, ops)


def test_a_circle_with_a_monitor_of_the_api_is_refused(api: Api) -> None:
    applied(api, SHOP, WEB | {"group": "Net"})
    made(api, name="probe", group="Net", depends_on=["shop"])
    body = {"monitors": [SHOP | {"depends_on": ["Net"]}, WEB | {"group": "Net"}]}
    for query in ("?dry_run=true", ""):
        found = refused(api.call("PUT", f"/config{query}", body))
        assert found["field"] == "depends_on"
        assert all(name in found["detail"] for name in ("shop", "Net", "probe")), found["detail"]
    [shop] = api.get("/monitors?name=shop")["monitors"]
    assert shop["policy"]["depends_on"] == []


@on_each_engine
def test_an_escalation_that_a_monitor_of_the_api_has_stays(api: Api) -> None:
    applied(api, SHOP | {"escalation": "night"}, escalations=NIGHT)
    probe, zone = (made(api, name=name, escalation="night") for name in ("probe", "Zone"))
    for query in ("?dry_run=true", ""):
        found = refused(api.call("PUT", f"/config{query}", {"monitors": [WEB]}))
        assert (found["field"], found["value"]) == ("escalations", "'night'")
        assert "'probe', 'Zone' made through the API would be without it" in found["detail"]
    assert names(api) == ["shop", "probe", "Zone"]
    changed(api, probe, escalation=None)
    changed(api, zone, escalation=None)
    assert applied(api, WEB)["removed"] == ["shop"]
    refused(api.call("PATCH", f"/monitors/{probe['id']}", {"escalation": "night"}))
    assert applied(api, escalations=None)["removed"] == ["web"]


@pytest.mark.parametrize(
    ("escalations", "field", "value"),
    [
        ([1], "escalations", "[1]"),
        ({"night": 5}, "escalations.night", "5"),
        ({"night": [5]}, "escalations.night.0", "5"),
        ({"night": [{"channels": ["ops"]}]}, "escalations.night.0.after", None),
        ({"night": [{"after": "soon", "channels": ["ops"]}]}, "escalations.night.0.after", "'soon'"),
        ({"night": [{"after": "5m", "channels": ["ops"], "repeat": []}]}, "escalations.night.0.repeat", "[]"),
        ({"night": [{"after": "5m", "chanels": 7, "channels": []}]}, "escalations.night.0.chanels", "7"),
        ({"night": [{"after": "5m", "channels": ["ops"]}] * 101}, "escalations.night", None),
        ({str(number): [] for number in range(1001)}, "escalations", None),
    ],
)
def test_a_wrong_escalation_is_refused(api: Api, escalations: Any, field: str, value: str | None) -> None:
    found = refused(api.call("PUT", "/config", {"monitors": [SHOP], "escalations": escalations}))
    assert found["field"] == field
    assert value is None or found["value"] == value
    assert names(api) == []


def test_an_escalation_that_there_is_not_is_refused(api: Api) -> None:
    applied(api, escalations=NIGHT)
    for response in (
        api.call("POST", "/monitors", SHOP | {"escalation": "nigth"}),
        api.call("PATCH", f"/monitors/{made(api)['id']}", {"escalation": "nigth"}),
        api.call("PUT", "/monitors/1", SHOP | {"escalation": "nigth"}),
    ):
        found = refused(response)
        assert (found["field"], found["value"]) == ("escalation", "'nigth'")
        assert found["detail"] == "escalation: expected the name of an escalation in the file; found 'nigth'"
    assert changed(api, {"id": 1}, escalation="night")["policy"]["escalation"] == "night"


@on_each_engine
def test_an_outage_keeps_its_alert_through_a_change(api: Api) -> None:
    monitor = made(api)
    failed(api)
    alert = api.get(f"/monitors/{monitor['id']}")["active_alert"]
    found = changed(api, monitor, url="http://elsewhere.example/", failure_threshold=5)
    assert (found["state"], found["active_alert"]) == ("DOWN", alert)
    assert recoveries(api) == []
