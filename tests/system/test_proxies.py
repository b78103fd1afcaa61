"""The running system with proxy variables in its environment: it runs right, or one line says why it does not start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forking.forks import run
from tests.support.running import START, START_SECONDS, LocalSystem, environment, free_port
from tests.support.stand_ins import BotApi, Exchange, StandIn, Target

pytestmark = pytest.mark.system


class Proxy(StandIn):
    """An HTTP proxy that answers everything itself."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(exchange.path)
        exchange.answer(200, "from the proxy")


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as listening:
        yield listening


NOBODY = "127.0.0.1:9"


@pytest.mark.parametrize(
    "variables",
    [
        {"NO_PROXY": "localhost,127.0.0.0/8,::1/128"},
        {"http_proxy": f"http://{NOBODY}", "NO_PROXY": "localhost,127.0.0.0/8,::1/128"},
        {"ALL_PROXY": f"socks5://{NOBODY}", "NO_PROXY": "127.0.0.1"},
        {"HTTP_PROXY": NOBODY, "no_proxy": "127.0.0.*"},
        {"all_proxy": f"socks://{NOBODY}", "no_proxy": "*"},
    ],
    ids=str,
)
def test_a_message_arrives_where_no_proxy_names_the_host(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi, variables: dict[str, str]
) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ, **variables) as system:
        system.wait_until(lambda: target.hits)
        target.is_down = True
        system.wait_until(lambda: bot_api.messages, 20)
    assert bot_api.messages[0].startswith("OUTAGE")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0.0.0.0"])
def test_the_systems_own_calls_use_no_proxy(
    project: Path, tmp_path: Path, target: Target, proxy: Proxy, host: str
) -> None:
    variables = {"FLASK_HOST": host, "http_proxy": f"http://{NOBODY}", "HTTP_PROXY": proxy.url, "ALL_PROXY": proxy.url}
    system = LocalSystem(project, tmp_path, TARGET_URL=target.url, API_AUTH="all", **variables)
    system.url = system.url.replace("127.0.0.1", host if host != "0.0.0.0" else "127.0.0.1")
    with system:
        system.wait_until(lambda: system.told("OUTAGE"), 20)
    assert "proxy" not in str(proxy.asked)
    assert proxy.asked == []


def test_a_check_goes_through_the_proxy_and_a_report_does_not(project: Path, tmp_path: Path, proxy: Proxy) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL="http://shop.example/", HTTP_PROXY=proxy.url) as system:
        system.wait_until(lambda: system.events(is_success=True))
    assert set(proxy.asked) == {"http://shop.example/"}


@pytest.mark.parametrize(
    ("variables", "variable"),
    [
        ({"NO_PROXY": "localhost,10.0.0.0/99"}, "NO_PROXY"),
        ({"no_proxy": "http://inner.example/"}, "no_proxy"),
        ({"https_proxy": "ftp://proxy.example"}, "https_proxy"),
        ({"HTTP_PROXY": "http://me:planted-secret@proxy.example:http"}, "HTTP_PROXY"),
        ({"ALL_PROXY": f"socks5://me:planted-secret@{NOBODY}"}, "ALL_PROXY"),
        ({"all_proxy": f"socks4://{NOBODY}", "NO_PROXY": "other.example"}, "all_proxy"),
    ],
    ids=str,
)
def test_a_proxy_that_cannot_be_used_stops_the_start(
    project: Path, tmp_path: Path, variables: dict[str, str], variable: str
) -> None:
    channel = {"TELEGRAM_BOT_TOKEN": "123456:planted-token", "TELEGRAM_CHAT_ID": "1"}
    environ = environment(tmp_path, **channel, **variables)
    ended = run(START, project, environ, seconds=START_SECONDS)
    assert ended.returncode == 1
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"bonghwa: {variable} is '")
    assert "planted" not in line


@pytest.mark.parametrize(
    ("variables", "variable"),
    [({"ALL_PROXY": f"socks5://{NOBODY}"}, "ALL_PROXY"), ({"NO_PROXY": "10.0.0.0/99"}, "NO_PROXY")],
)
def test_the_doctor_finds_a_proxy_that_cannot_be_used(
    project: Path, tmp_path: Path, variables: dict[str, str], variable: str
) -> None:
    api = f"http://shop.example:{free_port()}"
    channel = {"TELEGRAM_BOT_TOKEN": "123456:planted-token", "TELEGRAM_CHAT_ID": "1", "TELEGRAM_API_URL": api}
    environ = environment(tmp_path, **channel, **variables)
    command = [*START[:-1], "infra", "doctor", "--send-test"]
    ended = run(command, project, environ, seconds=60)
    assert "Traceback" not in ended.stderr + ended.stdout
    assert ended.returncode == 1
    assert any(line.startswith("failure") and f"{variable} is '" in line for line in ended.stdout.splitlines())
    assert "planted" not in ended.stdout
