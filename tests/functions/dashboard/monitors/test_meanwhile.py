"""Somebody edits a monitor, and somebody else changed it after the form was opened."""

from typing import Any

import pytest

from shared.models import now
from shared.store import PolicyChanged, Store
from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import URL, stored, text
from tests.functions.dashboard.monitors.filled import filled

pytestmark = pytest.mark.slow

EDIT = "/dashboard/monitors/1/edit"
LOGIN = {"username": "u", "password": "oldpw"}
CHANGED = {"basic_auth": {"username": "u2", "password": "newpw"}, "interval": "5m", "keyword": "ready"}


@pytest.fixture
def opened(signed_in: Browser, api: Api) -> dict[str, list[str]]:
    """The form of a monitor, as it was before somebody else changed that."""
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "interval": "30s", "basic_auth": LOGIN})
    form = filled(signed_in.page(EDIT))
    assert api.call("PATCH", "/monitors/1", CHANGED).status_code == 200
    return form


def test_an_old_form_undoes_nothing(signed_in: Browser, api: Api, store: Store, opened: dict[str, list[str]]) -> None:
    """It brought back the interval, and stored the old name with the new password."""
    before = store.monitors.get(1).policy
    response = signed_in.send(EDIT, **opened | {"description": ["mine"]})
    assert response.status_code == 409
    assert store.monitors.get(1).policy == before
    page = text(response.text)
    for said in ("changed after you opened the form", "Stored now: 5m", "Stored now: ready", "Stored now: u2"):
        assert said in page
    assert ">\nmine</textarea>" in response.text
    assert "newpw" not in response.text


def test_a_second_save_replaces_what_it_shows(
    signed_in: Browser, api: Api, store: Store, opened: dict[str, list[str]]
) -> None:
    again = filled(signed_in.send(EDIT, **opened | {"description": ["mine"]}).text)
    again |= {"interval": ["5m"], "basic_auth.username": ["u2"]}
    assert location(signed_in.send(EDIT, **again)) == "/dashboard/monitors/1"
    policy = store.monitors.get(1).policy
    assert policy is not None
    assert policy.basic_auth is not None
    assert (policy.description, policy.interval, policy.keyword) == ("mine", 300, None)
    assert (policy.basic_auth.username, policy.basic_auth.password) == ("u2", "newpw")


def test_it_is_said_in_korean(signed_in: Browser, opened: dict[str, list[str]]) -> None:
    signed_in.headers["Accept-Language"] = "ko"
    page = text(signed_in.send(EDIT, **opened).text)
    assert "이 양식을 연 뒤에 모니터가 바뀌었습니다" in page
    assert "지금 저장된 값: ready" in page


def test_boxes_and_channels_say_what_is_stored(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL})
    form = filled(signed_in.page(EDIT))
    api.call("PATCH", "/monitors/1", {"verify_tls": False, "channels": ["console"]})
    del form["channels"]
    page = text(signed_in.send(EDIT, **form).text)
    assert "Stored now: No" in page
    assert "Stored now: This terminal" in page


def test_what_was_tried_does_not_hide_a_change(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL})
    path = location(signed_in.send(EDIT, **filled(signed_in.page(EDIT)) | {"try": ["1"]})).partition("#")[0]
    api.call("PATCH", "/monitors/1", {"keyword": "ready"})
    response = signed_in.send(EDIT, **filled(signed_in.page(path)))
    assert response.status_code == 409
    assert stored(api)["keyword"] == "ready"


def test_an_old_form_is_not_tried(signed_in: Browser, opened: dict[str, list[str]]) -> None:
    assert signed_in.send(EDIT, **opened | {"try": ["1"]}).status_code == 409


def test_a_change_in_the_same_moment_is_seen(store: Store, api: Api, opened: Any) -> None:
    """The store compares within the transaction that saves."""
    entry = store.monitors.get(1)
    assert entry.policy is not None
    api.call("PATCH", "/monitors/1", {"interval": "1m"})
    with pytest.raises(PolicyChanged):
        store.monitors.replace(1, entry.policy, now=now(), channels={}, version=entry.row["version"])
    assert stored(api)["interval"] == "1m"


def test_channels_that_look_the_same_are_not_said(signed_in: Browser, api: Api) -> None:
    """Every channel has the same boxes as a list of the only one."""
    api.call("POST", "/monitors", {"name": "shop", "url": URL})
    form = filled(signed_in.page(EDIT))
    api.call("PATCH", "/monitors/1", {"channels": ["console"]})
    assert "Stored now" not in signed_in.send(EDIT, **form).text
