"""Monitors on every platform: they are made over HTTP, claimed, checked, changed and removed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.running import free_port, wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.dns_server import DnsServer
from tests.support.servers.line_servers import speaks
from tests.support.servers.raw_servers import RawServers, says, stays_silent
from tests.support.stand_ins import Target
from tests.system.conformance.observing import problem
from tests.system.copies import one_by_one
from tests.system.runtimes import Runtime

pytestmark = pytest.mark.system

SECRET = "s3cret-of-a-monitor"  # not one of ours
PONG = b"+PONG\r\n"
# The kinds of check whose monitors are not UP, and why.
DOWN = {
    "closed": "connection refused",
    "untrusted": "certificate issuer is not trusted",
    "unknown": "DNS: NXDOMAIN for none.example",
}


@pytest.fixture
def shop() -> Iterator[Target]:
    """A web service that only a monitor watches."""
    with Target() as healthy:
        yield healthy


@pytest.fixture
def monitor(runtime: Runtime, shop: Target) -> Iterator[dict[str, Any]]:
    """A monitor of it, which is checked once an hour."""
    policy = {"name": f"shop at {shop.url}", "url": shop.url, "interval": "1h", "bearer_token": SECRET}
    response = runtime.call("POST", "/monitors", policy)
    assert (response.status_code, SECRET in response.text) == (201, False)
    yield response.json()
    runtime.call("DELETE", f"/monitors/{response.json()['id']}")


def checked(runtime: Runtime, monitor: dict[str, Any], state: str) -> dict[str, Any]:
    """The monitor once an agent has claimed and checked it, and it is in this state."""
    found: dict[str, Any] = {}

    def is_there() -> bool:
        run = runtime.call("POST", "/check_monitors?only=claimed&seconds=0.1", function="check_monitors")
        assert run.status_code == 200, run.text
        found.update(runtime.get(f"/monitors/{monitor['id']}"))
        return bool(found["state"] == state)

    wait_until(is_there, otherwise=runtime.printed)
    return found


def test_a_monitor_is_claimed_checked_and_removed(runtime: Runtime, monitor: dict[str, Any], shop: Target) -> None:
    path, before = f"/monitors/{monitor['id']}", len(runtime.bot_api.messages)
    up = checked(runtime, monitor, "UP")
    assert (up["last_event"]["status_code"], up["last_event"]["ip"], up["active_alert"]) == (200, "127.0.0.1", None)
    shop.is_down = True
    assert runtime.call("POST", f"{path}/check").status_code == 202
    down = checked(runtime, monitor, "DOWN")
    assert down["active_alert"]["subject"] == monitor["name"]
    runtime.deliver()
    assert runtime.call("DELETE", path).status_code == 204
    runtime.deliver()
    problem(runtime.call("GET", path), 404)
    accepted = one_by_one(runtime.bot_api.messages[before:])
    outage, recovery = [text for text in accepted if monitor["name"] in text]
    assert outage.startswith(f"OUTAGE {monitor['name']}")
    assert recovery.startswith(f"RECOVERY {monitor['name']}")
    assert "no longer watched (removed)" in recovery
    assert SECRET not in runtime.printed()


def test_a_monitor_is_changed_paused_and_resumed(runtime: Runtime, monitor: dict[str, Any]) -> None:
    path = f"/monitors/{monitor['id']}"
    changed = runtime.call("PATCH", path, {"timeout": "3s", "group": "Web 웹"}).json()["policy"]
    assert (changed["timeout"], changed["group"], changed["bearer_token"]) == ("3s", "Web 웹", "***")
    assert runtime.call("PATCH", path, {"timeout": None}).json()["policy"]["timeout"] == "10s"
    sent_back = runtime.call("PUT", path, runtime.get(path)["policy"])
    assert sent_back.json()["policy"] == runtime.get(path)["policy"]
    assert runtime.call("PATCH", path, {"enabled": False}).json()["state"] == "PAUSED"
    [listed] = runtime.get(f"/monitors?state=PAUSED&name={monitor['name'].replace(' ', '%20')}")["monitors"]
    assert listed["id"] == monitor["id"]
    assert runtime.call("PATCH", path, {"enabled": True}).json()["state"] == "UNKNOWN"


def test_what_is_refused_is_named(runtime: Runtime, monitor: dict[str, Any]) -> None:
    path = f"/monitors/{monitor['id']}"
    taken = {"name": monitor["name"], "url": "http://a.example/"}
    assert problem(runtime.call("POST", "/monitors", taken), 409)["field"] == "name"
    for body, field in [
        (taken | {"interval": "30 secs"}, "interval"),
        (taken | {"intervall": "30s"}, "intervall"),
        (taken | {"bearer_token": [SECRET]}, "bearer_token"),
        (taken | {"bearer_token": "***"}, "bearer_token"),
    ]:
        for method, place in (("POST", "/monitors"), ("PUT", path)):
            found = problem(runtime.call(method, place, body), 400)
            assert (found["field"], SECRET in str(found)) == (field, False)
    problem(runtime.call("PUT", "/config", {"monitors": 5}), 400)
    problem(runtime.call("POST", "/checks/claim", {"agent": "a", "targets": "http://a.example/"}), 400)
    problem(runtime.call("GET", "/monitors?limit=0"), 400)


def test_a_file_is_applied_whole_or_not_at_all(runtime: Runtime) -> None:
    web = {"name": "web of the file", "url": "http://127.0.0.1:1/", "enabled": False, "line": 3}
    planned = runtime.call("PUT", "/config?dry_run=true", {"monitors": [web]}).json()
    assert (planned["added"], planned["dry_run"]) == (["web of the file"], True)
    problem(runtime.call("PUT", "/config", {"monitors": [web, web]}), 400)
    assert runtime.get("/monitors?source=file")["monitors"] == []
    assert runtime.call("PUT", "/config", {"monitors": [web]}).json()["added"] == ["web of the file"]
    [monitor] = runtime.get("/monitors?source=file")["monitors"]
    assert (monitor["state"], monitor["line"]) == ("PAUSED", 3)
    assert problem(runtime.call("DELETE", f"/monitors/{monitor['id']}"), 409)["source"] == "file"
    assert runtime.call("PUT", "/config", {"monitors": []}).json()["removed"] == ["web of the file"]


def greets(connection: Any) -> None:
    connection.sendall(b"SSH-2.0-Test\r\n")


@pytest.fixture
def kinds(runtime: Runtime, tmp_path: Path) -> Iterator[set[str]]:
    """The names of monitors that notify nobody, with a server for most of them."""
    serve, authority = RawServers(), Authority(tmp_path)
    tls = authority.context(TODAY - A_DAY, TODAY + A_DAY)
    trusted = {"ca_certificate": Path(authority.file).read_text()}
    inside_tls = f"tls://localhost:{serve(stays_silent(1), tls)}"
    with DnsServer() as names:
        resolver = f"127.0.0.1:{names.port}"
        policies: dict[str, dict[str, Any]] = {
            "tcp": {"url": f"tcp://127.0.0.1:{serve(says(b'hello'))}", "body": "hi", "keyword": "hello"},
            "tls": {"url": inside_tls, **trusted},
            "dns": {"url": f"dns://{resolver}", "dns": {"query_name": "shop.example"}},
            "resolver": {"url": f"tcp://shop.example:{serve(says())}", "resolver": resolver},
            "starttls": {"url": f"starttls://localhost:{serve(speaks('imap', tls))}", "protocol": "imap", **trusted},
            "smtp": {"url": f"smtp://127.0.0.1:{serve(speaks('smtp'))}"},
            "ssh": {"url": f"ssh://127.0.0.1:{serve(greets)}"},
            "redis": {"url": f"redis://127.0.0.1:{serve(says(PONG))}"},
            "closed": {"url": f"ssh://127.0.0.1:{free_port()}"},
            "untrusted": {"url": inside_tls},
            "unknown": {"url": f"dns://{resolver}", "dns": {"query_name": "none.example"}},
        }
        common = {"interval": "1h", "timeout": "5s", "failure_threshold": 1, "channels": []}
        given = [{"name": name, **common, **policy} for name, policy in policies.items()]
        applied = runtime.call("PUT", "/config", {"monitors": given})
        assert applied.status_code == 200, applied.text
        yield set(policies)
        assert runtime.call("PUT", "/config", {"monitors": []}).status_code == 200
    serve.close()


def test_each_kind_is_checked_here(runtime: Runtime, kinds: set[str]) -> None:
    """A package that lacks what one of them needs would show here."""

    def found() -> dict[str, dict[str, Any]]:
        run = runtime.call("POST", "/check_monitors?only=claimed&seconds=0.1", function="check_monitors")
        assert run.status_code == 200, run.text
        listed = runtime.get("/monitors?source=file")["monitors"]
        return {each["name"]: each for each in listed} if all(each["last_event"] for each in listed) else {}

    monitors = wait_until(found, otherwise=runtime.printed)
    assert monitors.keys() == kinds
    said = {name: monitor["last_event"]["error_message"] for name, monitor in monitors.items()}
    assert said == dict.fromkeys(kinds) | DOWN
    assert {name for name, monitor in monitors.items() if monitor["state"] != "UP"} == DOWN.keys()
    ends_at = f"{TODAY + A_DAY:%Y-%m-%dT%H:%M:%S}.000Z"
    assert [monitors[name]["last_event"]["certificate_expires_at"] for name in ("tls", "starttls")] == [ends_at] * 2
