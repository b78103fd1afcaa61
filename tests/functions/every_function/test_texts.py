"""Texts in any script go in and out of the API unchanged, or are refused."""

import json
from urllib.parse import urlencode

import pytest

from tests.functions.api import FAILURE, Api, on_each_engine


@on_each_engine
@pytest.mark.parametrize("text", ["한글 🔥 ' \" \\ %% %s :name ; -- \n"])
def test_any_text_comes_back_unchanged(api: Api, text: str) -> None:
    fields = ("target_url", "monitor", "error_message", "location")
    assert api.post(FAILURE | dict.fromkeys(fields, text)).status_code == 201
    [alert] = api.get("/alerts")["alerts"]
    assert (alert["subject"], alert["target_url"], alert["cause"]) == (text, text, text)
    assert [alert["id"] for alert in api.get(f"/alerts?{urlencode({'monitor': text})}")["alerts"]] == [1]
    moved = api.patch(1, status="ACK", by=text).json
    assert moved is not None
    assert moved["acknowledged_by"] == text


@pytest.mark.parametrize("text", ["nul \x00 inside", "half \ud800 a character"], ids=["NUL", "half a character"])
def test_text_that_one_engine_cannot_keep_is_refused_by_all(api: Api, text: str) -> None:
    for name in ("target_url", "monitor", "error_message", "location", "agent", "event_id"):
        assert api.post(json.dumps(FAILURE | {name: text}).encode()).status_code == 400
    api.post(FAILURE)
    assert api.call("GET", f"/alerts?{urlencode({'monitor': text}, errors='surrogatepass')}").status_code == 400
    assert api.call("PATCH", "/alerts/1", json.dumps({"status": "ACK", "by": text}).encode()).status_code == 400
