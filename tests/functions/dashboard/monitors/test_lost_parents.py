"""A monitor whose parent was removed: nothing stands in its way, and the pages say what is gone."""

import pytest

from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import new, stored, text
from tests.functions.dashboard.monitors.filled import filled

pytestmark = pytest.mark.slow

_PAGE = "/dashboard/monitors/2"


def test_it_can_be_paused_and_changed(signed_in: Browser, api: Api) -> None:
    new(signed_in, name="db")
    new(signed_in, name="shop", depends_on="db")
    assert "1 monitor depends on it: shop." in text(signed_in.page("/dashboard/monitors/1"))
    signed_in.send("/dashboard/monitors/1", do="remove")
    for action in ("pause", "resume"):
        assert location(signed_in.send(_PAGE, do=action)) == _PAGE
    page = signed_in.page(f"{_PAGE}/edit")
    assert "no monitor and no group named “db”" in page
    sent = filled(page) | {"interval": ["60s"]}
    refused = signed_in.send(f"{_PAGE}/edit", **sent | {"depends_on": ["db, cache"]})
    assert "named “cache”" in refused.text
    assert location(signed_in.send(f"{_PAGE}/edit", **sent)) == _PAGE
    assert (stored(api, 2)["depends_on"], stored(api, 2)["interval"]) == (["db"], "1m")
    assert api.call("PATCH", "/monitors/2", {"enabled": False}).status_code == 200


def test_a_paused_parent_is_not_lost(signed_in: Browser) -> None:
    new(signed_in, name="db")
    new(signed_in, name="shop", depends_on="db")
    signed_in.send("/dashboard/monitors/1", do="pause")
    assert "no monitor and no group" not in signed_in.page(f"{_PAGE}/edit")
