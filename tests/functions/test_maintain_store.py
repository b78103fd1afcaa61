"""POST /maintain_store."""

from datetime import timedelta

import pytest

from functions.maintain_store import main as maintain_store
from shared.models import as_text, now
from tests.functions.api import SUCCESS, Api, on_each_engine

pytestmark = pytest.mark.slow

DAYS = timedelta(days=800)


@on_each_engine
def test_a_clock_that_is_ahead_deletes_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    began = now()

    def run(after: timedelta) -> dict[str, int]:
        monkeypatch.setattr(maintain_store, "now", lambda: began + after)
        found: dict[str, int] = api.call("POST", "/maintain_store").json or {}
        return found

    assert run(timedelta()) == {"folded": 0, "pruned": 0, "moved": 0}
    for seconds in range(3):
        api.post(SUCCESS | {"timestamp": as_text(began + timedelta(seconds=seconds))})
    assert run(DAYS) == {"folded": 0, "pruned": 0, "moved": 0}
    counted = run(DAYS + timedelta(hours=1))
    assert counted["folded"] == 3
    assert counted["pruned"] > 0
