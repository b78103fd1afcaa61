"""Bad input from outside is refused clearly and stores nothing."""

from pathlib import Path

import pytest

from shared.web import MAX_BODY_BYTES
from tests.system.bad_input.bodies import (
    BODIES,
    BODY,
    CLAIMS,
    CONFIGURATIONS,
    MOVES,
    POLICIES,
    POLICY,
    TYPES,
    with_field,
)
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
    for name, body in CLAIMS.items():
        assert_refused(sent(port, "POST", "/checks/claim", body), name)
    for kind in TYPES:
        for method, path in (("POST", "/monitors"), ("PUT", "/config"), ("POST", "/checks/claim")):
            assert sent(port, method, path, POLICY, kind).status == 415, (kind, path)
    for path in QUERIES:
        assert_refused(sent(port, "GET", path), path)
    for path in PATHS:
        for method, body in (("GET", b""), ("PATCH", b'{"status": "RESOLVED"}'), ("POST", BODY), ("PUT", POLICY)):
            reply = sent(port, method, path, body)
            assert_refused(reply, (method, path))
    for name, request in RAW.items():
        reply = exchange(port, request)
        assert reply.status == 0 or 400 <= reply.status < 500, (name, reply)
        assert_leaks_nothing(reply, name)


def refuse_policies(port: int, monitor_id: int) -> None:
    """``monitor_id``: a monitor whose policy is the API's."""
    for name, body in POLICIES.items():
        assert_refused(sent(port, "POST", "/monitors", body), name)
        reply = sent(port, "PATCH", f"/monitors/{monitor_id}", body)
        assert_refused(reply, name)
        assert reply.status in (400, 413), (name, reply)
    # The same code reads what replaces a policy.
    for name in list(POLICIES)[::5]:
        assert_refused(sent(port, "PUT", f"/monitors/{monitor_id}", POLICIES[name]), name)
    for name, body in CONFIGURATIONS.items():
        for path in ("/config", "/config?dry_run=true"):
            assert_refused(sent(port, "PUT", path, body), name)


@pytest.mark.system
@pytest.mark.parametrize("is_separate", [False, True], ids=["one process", "separate processes"])
def test_bad_input_is_refused_clearly_and_stores_nothing(project: Path, tmp_path: Path, is_separate: bool) -> None:
    with system_at_rest(project, tmp_path, SEPARATE="1" if is_separate else None) as system:
        watched = system.post("/monitors", {"name": "shop", "url": "http://shop.example/", "enabled": False})
        before = counts(system)
        refuse_everything(system.port)
        if not is_separate:
            # In a process of its own, the function reads them no otherwise.
            refuse_policies(system.port, watched.json()["id"])
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
