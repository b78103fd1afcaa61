"""Hosts that functions cannot reach, since these have no IPv6."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.clouds.addresses import only_ipv6
from infra.plan.plans import plan_for
from infra.plan.unreachable import with_unreachable

ONLY_IPV6 = "2001:db8::1"


@pytest.mark.parametrize(("platform", "is_told"), [("local", False), ("gcp", True), ("aws", True)])
def test_monitors_of_an_ipv6_host_are_named(tmp_path: Path, platform: str, is_told: bool) -> None:
    urls = {"Web": f"https://[{ONLY_IPV6}]/", "Port": f"tcp://[{ONLY_IPV6}]:22", "Other": "https://127.0.0.1/"}
    monitors = [{"name": name, "url": url} for name, url in urls.items()]
    (tmp_path / "bonghwa.yaml").write_text(json.dumps({"monitors": monitors}))
    given = {"CONFIG_FILE": str(tmp_path / "bonghwa.yaml"), "TARGET_URL": f"http://me:secret@[{ONLY_IPV6}]:1/"}
    plan = plan_for(platform, given)
    added = [note for note in with_unreachable(plan).notes if note not in plan.notes]
    expected = (
        f"{ONLY_IPV6} has no IPv4 address, and functions there have no IPv6: "
        f"http://me:***@[{ONLY_IPV6}]:1/ and monitor 'Web' and monitor 'Port' would be down for ever"
    )
    assert added == ([expected] if is_told else [])


def test_a_lookup_that_hangs_is_not_waited_for() -> None:
    hangs = threading.Event()

    def lookup(host: str, _: int) -> list[str]:
        if host == "hanging":
            hangs.wait(60)
        return []

    assert only_ipv6(["hanging"], 0.05, lookup) == []
    hangs.set()


@pytest.mark.parametrize("failure", [OSError("no server answers"), UnicodeError("label too long")])
def test_a_host_that_is_not_known_counts_not(failure: Exception) -> None:
    def raising() -> Callable[..., list[str]]:
        def lookup(*_: object) -> list[str]:
            raise failure

        return lookup

    assert only_ipv6(["a.example"], lookup=raising()) == []
