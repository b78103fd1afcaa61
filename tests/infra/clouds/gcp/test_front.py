"""The public service: the laptop's gateway, before functions in the same process or before their own services."""

import base64
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import functions_framework
import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import Client, EnvironBuilder

from infra.clouds.gcp import front
from infra.table import MAIN, rows
from shared.web.forwarded import ONLY_FORWARDED, as_it_came
from tests.support.routes import filled
from tests.support.running import API_KEY
from tests.support.stand_ins import Echo, Exchange, StandIn

CALLED = [row for row in rows() if row.every is None]


class Metadata(StandIn):
    """The metadata server: an identity token for each audience, which ends after ``lasts`` seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.lasts = 3600.0

    def answer(self, exchange: Exchange) -> None:
        path, _, audience = exchange.path.partition("?audience=")
        is_good = path.endswith("/default/identity") and exchange.headers["Metadata-Flavor"] == "Google"
        self.asked.append(audience)
        claims = json.dumps({"aud": audience, "exp": time.time() + self.lasts}).encode()
        token = f"head.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.mac{len(self.asked)}"
        exchange.answer(200 if is_good else 403, token if is_good else "")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of the public service, which has not answered yet."""
    for name, value in {
        "API_KEY": API_KEY,
        "API_AUTH": "all",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}",
        "LOG_DIR": "",
    }.items():
        monkeypatch.setenv(name, value)
    front._take_over.cache_clear()
    yield
    front._take_over.cache_clear()


def started(target: str) -> FlaskClient:
    """The service as functions-framework starts it."""
    client: FlaskClient = functions_framework.create_app(target, str(MAIN)).test_client()  # type: ignore[no-untyped-call]
    return client


@pytest.mark.usefixtures("made")
def test_together_each_route_leads_to_its_function() -> None:
    client = started("together")
    for row in CALLED:
        for route in row.routes:
            response = client.open(filled(route.path), method=route.method)
            assert response.status_code in (200, 303, 400, 401, 403, 404, 410), (route, response.text)
            assert response.status_code == 401 or route.access == "open" or row.name == "receive_telegram"


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/robots.txt", 404), ("GET", "/a\nb", 404), ("POST", "/check_monitors", 404), ("PUT", "/alerts", 405)],
)
def test_what_has_no_route_is_a_problem_as_on_a_laptop(method: str, path: str, status: int) -> None:
    response = started("together").open(path, method=method, headers={"X-API-Key": API_KEY})
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert ("Allow" in response.headers) == (status == 405)


@pytest.mark.usefixtures("made")
def test_a_cold_start_pays_for_one_function() -> None:
    """No function is imported before a request for it comes."""
    names = {f"functions.{row.name}.main" for row in CALLED}
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        client = started("together")
        assert not names & set(sys.modules)
        client.get("/openapi.json", headers={"X-API-Key": API_KEY})
        assert names & set(sys.modules) == {"functions.describe_api.main"}
    finally:
        sys.modules.update(kept)


@pytest.mark.usefixtures("made")
def test_the_agents_service_serves_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(front.SERVES, "ingest_event,claim_checks")
    client = started("together")
    headers = {"X-API-Key": API_KEY}
    assert client.post("/checks/claim", json={"agent": "a", "seconds": 1}, headers=headers).status_code == 200
    assert client.get("/alerts", headers=headers).status_code == 404
    assert client.get("/events", headers=headers).status_code == 405


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """The metadata server of the service's instance."""
    with Metadata() as listening:
        monkeypatch.setenv("GCE_METADATA_HOST", listening.url.removeprefix("http://"))
        yield listening


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    """The functions' services."""
    with Echo(200) as listening:
        monkeypatch.setenv(front.FORWARD_TO, f"{listening.url}")
        yield listening


def forwarded(path: str, **headers: str) -> dict[str, str]:
    """The headers with which a GET arrives at the service of its function."""
    client = Client(front._take_over(front.forwarder))
    response = client.get(path, headers=headers, environ_overrides={"RAW_URI": path})
    assert response.status_code == 200, response.text
    lines = (line.partition(": ") for line in response.text.splitlines())
    return {name.title(): value for name, _, value in lines if name}


@pytest.mark.usefixtures("made")
def test_apart_a_request_goes_on_with_an_identity(metadata: Metadata, echo: Echo) -> None:
    arrived = forwarded("/alerts", Authorization="Bearer of-the-caller", Host="bonghwa-1.us-central1.run.app")
    assert arrived["X-Serverless-Authorization"].startswith("Bearer head.")
    assert metadata.asked == [echo.url]
    # The caller's own headers stay so; Cloud Run finds the service by its name.
    assert arrived["Authorization"] == "Bearer of-the-caller"
    assert arrived["Host"] == echo.url.removeprefix("http://")


@pytest.mark.usefixtures("made", "metadata", "echo")
def test_apart_a_function_sees_a_request_as_it_came() -> None:
    host = "bonghwa-1.us-central1.run.app"
    said = {"Host": host, "X-Forwarded-For": "10.0.0.1, 203.0.113.9", "X-Bonghwa-Host": "evil.example"}
    arrived = forwarded("/alerts", **said)
    seen: dict[str, str] = {}
    app = as_it_came(lambda environ, _: [seen.update(environ) or b""])
    # Cloud Run adds the address of the gateway.
    headers = arrived | {"X-Forwarded-For": f"{arrived['X-Forwarded-For']}, 169.254.1.1"}
    list(app(EnvironBuilder(headers=Headers(headers)).get_environ(), lambda *_: lambda _: None))
    assert (seen["HTTP_HOST"], seen["HTTP_X_FORWARDED_FOR"]) == (host, said["X-Forwarded-For"])


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(("is_private", "status"), [(True, 303), (False, 403)])
def test_apart_somebody_can_sign_in(monkeypatch: pytest.MonkeyPatch, is_private: bool, status: int) -> None:
    if is_private:
        monkeypatch.setenv(ONLY_FORWARDED, "true")
    headers = {"Origin": "https://bonghwa-1.us-central1.run.app", "X-Bonghwa-Host": "bonghwa-1.us-central1.run.app"}
    response = started("dashboard").post(
        "/dashboard/sign-in", data={"key": API_KEY}, headers=headers | {"Host": "bonghwa-dashboard-1.run.app"}
    )
    assert response.status_code == status, response.text


@pytest.mark.usefixtures("made", "echo")
@pytest.mark.parametrize(("lasts", "asked"), [(3600, 1), (30, 2)])
def test_apart_a_token_is_used_until_shortly_before_its_end(metadata: Metadata, lasts: float, asked: int) -> None:
    metadata.lasts = lasts
    client = Client(front._take_over(front.forwarder))
    for _ in range(2):
        assert client.get("/alerts", environ_overrides={"RAW_URI": "/alerts"}).status_code == 200
    assert len(metadata.asked) == asked


@pytest.mark.usefixtures("made", "echo")
def test_apart_without_an_identity_the_service_decides(metadata: Metadata) -> None:
    metadata.is_down = True
    assert forwarded("/alerts")["X-Serverless-Authorization"].strip() == "Bearer"


@pytest.mark.usefixtures("made", "metadata")
def test_apart_a_service_that_is_away_is_a_503(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.gateway.START_SECONDS", 0.0)
    echo.is_down = True
    response = Client(front._take_over(front.forwarder)).get("/alerts", environ_overrides={"RAW_URI": "/alerts"})
    assert (response.status_code, response.mimetype) == (503, "application/problem+json")
