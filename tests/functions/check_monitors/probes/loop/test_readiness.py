"""Waiting for descriptors: by epoll and by what Python finds elsewhere, alike."""

import select
import socket
from collections.abc import Iterator

import pytest

from functions.check_monitors.probes.loop import curl_loop
from functions.check_monitors.probes.loop.readiness import READ, WRITE, ByEpoll, BySelectors, Readiness
from tests.support.checks import check
from tests.support.servers.raw_servers import OK, RawServers, says

WAYS = [ByEpoll, BySelectors] if hasattr(select, "epoll") else [BySelectors]


@pytest.fixture(params=WAYS)
def waiting(request: pytest.FixtureRequest) -> Readiness:
    made: Readiness = request.param()
    return made


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def ready(waiting: Readiness) -> list[tuple[int, int]]:
    found = []
    for on_ready, descriptor, bits in waiting.wait(0.0):
        on_ready(descriptor, bits)
        found.append((descriptor, bits))
    return found


def test_what_is_waited_for_is_told(waiting: Readiness, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    told: list[tuple[int, int]] = []
    waiting.register(ours.fileno(), READ, lambda *what: told.append(what))
    assert ready(waiting) == []
    theirs.send(b"x")
    assert ready(waiting) == told == [(ours.fileno(), READ)]
    waiting.modify(ours.fileno(), WRITE, lambda *what: told.append(what))
    assert ready(waiting) == told[1:] == [(ours.fileno(), WRITE)]
    waiting.modify(ours.fileno(), READ | WRITE, lambda *_: None)
    assert ready(waiting) == [(ours.fileno(), READ | WRITE)]
    waiting.unregister(ours.fileno())
    assert ready(waiting) == []


def test_an_end_is_told_to_whoever_waits(waiting: Readiness, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    waiting.register(ours.fileno(), READ, lambda *_: None)
    theirs.close()
    [(descriptor, bits)] = ready(waiting)
    assert descriptor == ours.fileno()
    assert bits & READ


def test_a_closed_descriptor_is_let_go(waiting: Readiness, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    number = ours.fileno()
    waiting.register(number, WRITE, lambda *_: None)
    ours.close()
    waiting.unregister(number)
    assert ready(waiting) == []
    assert waiting.wait(-1.0) == []


def test_checks_run_without_epoll_too(serve: RawServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curl_loop, "readiness", BySelectors)
    monkeypatch.setattr(curl_loop, "idle_loops", [])
    assert check(serve(says(OK))).status_code == 200
