"""A form that is sent twice, as by a second press of its button, does its thing once."""

from typing import Any

import pytest

from shared.store import Store
from tests.functions.api import FAILURE, Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import URL, new, stored
from tests.functions.dashboard.monitors.filled import filled

pytestmark = pytest.mark.slow


def pressed_twice(browser: Browser, path: str, **fields: Any) -> list[str]:
    """The addresses that both presses lead to."""
    token = browser.token()
    return [location(browser.post(path, csrf=token, **fields)) for _ in range(2)]


def test_one_incident_is_made(signed_in: Browser, api: Api) -> None:
    fields = {"title": "Slow", "text": "We look.", "state": "investigating"}
    assert pressed_twice(signed_in, "/dashboard/incidents", **fields) == ["/dashboard/incidents"] * 2
    assert len(api.get("/incidents")["incidents"]) == 1
    signed_in.send("/dashboard/incidents", **fields)
    assert len(api.get("/incidents")["incidents"]) == 2


def test_one_note_is_added_to_each_alert(signed_in: Browser, api: Api, store: Store) -> None:
    for monitor in ("shop", "db"):
        api.post(FAILURE | {"monitor": monitor})
    token = signed_in.token()
    for number in (1, 1, 2):
        signed_in.post(f"/dashboard/alerts/{number}", csrf=token, status="ACK", note="I look.")
    assert [len(store.alerts.notes(number)) for number in (1, 2)] == [1, 1]


def test_one_window_is_made(signed_in: Browser, api: Api) -> None:
    times = {"starts_at": "2099-01-08T10:30", "ends_at": "2099-01-08T11:30"}
    pressed_twice(signed_in, "/dashboard/windows", kind="silence", about="all", **times)
    pressed_twice(signed_in, "/dashboard/windows", kind="maintenance", about="all", duration="1h")
    assert [each["kind"] for each in api.get("/windows")["windows"]] == ["maintenance", "silence"]


def test_one_monitor_is_made(signed_in: Browser, api: Api) -> None:
    fields = {"kind": "http", "url": URL, "interval": "30s", "name": "shop", "save": "1"}
    assert pressed_twice(signed_in, "/dashboard/monitors/new", **fields) == ["/dashboard/monitors/1"] * 2
    assert len(api.get("/monitors")["monitors"]) == 1


def test_the_first_monitor_is_made_once(signed_in: Browser, api: Api) -> None:
    assert pressed_twice(signed_in, "/dashboard/monitors/new", first="1", url=URL) == ["/dashboard"] * 2
    assert len(api.get("/monitors")["monitors"]) == 1


def test_a_monitor_is_changed_once(signed_in: Browser, api: Api) -> None:
    new(signed_in, name="shop", bearer_token="")
    path = "/dashboard/monitors/1/edit"
    sent = filled(signed_in.page(path)) | {"interval": ["60s"], "bearer_token": ["t0ken"], "save": ["1"]}
    assert pressed_twice(signed_in, path, **sent) == ["/dashboard/monitors/1"] * 2
    assert stored(api)["interval"] == "1m"


def test_a_silence_of_the_same_is_prolonged(signed_in: Browser, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    new(signed_in, name="shop")
    signed_in.send("/dashboard/monitors/1", do="silence")
    [before] = api.get("/windows")["windows"]
    for length, title in (("2h", "Cables"), ("8h", ""), ("1h", "")):
        signed_in.send("/dashboard/windows", kind="silence", about="monitors:shop", duration=length, title=title)
    [after] = api.get("/windows")["windows"]
    assert (after["title"], after["duration"]) == ("Cables", None)
    logged = [record.message for record in caplog.records if record.message.startswith("window_")]
    assert logged == ["window_created", *["window_changed"] * 3]
    assert before["starts_at"] == after["starts_at"]
    assert before["ends_at"] < after["ends_at"]
    signed_in.send("/dashboard/windows", kind="silence", about="all", duration="1h")
    assert len(api.get("/windows")["windows"]) == 2
