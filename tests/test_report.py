"""The agent's report: what the backend does not take now is posted later, oldest first, and nothing twice."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from functions.check_monitors import spool as spool_module
from functions.check_monitors.report import Reported, report
from functions.check_monitors.spool import Spool
from shared.models import Event
from shared.settings import Settings

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)


class Backend:
    """A backend that answers ``POST /events`` as it is told, and keeps what it took."""

    def __init__(self) -> None:
        self.status = 201
        self.poison: set[str] = set()
        self.taken: list[str] = []
        self.bodies: list[Any] = []
        self.keys: list[str | None] = []
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = backend.take(body, self.headers["X-API-Key"])
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, body: Any, key: str | None) -> int:
        ids = [event["event_id"] for event in (body if isinstance(body, list) else [body])]
        self.bodies.append(body)
        self.keys.append(key)
        if self.status == 201 and self.poison & set(ids):
            return 400
        if self.status == 201:
            self.taken += ids
        return self.status

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def backend() -> Iterator[Backend]:
    listening = Backend()
    yield listening
    listening.close()


@pytest.fixture
def settings(backend: Backend, tmp_path: Path) -> Settings:
    return Settings.from_env({"BACKEND_URL": backend.url, "API_KEY": "the-key", "SPOOL_DIR": str(tmp_path / "spool")})


def event(name: str, minute: float = 0) -> Event:
    at = NOON + timedelta(minutes=minute)
    return Event(target_url="http://t/", event_id=name, timestamp=at, is_success=False, error_message="no")


def spooled(settings: Settings) -> list[str]:
    return [each.event_id for each in Spool(settings.spool_dir, settings.backend_url).events()]


def test_one_event_goes_as_the_originals_body(backend: Backend, settings: Settings) -> None:
    assert report([event("a")], settings) == Reported(posted=1)
    assert backend.bodies[0]["timestamp"] == "2025-01-08T12:00:00.000Z"
    assert backend.bodies[0]["is_success"] is False
    assert backend.keys == ["the-key"]
    assert list(settings.spool_dir.glob("*.jsonl")) == [], "nothing to keep leaves no file"


def test_several_go_as_one_array(backend: Backend, settings: Settings) -> None:
    assert report([event("a"), event("b")], settings) == Reported(posted=2)
    assert len(backend.bodies) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 401, 403, 404, 429, 302])
def test_what_is_not_taken_now_is_posted_later_oldest_first(backend: Backend, settings: Settings, status: int) -> None:
    backend.status = status
    assert report([event("a", 0)], settings) == Reported(spooled=1)
    assert report([event("b", 1), event("c", 1)], settings) == Reported(spooled=3)
    backend.status = 201
    assert report([event("d", 2)], settings) == Reported(posted=4)
    assert backend.taken == ["a", "b", "c", "d"]
    assert [each["timestamp"][14:16] for each in backend.bodies[-1]] == ["00", "01", "01", "02"]
    assert spooled(settings) == []


def test_a_backend_that_is_down_costs_no_event(backend: Backend, settings: Settings) -> None:
    backend.close()
    assert report([event("a")], settings) == Reported(spooled=1)
    assert spooled(settings) == ["a"]


def test_an_event_that_is_refused_for_good_does_not_hold_up_the_others(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(name) for name in "abcd"], settings)
    backend.status, backend.poison = 201, {"b"}
    assert report([event("e")], settings) == Reported(posted=4, refused=1)
    assert backend.taken == ["a", "c", "d", "e"]
    assert spooled(settings) == []


def test_a_long_spool_is_posted_in_portions(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(str(number)) for number in range(2500)], settings)
    backend.status = 201
    assert report([], settings) == Reported(posted=2500)
    assert [len(body) for body in backend.bodies[-3:]] == [1000, 1000, 500]
    assert backend.taken == [str(number) for number in range(2500)]


def test_the_spool_is_bounded_and_drops_the_oldest(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "MAX_EVENTS", 3)
    backend.status = 503
    assert report([event(name) for name in "abcde"], settings) == Reported(spooled=3)
    assert spooled(settings) == ["c", "d", "e"]


def test_each_backend_has_its_own_spool(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, "http://a"), Spool(tmp_path, "http://b")
    first.keep([event("a")])
    assert (len(first.events()), second.events()) == (1, [])


def test_a_line_that_a_crash_cut_short_is_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "http://a")
    spool.keep([event("a"), event("b")])
    spool.path.write_bytes(spool.path.read_bytes()[:-40])
    assert [each.event_id for each in spool.events()] == ["a"]


def test_without_a_place_for_the_spool_events_are_still_posted(backend: Backend, settings: Settings) -> None:
    settings.spool_dir.write_text("a file where the folder should be")
    assert report([event("a")], settings) == Reported(posted=1)
    backend.status = 503
    assert report([event("b")], settings) == Reported(), "it is lost, and the log says so"
