"""Connections that checks keep for their next time: all find theirs again, as far as the descriptors bear it."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.check_monitors.probes.checks import check_all
from functions.check_monitors.probes.loop import curl_loop, multi
from functions.check_monitors.probes.loop.capacity import kept_at_most
from functions.check_monitors.probes.loop.curl_loop import Loop
from functions.check_monitors.probes.loop.multi import Homes, Multi
from shared.models import Event
from shared.settings import Settings
from tests.support.policies import policy
from tests.support.servers.raw_servers import OK, RawServers

MANY = 40


class Kept:
    """Servers that keep their connections, and how many connections each has got."""

    def __init__(self, serve: RawServers) -> None:
        self.made = [0] * MANY
        self._ports = [serve(self._handler(number)) for number in range(MANY)]

    def _handler(self, number: int) -> Any:
        def handler(connection: Any) -> None:
            self.made[number] += 1
            while connection.recv(65536):
                connection.sendall(OK)

        return handler

    def check(self, host: str) -> list[Event]:
        """Check each of them once, many at a time."""
        # A machine that is busy may leave them no time for seconds.
        policies = [
            policy(f"http://{host}:{port}/", name=f"shop {number}", connection="reuse", timeout="60s")
            for number, port in enumerate(self._ports)
        ]
        return check_all([(0.0, each) for each in policies], Settings.from_env({}))


@pytest.fixture(autouse=True)
def own_loops(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The loops of other tests know other limits. Ours keep their connections no longer than the test lasts."""
    loops: list[Loop] = []
    monkeypatch.setattr(curl_loop, "idle_loops", loops)
    yield
    for each in loops:
        for some in each.multis:
            some.curl_multi.close()


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_each_of_many_checks_finds_its_connection_again(serve: RawServers, host: str) -> None:
    kept = Kept(serve)
    for is_first in (True, False, False):
        events = kept.check(host)
        assert [event.error_message for event in events] == [None] * MANY
        assert [event.connect_ms is not None for event in events] == [is_first] * MANY
    assert kept.made == [1] * MANY


@pytest.mark.slow
def test_checks_beyond_what_can_be_kept_take_no_others_place(
    serve: RawServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multi, "kept_at_most", lambda _: 10)
    kept = Kept(serve)
    for _ in range(3):
        assert all(event.is_success for event in kept.check("127.0.0.1"))
    assert sorted(kept.made) == [1] * 10 + [3] * (MANY - 10)


class Check:
    ca_file = ""

    def __init__(self, keeps: str) -> None:
        self.keeps = keeps


def test_a_check_that_stays_away_leaves_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi, "kept_at_most", lambda _: 1)
    homes, home = Homes(), Multi(lambda *_: None, "")
    first, second, later = Check("first"), Check("second"), Check("second")
    homes.settle(first, home, 0.0)  # type: ignore[arg-type]
    homes.settle(second, home, 500.0)  # type: ignore[arg-type]
    homes.settle(later, home, 700.0)  # type: ignore[arg-type]
    assert (first.keeps, second.keeps, later.keeps) == ("first", "", "second")
    assert homes.find(later, 701.0) is home  # type: ignore[arg-type]
    assert homes.find(first, 701.0) is None  # type: ignore[arg-type]


def test_where_names_hang_a_kept_connection_is_not_relied_on() -> None:
    """The server may have closed it: then the check needs a lookup, which must not wait for the names that hang."""
    homes, home, check = Homes(), Multi(lambda *_: None, ""), Check("shop")
    homes.settle(check, home, 0.0)  # type: ignore[arg-type]
    home.hung_until.extend([60.0] * multi.LOOKUPS_PER_MULTI)
    assert homes.find(check, 1.0) is None  # type: ignore[arg-type]
    assert homes.find(check, 61.0) is home  # type: ignore[arg-type]


def test_kept_connections_leave_descriptors_for_the_checks() -> None:
    assert [kept_at_most(limit) for limit in (100, 1024, 2**20)] == [25, 256, 8192]
