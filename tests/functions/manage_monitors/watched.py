"""Monitors as the tests make, change and look at them over HTTP."""

from typing import Any

from werkzeug.test import TestResponse

from tests.functions.api import FAILURE, Api

SHOP: dict[str, Any] = {"name": "shop", "url": "https://shop.example.com/", "interval": "30s"}
SECRET = "s3cret-of-the-shop"  # not one of ours


def made(api: Api, **fields: Any) -> dict[str, Any]:
    """A new monitor."""
    response = api.call("POST", "/monitors", SHOP | fields)
    assert response.status_code == 201, response.text
    return answer(response)


def changed(api: Api, monitor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The monitor after a PATCH."""
    response = api.call("PATCH", f"/monitors/{monitor['id']}", fields)
    assert response.status_code == 200, response.text
    return answer(response)


def applied(api: Api, *policies: dict[str, Any], query: str = "", **rest: Any) -> dict[str, Any]:
    """The changes that a configuration of these policies makes."""
    response = api.call("PUT", f"/config{query}", {"monitors": list(policies), **rest})
    assert response.status_code == 200, response.text
    return answer(response)


def names(api: Api, query: str = "") -> list[str]:
    """The names of the monitors that are listed."""
    return [monitor["name"] for monitor in api.get(f"/monitors{query}")["monitors"]]


def failed(api: Api, name: str = "shop") -> None:
    """The monitor's check fails: an outage begins."""
    assert answer(api.post(FAILURE | {"monitor": name}))["change"] == "OPENED"


def recoveries(api: Api) -> list[dict[str, Any]]:
    """The RECOVERY notifications of every alert."""
    found = [api.get(f"/alerts/{alert['id']}") for alert in api.get("/alerts")["alerts"]]
    return [owed for alert in found for owed in alert["notifications"] if owed["kind"] == "RECOVERY"]


def answer(response: TestResponse) -> dict[str, Any]:
    """The JSON object of a response."""
    assert isinstance(response.json, dict), response.text
    return response.json


def refused(response: TestResponse, status: int = 400) -> dict[str, Any]:
    """The problem of a response. It shows no secret."""
    assert (response.status_code, response.mimetype) == (status, "application/problem+json"), response.text
    assert SECRET not in response.text
    return answer(response)
