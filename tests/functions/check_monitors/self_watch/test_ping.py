"""The ping to a service outside: one after each complete run, and no harm if it fails."""

import time
from collections.abc import Callable, Iterator

import pytest

from functions.check_monitors.self_watch import ping as ping_module
from shared.settings import Settings
from tests.support.running import free_port
from tests.support.stand_ins import Backend, Exchange, StandIn, Target

pytestmark = pytest.mark.slow

SECRET = "9f7d1c3e-0000-4000-8000-000000000000"


class Watcher(StandIn):
    """The service outside."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 200
        self.is_hanging = False
        self.is_dripping = False
        self.redirects_to: str | None = None
        self.asked: list[str] = []

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(f"{exchange.method} {exchange.path}")
        if self.is_hanging:
            exchange.hang()
        elif self.is_dripping:
            exchange.drip(200, "x" * 9999)
        elif self.redirects_to:
            exchange.answer(302, "", headers={"Location": self.redirects_to})
        else:
            exchange.answer(self.status, "OK")


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    with Watcher() as listening:
        yield listening


def test_a_ping_follows_each_complete_run_and_no_other(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    backend: Backend,
    watcher: Watcher,
    target: Target,
) -> None:
    environ(TARGET_URL=f"{target.url} http://127.0.0.1:{free_port()}/", HEARTBEAT_URL=f"{watcher.url}/{SECRET}")
    run()
    assert watcher.asked == [f"GET /{SECRET}"], "that a target fails is no fault of the run"
    for status in (503, 400):
        backend.status = status
        run()
    backend.is_down = True
    run()
    assert len(watcher.asked) == 1
    backend.is_down, backend.status = False, 201
    assert run()["posted"] > 2, "with what was kept"
    assert len(watcher.asked) == 2


@pytest.mark.parametrize("trouble", ["is_down", "is_hanging", "is_dripping", "refuses", "is no host"])
def test_a_ping_that_fails_costs_little_and_shows_no_secret(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    watcher: Watcher,
    target: Target,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[str],
) -> None:
    monkeypatch.setattr(ping_module, "PING_SECONDS", 0.3)
    url = f"{watcher.url}/{SECRET}"
    if trouble == "refuses":
        watcher.status = 404
    elif trouble == "is no host":
        url = f"http://nobody.invalid:99/{SECRET}\x01"
    else:
        setattr(watcher, trouble, True)
    environ(TARGET_URL=target.url, HEARTBEAT_URL=url)
    began = time.monotonic()
    assert run() == {"checked": 1, "failed": 0, "posted": 1, "refused": 0, "spooled": 0}
    # It hangs, or drips, for ever.
    assert time.monotonic() - began < 10
    assert any(line.startswith("heartbeat_failed") for line in steps)
    assert SECRET not in str(steps)


@pytest.mark.parametrize("is_private_allowed", ["true", "false"])
def test_a_pings_redirect_is_judged_like_a_checks(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    watcher: Watcher,
    target: Target,
    steps: list[str],
    is_private_allowed: str,
) -> None:
    with Watcher() as inner:
        watcher.redirects_to = f"{inner.url}/inner"
        environ(TARGET_URL=target.url, HEARTBEAT_URL=watcher.url, ALLOW_PRIVATE_TARGETS=is_private_allowed)
        run()
    is_followed = is_private_allowed == "true"
    assert inner.asked == ["GET /inner"] * is_followed
    assert any(line.startswith("heartbeat_sent" if is_followed else "heartbeat_failed") for line in steps)


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest/", "http://metadata/", "http://[::ffff:0:a9fe:a9fe]/"])
def test_a_pings_redirect_to_a_metadata_server_is_not_followed(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    watcher: Watcher,
    target: Target,
    steps: list[str],
    to: str,
) -> None:
    watcher.redirects_to = to
    environ(TARGET_URL=target.url, HEARTBEAT_URL=watcher.url)
    run()
    assert any("is a cloud metadata address" in line for line in steps)


def test_a_pings_redirects_have_a_limit(
    run: Callable[[], dict[str, int]],
    environ: Callable[..., Settings],
    watcher: Watcher,
    target: Target,
    steps: list[str],
) -> None:
    watcher.redirects_to = "/again"
    environ(TARGET_URL=target.url, HEARTBEAT_URL=watcher.url)
    run()
    assert len(watcher.asked) == 11
    assert any("more than 10 redirects" in line for line in steps)
