"""Two people change other fields of the same thing at once: neither change is lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, made

pytestmark = pytest.mark.slow

ROUNDS = 12


def change_at_once(api: Api, path: str, *changes: dict[str, Any]) -> None:
    with ThreadPoolExecutor(len(changes)) as people:
        responses = list(people.map(lambda fields: api.call("PATCH", path, fields), changes))
    assert [response.status_code for response in responses] == [200] * len(changes)


@on_each_engine
def test_no_change_of_a_monitor_is_lost(api: Api) -> None:
    made(api)
    for number in range(2, ROUNDS):
        wanted = {"failure_threshold": number, "success_threshold": number, "retries": number}
        change_at_once(api, "/monitors/1", *({name: value} for name, value in wanted.items()))
        policy = api.get("/monitors/1")["policy"]
        assert {name: policy[name] for name in wanted} == wanted


@on_each_engine
def test_no_change_of_a_window_is_lost(api: Api) -> None:
    made(api, **SHOP)
    window = {"kind": "silence", "monitors": ["shop"], "duration": "1h", "title": "0", "by": "0"}
    assert api.call("POST", "/windows", window).status_code == 201
    for number in range(2, ROUNDS):
        wanted = {"title": str(number), "by": str(number), "duration": f"{number}h"}
        change_at_once(api, "/windows/1", *({name: value} for name, value in wanted.items()))
        stored = api.get("/windows/1")
        assert {name: stored[name] for name in wanted} == wanted
