"""The manual's configuration for nginx, in front of the whole system."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from shared import ROOT
from shared.models import as_text, now
from tests.functions.api import FAILURE
from tests.support.running import API_KEY, LocalSystem, free_port, wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority

NAME = "bonghwa.example.com"
# The configuration that nginx needs around a site to run from a folder, by anybody.
_AROUND = """
daemon off; pid {folder}/nginx.pid; error_log stderr; {user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {site}
}}
"""
Ask = Callable[..., Any]


def site_of(readme: str) -> str:
    """The site in the manual."""
    [found] = re.findall(r"(?s)```nginx\n(.*?)```", (ROOT / "infra/local" / readme).read_text(encoding="utf-8"))
    return str(found)


def test_both_manuals_show_the_same_site() -> None:
    assert site_of("README.md") == site_of("README.ko.md")


def moved(site: str, ports: dict[int, int], backend: int, certificate: Path) -> str:
    """The site on ports of this machine alone, with a certificate that is there."""
    site = re.sub(r"listen \[::\]:.*\n", "", site)
    site = re.sub(r"listen (\d+)", lambda found: f"listen 127.0.0.1:{ports[int(found[1])]}", site)
    site, certificates = re.subn(r"/etc/letsencrypt/\S+\.pem", str(certificate), site)
    site, backends = re.subn(r"http://127\.0\.0\.1:5000", f"http://127.0.0.1:{backend}", site)
    assert (certificates, backends) == (2, 1)
    return site


def is_listening(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nginx(folder: Path, site: str, ports: Iterable[int]) -> Iterator[None]:
    """nginx with this site, once it listens on these ports, until the end."""
    folder.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, site=site, user=user), encoding="utf-8")
    asked = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    tested = subprocess.run([*asked, "-t"], capture_output=True, text=True, check=False)
    assert (tested.returncode, "warn" in tested.stderr) == (0, False), tested.stderr
    with subprocess.Popen(asked, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: all(map(is_listening, ports)) or process.poll() is not None, 10)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


@pytest.fixture(scope="module")
def ask(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks the system through nginx, over TLS unless a test says otherwise."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    authority = Authority(folder)
    authority.context(TODAY - A_DAY, TODAY + A_DAY, NAME)
    ports = {80: free_port(), 443: free_port()}
    given = {"PUBLIC_URL": f"https://{NAME}", "API_AUTH": "all", "STATUS_PAGE": "true"}
    (folder / "system").mkdir()
    with LocalSystem(project, folder / "system", **given) as system:
        site = moved(site_of("README.md"), ports, system.port, folder / "server.pem")
        with (
            nginx(folder / "served", site, ports.values()),
            urllib3.HTTPConnectionPool("127.0.0.1", ports[80]) as plain,
            urllib3.HTTPSConnectionPool(
                "127.0.0.1", ports[443], ca_certs=authority.file, server_hostname=NAME, assert_hostname=NAME
            ) as secure,
        ):

            def ask(method: str, path: str, *, over_tls: bool = True, host: str = NAME, **options: Any) -> Any:
                headers = {"Host": host, **options.pop("headers", {})}
                pool = secure if over_tls else plain
                return pool.request(method, path, headers=headers, redirect=False, retries=False, timeout=30, **options)

            yield ask


@pytest.mark.system
def test_pages_and_their_assets_come_through(ask: Ask) -> None:
    page = ask("GET", "/status?lang=en")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    [style] = re.findall(r'href="\./(assets/bonghwa-\w+\.css)"', page.data.decode())
    assert ask("GET", f"/{style}").status == 200
    assert f"https://{NAME}/status" in ask("GET", "/status/feed.atom").data.decode()


@pytest.mark.system
def test_the_api_comes_through_and_needs_its_key(ask: Ask) -> None:
    key = {"X-API-Key": API_KEY}
    events = [FAILURE | {"monitor": f"m{number}", "timestamp": as_text(now())} for number in range(300)]
    assert ask("POST", "/events", json=events).status == 401
    assert ask("POST", "/events", json=events, headers=key).status == 201
    # Larger than what nginx keeps in memory of a response.
    alerts = ask("GET", "/alerts?limit=1000", headers=key).json()["alerts"]
    assert {event["monitor"] for event in events} <= {alert["subject"] for alert in alerts}
    assert ask("GET", "/metrics", headers={"Authorization": f"Bearer {API_KEY}"}).status == 200


@pytest.mark.system
def test_another_name_is_refused_and_plain_http_leads_to_tls(ask: Ask) -> None:
    assert ask("GET", "/status", host="elsewhere.example").status == 421
    led = ask("GET", "/status?lang=ko", over_tls=False)
    assert (led.status, led.headers["Location"]) == (301, f"https://{NAME}/status?lang=ko")
