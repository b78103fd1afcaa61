"""The names by which a function may be called."""

import socket

import pytest

from shared.settings import Settings
from shared.web import Problem, refuse_foreign_host

HERE = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
LAMBDA = "bonghwa"


def is_refused(host: str | None, bound: str = HERE, **variables: str) -> bool:
    environ = {"SERVER_NAME": bound} | ({} if host is None else {"HTTP_HOST": host})
    try:
        refuse_foreign_host(environ, Settings.from_env({"FLASK_HOST": bound, **variables}))
    except Problem as problem:
        return (problem.status, problem.members["field"]) == (421, "Host")
    return False


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:5000",
        "localhost.",
        "bonghwa.localhost:5000",
        "127.0.0.1:5000",
        "127.9.9.9",
        "[::1]:5000",
        socket.gethostname(),
        f"{socket.gethostname().partition('.')[0]}.local:5000",
        None,
        "",
    ],
)
def test_this_machines_own_names_are_served(host: str | None) -> None:
    assert not is_refused(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
        "user@evil.example",
        "localhost@evil.example",
        "evil.example#localhost",
        "192.0.2.1",
        "[2001:db8::1]",
        "a..b",
        "run.app.evil.example",
        "evil-run.app",
        "ec2-192-0-2-1.compute-1.amazonaws.com",
    ],
)
def test_a_foreign_host_is_refused(host: str) -> None:
    assert is_refused(host)


@pytest.mark.parametrize(
    ("host", "refused"), [("192.0.2.1", False), ("[2001:db8::1]:80", False), ("evil.example", True)]
)
def test_on_every_address_each_address_is_ours(host: str, refused: bool) -> None:
    assert is_refused(host, EVERYWHERE) is refused
    assert is_refused(host, "::") is refused


def test_the_address_that_it_is_bound_to_is_ours() -> None:
    assert not is_refused("192.0.2.1:5000", "192.0.2.1")
    assert is_refused("192.0.2.2:5000", "192.0.2.1")


@pytest.mark.parametrize("variable", ["PUBLIC_URL", "BACKEND_URL"])
def test_a_setting_adds_its_name(variable: str) -> None:
    added = {variable: "https://Bonghwa.example.com:8443/at/"}
    assert not is_refused("bonghwa.example.com", **added)
    assert not is_refused("BONGHWA.example.com:443", **added)
    assert is_refused("www.bonghwa.example.com", **added)


@pytest.mark.parametrize("cloud", ["K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"])
def test_in_a_cloud_only_a_public_url_refuses(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cloud, LAMBDA)
    public = {"PUBLIC_URL": "https://bonghwa.example.com"}
    for host in ("evil.example", "0123abcd.execute-api.eu-west-1.amazonaws.com"):
        assert not is_refused(host)
    assert is_refused("evil.example", **public)
    assert is_refused("evil-run.app", **public)
    for platform in (
        "x.execute-api.eu-west-1.amazonaws.com",
        "x-uc.a.run.app",
        "e.cloudfunctions.net",
        "x.gateway.dev",
    ):
        assert not is_refused(platform, **public)
    assert not is_refused("bonghwa.example.com", **public)
    # A scheduled run calls itself so.
    assert not is_refused("localhost", **public)


def test_the_platforms_own_url_refuses_no_other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment sets it by itself; a load balancer of one's own may lead another name to the service."""
    own = {"PUBLIC_URL": "https://bonghwa-123456789012.asia-northeast3.run.app"}
    assert is_refused("watch.example.com", **own)
    monkeypatch.setenv("K_SERVICE", LAMBDA)
    assert not is_refused("watch.example.com", **own)
