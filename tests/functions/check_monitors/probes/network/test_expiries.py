"""When a certificate expires is read from it once in a while, and each time if it matters."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.check_monitors.probes.network import expiries
from functions.check_monitors.probes.network.expiries import KNOWN_SECONDS, known_expiry, note_expiry
from shared.models import Event, now
from shared.monitors.policy import Policy
from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, RawServers, says

FAR, FARTHER, SOON = TODAY + timedelta(60), TODAY + timedelta(80), TODAY + timedelta(20)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiries, "_known", {})


@pytest.fixture
def seen(authority: Authority, serve: RawServers) -> Callable[..., Event]:
    """The event of a check of one monitor, whose server has a certificate that ends then."""
    context = authority.context(TODAY - A_DAY, FAR)
    url = f"https://localhost:{serve(says(OK), context)}/"

    def check_it(ends: Any, **policy: Any) -> Event:
        authority.context(TODAY - A_DAY, ends)
        context.load_cert_chain(authority._path / "server.pem")
        return check_policy(url, name="web", ca_certificate=authority.file, **policy)

    return check_it


def test_a_certificate_that_lasts_is_not_read_each_time(seen: Callable[..., Event]) -> None:
    assert seen(FAR).certificate_expires_at == FAR
    again = seen(FARTHER)
    assert (again.is_success, again.certificate_expires_at) == (True, FAR)
    assert again.tls_ms


@pytest.mark.parametrize(
    ("first", "policy"),
    [
        (SOON, {}),  # somebody may be renewing it
        (FAR, {"certificate_expiry": ["70d"]}),
        (FAR, {"conditions": ["[CERTIFICATE_EXPIRATION] > 1d"]}),
        (FAR, {"connection": "reuse"}),  # the server closes each: a resumed session would show no certificate
    ],
)
def test_it_is_read_each_time_if_that_matters(seen: Callable[..., Event], first: Any, policy: dict[str, Any]) -> None:
    assert seen(first, **policy).certificate_expires_at == first
    assert seen(FARTHER, **policy).certificate_expires_at == FARTHER


def test_it_is_read_again_after_a_failure(seen: Callable[..., Event]) -> None:
    assert seen(FAR).certificate_expires_at == FAR
    assert not seen(TODAY - A_DAY / 2).is_success
    assert seen(FARTHER).certificate_expires_at == FARTHER


@pytest.mark.parametrize("policy", [{}, {"connection": "reuse"}])
def test_an_expired_certificate_fails_whatever_is_known(seen: Callable[..., Event], policy: dict[str, Any]) -> None:
    assert seen(FAR, **policy).is_success
    event = seen(TODAY - A_DAY / 2, **policy)
    assert event.error_message == f"certificate expired on {TODAY - A_DAY / 2:%Y-%m-%d}"
    assert event.certificate_expires_at == TODAY - A_DAY / 2


def test_what_is_known_is_known_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy.model_validate({"name": "web", "url": "https://x.example/"})
    at = [1000.0]
    monkeypatch.setattr("functions.check_monitors.probes.network.expiries.time.monotonic", lambda: at[0])
    expires_at = now() + timedelta(60)
    note_expiry(policy, expires_at)
    assert known_expiry(policy) == expires_at
    assert known_expiry(policy.model_copy(update={"url": "https://y.example/"})) is None
    at[0] += KNOWN_SECONDS
    assert known_expiry(policy) is None
