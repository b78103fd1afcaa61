"""Bad input from outside is refused clearly and stores nothing."""

from pathlib import Path

import pytest

from shared.web import MAX_BODY_BYTES
from tests.system.bad_input.bodies import BODIES, BODY, MOVES, TYPES, with_field
from tests.system.bad_input.exchange import (
    assert_leaks_nothing,
    assert_refused,
    assert_unharmed,
    counts,
    exchange,
    sent,
    system_at_rest,
)
from tests.system.bad_input.raw_requests import PATHS, QUERIES, RAW, UNUSUAL


def refuse_everything(port: int) -> None:
    for name, body in BODIES.items():
        reply = sent(port, "POST", "/events", body)
        assert_refused(reply, name)
        assert (reply.status == 413) is (len(body) > MAX_BODY_BYTES), name
    for kind in TYPES:
        assert sent(port, "POST", "/events", BODY, kind).status == 415, kind
    for name, body in MOVES.items():
        assert_refused(sent(port, "PATCH", "/alerts/1", body), name)
    for path in QUERIES:
        assert_refused(sent(port, "GET", path), path)
    for path in PATHS:
        for method, body in (("GET", b""), ("PATCH", b'{"status": "RESOLVED"}'), ("POST", BODY)):
            reply = sent(port, method, path, body)
            assert_refused(reply, (method, path))
    for name, request in RAW.items():
        reply = exchange(port, request)
        assert reply.status == 0 or 400 <= reply.status < 500, (name, reply)
        assert_leaks_nothing(reply, name)


@pytest.mark.system
@pytest.mark.parametrize("is_separate", [False, True], ids=["one process", "separate processes"])
def test_bad_input_is_refused_clearly_and_stores_nothing(project: Path, tmp_path: Path, is_separate: bool) -> None:
    with system_at_rest(project, tmp_path, SEPARATE="1" if is_separate else None) as system:
        before = counts(system)
        refuse_everything(system.port)
        assert_unharmed(system, before)


@pytest.mark.system
def test_an_unusual_but_valid_request_is_taken(project: Path, tmp_path: Path) -> None:
    with system_at_rest(project, tmp_path) as system:
        before = counts(system)["events"]
        for name, request in UNUSUAL.items():
            assert exchange(system.port, request).status == 201, name
        assert sent(system.port, "POST", "/events", with_field("status_code", b"503.0")).status == 201
        assert counts(system)["events"] == before + len(UNUSUAL) + 1
        assert sent(system.port, "GET", "/alerts?limit=1&later=a&later=b&status=").status == 200
