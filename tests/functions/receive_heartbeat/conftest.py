"""A heartbeat that nobody has pinged yet, and what its pings leave behind."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.receive_heartbeat import main
from functions.receive_heartbeat.guesses import Guesses
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api
from tests.support.store.steps import rows

TOKEN = "t0k3n-of-the-nightly-backup"


class Job:
    """A heartbeat and the requests of its job, which have no key."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def make(self, name: str = "Nightly backup", token: str = TOKEN, **fields: Any) -> int:
        """Make a heartbeat; its id."""
        beat = {"period": "1h", "grace": "5m", "token": token}
        made = self.api.call("POST", "/monitors", {"name": name, "heartbeat": beat, **fields})
        assert made.status_code == 201, made.text
        return int((made.json or {})["id"])

    def ping(self, path: str, method: str = "GET", **options: Any) -> tuple[int, Any]:
        """A request of the job: the status and the body of its response."""
        response = self.api.call(method, path, key=None, **options)
        return response.status_code, response.json if method != "HEAD" else response.data

    @property
    def events(self) -> list[dict[str, Any]]:
        """The stored fields of each event, oldest first."""
        names = ("is_success", "error_message", "message", "response_time_ms")
        found = rows(open_store(Settings.from_env()), f"SELECT {', '.join(names)} FROM events ORDER BY id")
        return [dict(zip(names, row, strict=True)) for row in found]

    @property
    def state(self) -> str:
        """The state of the first monitor."""
        return str(self.api.get("/monitors")["monitors"][0]["state"])

    @property
    def causes(self) -> list[str]:
        """The causes of all alerts, newest first."""
        return [alert["cause"] for alert in self.api.get("/alerts")["alerts"]]


@pytest.fixture
def job(api: Api, environ: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Job:
    """A heartbeat that nobody has pinged yet."""
    monkeypatch.setattr(main, "_GUESSES", Guesses())  # what other tests have guessed is not this one's
    made = Job(api)
    made.make()
    return made
