"""Findings about a deployment at its URL."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.doctor import outside
from infra.doctor.findings import Verdict
from shared import __version__
from tests.infra.doctor.examined import FAILURE, OK, WARNING, ago, find, one
from tests.support.running import API_KEY
from tests.support.servers.certificates import Authority
from tests.support.servers.raw_servers import RawServers, says
from tests.support.stand_ins import Exchange, StandIn, Target

pytestmark = pytest.mark.slow


class Deployment(StandIn):
    """A deployment as its callers see it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_locked = True
        self.status = 200
        self.key = API_KEY
        self.health: dict[str, Any] = {"status": "ok", "version": __version__, "last_check": ago(seconds=20)}
        self.document: Any = {"openapi": "3.1.0"}
        self.date = datetime.now(UTC)

    def answer(self, exchange: Exchange) -> None:
        if self.is_locked and exchange.headers["X-API-Key"] != self.key:
            self._say(exchange, 401, {"detail": "the X-API-Key header is missing"})
        elif exchange.path == "/openapi.json":
            self._say(exchange, 200, self.document)
        else:
            self._say(exchange, self.status, self.health)

    def _say(self, exchange: Exchange, status: int, body: Any) -> None:
        date = f"{self.date:%a, %d %b %Y %H:%M:%S} GMT"
        exchange.answer(status, json.dumps(body), "application/json", {"Date": date})


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with Deployment() as answering:
        yield answering


def test_a_deployment_without_a_fault_is_reported_as_ok(environ: dict[str, str], deployment: Deployment) -> None:
    findings = find(environ, deployment.url)
    assert one(findings, "health", "ok, last check 20 s ago").verdict is OK
    assert one(findings, "access", "without a key the deployment responds with 401").verdict is OK
    assert one(findings, "routes", "GET /openapi.json describes the API").verdict is OK
    assert one(findings, "clock", "the deployment has the same time as this machine").verdict is OK
    assert one(findings, "answer", f"{deployment.url} responded in 0.").verdict is OK


def test_a_deployment_that_is_not_reached_is_found(environ: dict[str, str], deployment: Deployment) -> None:
    deployment.is_down = True
    found = one(find(environ, deployment.url), "answer", "does not respond: connection refused")
    assert (found.verdict, f"curl -sSv {deployment.url}/" in (found.fix or "")) == (FAILURE, True)


def test_a_url_that_leads_nowhere_is_found(environ: dict[str, str]) -> None:
    assert one(find(environ, "http://봉화 .example"), "answer", "does not respond: not a valid URL").verdict is FAILURE


def test_a_deployment_that_hangs_is_found_in_time(
    environ: dict[str, str], target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.3)
    target.is_hanging = True
    assert one(find(environ, target.url), "answer", "no answer within 0.3 s").verdict is FAILURE
    target.is_hanging = False


@pytest.mark.parametrize(
    ("change", "about", "verdict", "words"),
    [
        ({"key": "another-key"}, "health", FAILURE, "the deployment rejects our key"),
        ({"status": 503, "health": {"database": "it is locked"}}, "health", FAILURE, "HTTP 503: it is locked"),
        ({"status": 404, "health": []}, "health", FAILURE, "HTTP 404: not a health response of Bonghwa"),
        ({"health": {"hello": "world"}}, "health", FAILURE, "HTTP 200: not a health response of Bonghwa"),
        ({"health": {"status": "ok", "version": "9.9"}}, "health", WARNING, "the deployment has version 9.9"),
        ({"health": {"status": "ok", "last_check": None}}, "health", WARNING, "ok, but nothing has been checked yet"),
        ({"health": {"status": "ok", "last_check": "2025-01-08T12:00:00.000Z"}}, "health", FAILURE, "ok, last check "),
        ({"document": ["no", "object"]}, "routes", FAILURE, "GET /openapi.json: HTTP 200"),
        ({"date": datetime(2037, 1, 1, tzinfo=UTC)}, "clock", WARNING, " ahead of this machine"),
        ({"date": datetime(2025, 1, 1, tzinfo=UTC)}, "clock", WARNING, " behind this machine"),
    ],
)
def test_what_is_wrong_outside_is_found(
    environ: dict[str, str], deployment: Deployment, change: dict[str, Any], about: str, verdict: Verdict, words: str
) -> None:
    for name, value in change.items():
        setattr(deployment, name, value)
    assert one(find(environ, deployment.url), about, words).verdict is verdict


def test_monitors_that_are_checked_seldom_are_no_fault(environ: dict[str, str], deployment: Deployment) -> None:
    """The deployment knows their intervals, and says if nobody checks them."""
    del environ["TARGET_URL"]
    checked_at = (datetime.now(UTC) - timedelta(minutes=8)).isoformat()
    deployment.health = {"status": "ok", "last_check": checked_at}
    assert one(find(environ, deployment.url), "health", "ok, last check 8 min ago").verdict is OK


def test_a_slow_deployment_is_found(
    environ: dict[str, str], deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SLOW_SECONDS", 0.0)
    assert one(find(environ, deployment.url), "answer", f"{deployment.url} responded in ").verdict is WARNING


def test_a_deployment_that_is_open_is_found(environ: dict[str, str], deployment: Deployment) -> None:
    deployment.is_locked = False
    # 0.0.0.0 is this machine, and no loopback address.
    others = deployment.url.replace("127.0.0.1", "0.0.0.0")
    words = "without a key the deployment responds with 200, though API_AUTH is all here"
    assert one(find(environ | {"API_AUTH": "all"}, deployment.url), "access", words).verdict is FAILURE
    assert one(find(environ, deployment.url), "access", "without a key this machine can read alerts").verdict is OK
    findings = find(environ, others)
    assert one(findings, "access", f"without a key, anybody who reaches {others} can read alerts").verdict is WARNING
    assert not [each for each in findings if "API_AUTH is" in each.found], "what is so there is not for settings here"
    clear = one(findings, "tls", "the key is sent unencrypted")
    assert (clear.verdict, others.replace("http:", "https:") in (clear.fix or "")) == (WARNING, True)
    assert one(find(environ | {"API_KEY": "hunter2"}, others), "keys", "can be guessed").verdict is FAILURE


UNAVAILABLE = b"HTTP/1.1 503 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
def over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[timedelta], str]]:
    """Serves a deployment over TLS, with a certificate that ends so long from now, and returns its URL."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    servers = RawServers()

    def start(ends: timedelta) -> str:
        at = datetime.now(UTC)
        context = authority.context(at - timedelta(days=30), at + ends)
        return f"https://localhost:{servers(says(UNAVAILABLE), context)}"

    yield start
    servers.close()


def test_a_certificate_that_ends_soon_or_has_ended_is_found(
    environ: dict[str, str], over_tls: Callable[[timedelta], str]
) -> None:
    ends = datetime.now(UTC) + timedelta(days=8)
    found = one(find(environ, over_tls(timedelta(days=8))), "tls", f"the certificate ends on {ends:%Y-%m-%d}")
    assert (found.verdict, found.expected) == (WARNING, "at least 14 days from now")
    found = one(find(environ, over_tls(timedelta(days=-2))), "answer", "certificate expired")
    assert found.verdict is FAILURE


def test_a_certificate_that_lasts_is_said_to(
    environ: dict[str, str], over_tls: Callable[[timedelta], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "EXPIRY", timedelta(days=5))
    assert one(find(environ, over_tls(timedelta(days=8))), "tls", "the certificate ends on ").verdict is OK


@pytest.mark.parametrize("name", [".env.gcp", ".env.aws"])
def test_a_database_that_a_cloud_has_made_is_not_looked_for_here(
    environ: dict[str, str], deployment: Deployment, tmp_path: Path, name: str
) -> None:
    """WITH_DATABASE=1 needs no DATABASE_URL: the default, a file on this machine, is not the deployment's."""
    file = tmp_path / name
    file.touch(0o600)
    del environ["DATABASE_URL"]
    found = one(
        find(environ, deployment.url, file), "store", "only the deployment reaches the database that it has made"
    )
    assert found.verdict is OK
    # It is looked for without the cloud's file or its URL, and if it is named.
    for url, files in ((deployment.url, []), (None, [file])):
        assert one(
            find({**environ, "DATABASE_URL": f"sqlite:///{tmp_path}/none.db"}, url, *files), "store", "there is no"
        )
    far = find({**environ, "DATABASE_URL": "postgresql://me@127.0.0.1:1/b"}, deployment.url, file)
    assert one(far, "store", "").verdict is FAILURE
