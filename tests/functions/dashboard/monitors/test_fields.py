"""Each setting that a message tells people to change has a field, under the name that the message says."""

import pytest

from shared.monitors.policy import MAX_BODY_BYTES, Policy
from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser
from tests.functions.dashboard.made import new, stored, text
from tests.functions.dashboard.monitors.filled import filled


@pytest.mark.parametrize("language", ["en", "ko"])
def test_more_of_an_answer_can_be_read(signed_in: Browser, api: Api, language: str) -> None:
    new(signed_in, keyword="ready", max_body=str(MAX_BODY_BYTES))
    assert stored(api)["max_body"] == MAX_BODY_BYTES
    new(signed_in, name="other", keyword="ready", max_body="")
    default = stored(api, 2)["max_body"]
    assert default == Policy.model_fields["max_body"].default
    signed_in.headers["Accept-Language"] = language
    page = text(signed_in.page("/dashboard/monitors/new"))
    assert "max_body" in page
    assert str(default) in page


@pytest.mark.parametrize("other", ["X-A", "x-a"])
def test_a_header_that_stands_twice_is_refused(signed_in: Browser, api: Api, other: str) -> None:
    response = new(signed_in, headers=f"X-A: 1\nX-B: 1\n{other}: 2")
    assert response.status_code == 422
    assert "X-A stands here twice" in text(response.text)
    assert "X-A: 1" in response.text
    assert api.get("/monitors")["monitors"] == []


def test_a_name_with_a_comma_can_be_depended_on(signed_in: Browser, api: Api) -> None:
    for name in ("has, comma", "db", '"quoted"'):
        new(signed_in, name=name)
    typed = '"has, comma", db ,"""quoted""",'
    new(signed_in, name="shop", depends_on=typed)
    assert stored(api, 4)["depends_on"] == ["has, comma", "db", '"quoted"']
    [shown] = filled(signed_in.page("/dashboard/monitors/4/edit"))["depends_on"]
    assert shown == '"has, comma", db, """quoted"""'
