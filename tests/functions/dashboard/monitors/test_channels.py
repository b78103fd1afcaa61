"""The channels in a monitor's form: a save keeps whatever is chosen, also what is not configured."""

import json
import re
from collections.abc import Callable, Sequence
from html import unescape

import pytest

from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser
from tests.functions.dashboard.made import URL, new, stored

pytestmark = pytest.mark.slow

EDIT = "/dashboard/monitors/1/edit"
ALL = ["console", "ops", "mail"]


@pytest.fixture(autouse=True)
def channels(environ: Callable[..., None]) -> None:
    hook = {"kind": "webhook", "url": "https://hook.example/"}
    environ(CHANNELS=json.dumps({"ops": hook, "mail": hook}))


def boxes(page: str) -> dict[str, str]:
    """The label of each box for a channel that is checked."""
    found = re.findall(r'name="channels" value="([^"]*)" checked>(.*?)</label>', page)
    return {unescape(name): unescape(re.sub("<[^>]*>", "", label)) for name, label in found}


@pytest.mark.parametrize(
    "chosen",
    [
        ["kind:webhook"],
        ["kind:slack"],
        ["off-now"],
        ["ops", "off-now", "kind:slack"],
        [*ALL, "off-now"],
        [*ALL, "kind:webhook"],
        ["ops"],
        [],
    ],
)
def test_a_save_keeps_the_channels(signed_in: Browser, api: Api, chosen: Sequence[str]) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "channels": chosen})
    for path in (EDIT, "/dashboard/monitors/new?from=1"):
        assert sorted(boxes(signed_in.page(path))) == sorted(chosen), path
    sent = list(boxes(signed_in.page(EDIT)))
    fields = {"name": "shop", "url": URL, "interval": "1m", "has_channels": "1", "channels": sent}
    assert signed_in.send(EDIT, **fields).status_code == 303
    assert sorted(stored(api)["channels"]) == sorted(chosen)


def test_exactly_all_channels_are_those_that_come_later_too(signed_in: Browser, api: Api) -> None:
    new(signed_in, has_channels="1", channels=ALL)
    assert stored(api)["channels"] is None
    assert list(boxes(signed_in.page(EDIT))) == ALL


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("en", ["Every channel of kind webhook", "Every channel of kind slack (not configured now)"]),
        ("ko", ["종류가 webhook인 모든 채널", "종류가 slack인 모든 채널 (지금은 설정되어 있지 않음)"]),
    ],
)
def test_a_box_says_what_is_not_configured(signed_in: Browser, api: Api, language: str, labels: list[str]) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "channels": ["kind:webhook", "kind:slack", "<off>"]})
    signed_in.headers["Accept-Language"] = language
    found = list(boxes(signed_in.page(EDIT)).values())
    assert found[:2] == labels
    assert found[2].startswith("<off> (")


def test_a_mistake_keeps_what_was_chosen(signed_in: Browser, api: Api) -> None:
    response = new(signed_in, interval="soon", has_channels="1", channels=["ops", "kind:webhook"])
    assert response.status_code == 422
    assert list(boxes(response.text)) == ["ops", "kind:webhook"]
