"""An update of an incident that somebody else changed meanwhile: nothing is published, and the text is kept."""

import re

import pytest

from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser, location

pytestmark = pytest.mark.slow

_PATH = "/dashboard/incidents"


@pytest.fixture
def resolved(signed_in: Browser) -> Browser:
    """Somebody resolved the incident after an old tab showed it with one update."""
    signed_in.send(_PATH, title="Slow", text="We look.", state="investigating")
    assert 'name="updates" value="1"' in signed_in.page(_PATH)
    signed_in.send(_PATH, incident=1, updates=1, text="It works again.", state="resolved")
    return signed_in


def test_an_old_tab_does_not_reopen_it(resolved: Browser, api: Api) -> None:
    response = resolved.send(_PATH, incident=1, updates=1, text="Still looking.", state="investigating")
    assert response.status_code == 409
    assert "Somebody else was faster" in response.text
    assert response.text.count("Still looking.") == 1
    assert '<option value="resolved" selected>' in response.text
    assert api.get("/incidents/1")["state"] == "resolved"


@pytest.mark.parametrize(("updates", "length", "status"), [(1, 10, 409), (2, 10_001, 422)])
@pytest.mark.parametrize(
    ("was", "sent", "kept"),
    [("investigating", "investigating", "resolved"), ("investigating", "monitoring", "monitoring")],
)
def test_only_a_state_that_was_chosen_is_kept(
    resolved: Browser, updates: int, length: int, status: int, was: str, sent: str, kept: str
) -> None:
    response = resolved.send(_PATH, incident=1, updates=updates, text="x" * length, was=was, state=sent)
    assert response.status_code == status
    form = response.text.partition('name="incident" value="1"')[2].partition("</form>")[0]
    assert re.findall(r'<option value="(\w+)" selected', form) == [kept]
    assert 'name="was" value="resolved"' in form


def test_it_can_be_published_after_all(resolved: Browser, api: Api) -> None:
    assert location(resolved.send(_PATH, incident=1, updates=2, text="Again.", state="investigating")) == _PATH
    assert api.get("/incidents/1")["state"] == "investigating"


def test_a_second_press_publishes_it_once(resolved: Browser, api: Api) -> None:
    token = resolved.token()
    for _ in range(2):
        sent = resolved.post(_PATH, csrf=token, incident=1, updates=2, text="Again.", state="monitoring")
        assert location(sent) == _PATH
    assert len(api.get("/incidents/1")["updates"]) == 3


def test_an_update_that_is_too_long_stays_in_its_form(signed_in: Browser) -> None:
    signed_in.send(_PATH, title="Slow", text="We look.", state="investigating")
    response = signed_in.send(_PATH, incident=1, updates=1, text="x" * 10_001, state="monitoring")
    assert response.status_code == 422
    assert (
        'id="text" name="text" rows="4" maxlength="10000" required dir="auto" aria-describedby="text-h">\n</text'
        in (response.text)
    )
