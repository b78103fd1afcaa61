"""Checks of the servers that Debian has, if this machine has them."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.running import free_port, wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority

pytestmark = pytest.mark.slow

NOBODY = 65534


def needs(*programs: str) -> Any:
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


@contextmanager
def running(command: Sequence[str], port: int, **options: Any) -> Iterator[None]:
    """Run a server until it takes connections, and end it afterwards."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options) as process:

        def is_up() -> bool:
            if process.poll() is not None:
                assert process.stderr
                pytest.skip(f"{command[0]} does not start here: {process.stderr.read()[-300:]!r}")
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        try:
            wait_until(is_up)
            yield
        finally:
            process.terminate()


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder that a server without root's rights can use."""
    with tempfile.TemporaryDirectory(prefix="bonghwa-") as name:
        if os.getuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        yield Path(name)


def as_nobody() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


@needs("dnsmasq")
def test_dnsmasq_is_understood() -> None:
    port = free_port()
    options = ["--no-daemon", "--no-resolv", "--no-hosts", f"--port={port}", "--listen-address=127.0.0.1"]
    with running(["dnsmasq", *options, "--bind-interfaces", "--address=/shop.example/192.0.2.7"], port):
        query = {"query_name": "shop.example"}
        event = check_policy(f"dns://127.0.0.1:{port}", dns=query, conditions=["[BODY] == 192.0.2.7"])
        assert event.error_message is None
        event = check_policy(f"dns://127.0.0.1:{port}", dns={"query_name": "other.example"})
        assert str(event.error_message).startswith("DNS: ")


@needs("sshd", "ssh-keygen")
def test_openssh_is_understood(nobodys_folder: Path) -> None:
    port, key = free_port(), nobodys_folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, **as_nobody())
    options = ["-D", "-e", "-f", "/dev/null", "-h", str(key), "-p", str(port), "-o", "ListenAddress=127.0.0.1"]
    with running([str(shutil.which("sshd")), *options, "-o", "PidFile=none"], port, **as_nobody()):
        assert check_policy(f"ssh://127.0.0.1:{port}", keyword="OpenSSH").error_message is None


@needs("redis-server")
def test_redis_is_understood(tmp_path: Path) -> None:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--requirepass", "secret", "--dir", str(tmp_path)]
    with running(command, port):
        assert check_policy(f"redis://127.0.0.1:{port}").error_message is None
        assert check_policy(f"redis://:secret@127.0.0.1:{port}").error_message is None
        assert "refused the login" in str(check_policy(f"redis://:no@127.0.0.1:{port}").error_message)


@needs("mariadbd", "mariadb-install-db")
def test_mariadb_is_understood(tmp_path: Path) -> None:
    port = free_port()
    # A program that is not where its package put it finds its own files beside it.
    base = Path(str(shutil.which("mariadbd"))).parent.parent
    options = ["--no-defaults", f"--basedir={base}", f"--datadir={tmp_path}", "--user=root"]
    subprocess.run(["mariadb-install-db", *options, "--skip-test-db"], check=True, capture_output=True)
    server = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={tmp_path}/s", "--max-connect-errors=5"]
    with running(["mariadbd", *options, f"--lc-messages-dir={base}/share/mysql", *server], port):
        for _ in range(12):  # more than the failed connections after which it blocks a host
            assert check_policy(f"mysql://127.0.0.1:{port}", keyword="MariaDB").error_message is None


@needs("mosquitto")
def test_mosquitto_is_understood(tmp_path: Path) -> None:
    port, config = free_port(), tmp_path / "config"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\n")
    with running(["mosquitto", "-c", str(config)], port):
        assert check_policy(f"mqtt://127.0.0.1:{port}").error_message is None
        event = check_policy(f"mqtt://me:wrong@127.0.0.1:{port}")
        assert event.error_message == "the server refused the login: MQTT 5"


@pytest.fixture
def nginx(nobodys_folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of nginx for HTTP/1.1 and for HTTP/2 alone."""
    ports = free_port(), free_port()
    folders = "".join(f"{name}_temp_path {nobodys_folder};" for name in ("client_body", "proxy", "fastcgi"))
    folders += "".join(f"{name}_temp_path {nobodys_folder};" for name in ("uwsgi", "scgi"))
    places = 'location / { return 200 "hello"; } location /moved { return 301 /; } location /gone { return 410; }'
    config = nobodys_folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {nobodys_folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {folders}\n"
        f"server {{ listen 127.0.0.1:{ports[0]}; {places} }}\n"
        f"server {{ listen 127.0.0.1:{ports[1]} http2; {places} }} }}\n"
    )
    with running(["nginx", "-c", str(config), "-e", "stderr"], ports[0], **as_nobody()):
        yield ports


@needs("nginx")
def test_nginx_is_understood(nginx: tuple[int, int]) -> None:
    one, two = nginx
    url = f"http://127.0.0.1:{one}"
    assert check_policy(f"{url}/moved", keyword="hello").error_message is None
    assert check_policy(f"{url}/gone").error_message == "HTTP 410 Gone"
    assert check_policy(f"{url}/", method="HEAD").error_message is None
    assert check_policy(f"http://127.0.0.1:{two}/", http_version="2", keyword="hello").error_message is None
    reused = [check_policy(f"{url}/", connection="reuse").connect_ms for _ in range(2)]
    assert reused[1] is None
    assert check_policy(f"ws://127.0.0.1:{one}/").error_message == "the server refused the WebSocket: HTTP 200"
    assert check_policy(f"grpc://127.0.0.1:{two}").error_message == "not a gRPC answer"
    assert check_policy(f"grpc://127.0.0.1:{one}").error_message == "the server does not speak HTTP/2"
    assert check_policy(f"ssh://127.0.0.1:{one}", timeout="300ms").is_success is False


@needs("caddy")
def test_caddy_is_understood(tmp_path: Path) -> None:
    """It speaks HTTP/3, which the wheel's libcurl does too."""
    port, authority = free_port(), Authority(tmp_path)
    authority.context(TODAY - A_DAY, TODAY + A_DAY)
    config = tmp_path / "Caddyfile"
    config.write_text(
        f"{{\n admin off\n auto_https off\n storage file_system {tmp_path}\n}}\n"
        f"https://localhost:{port} {{\n bind 127.0.0.1\n tls {tmp_path}/server.pem {tmp_path}/server.pem\n"
        ' respond "over {http.request.proto}"\n}\n'
    )
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    with running(command, port, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}):
        for version, spoken in (("1.1", "HTTP/1.1"), ("2", "HTTP/2.0"), ("3", "HTTP/3.0")):
            url, keyword = f"https://localhost:{port}/", f"over {spoken}"
            event = check_policy(url, ca_certificate=authority.file, http_version=version, keyword=keyword)
            assert event.error_message is None
            assert event.certificate_expires_at == TODAY + A_DAY
            assert event.tls_ms is not None
            untrusted = check_policy(url, http_version=version)
            assert untrusted.error_message == "certificate issuer is not trusted"


@pytest.mark.nightly  # Erlang takes 3 s of CPU to start it
@needs("rabbitmq-server", "epmd")
def test_rabbitmq_is_understood(tmp_path: Path) -> None:
    port, own, names = free_port(), free_port(), free_port()
    (tmp_path / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\n")
    # The program in the path changes to another user; this one keeps all in the folder.
    program = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    where = {
        "HOME": tmp_path,
        "RABBITMQ_NODENAME": "bonghwa@localhost",
        "RABBITMQ_MNESIA_BASE": tmp_path / "store",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": tmp_path / "rabbitmq.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": tmp_path / "plugins",
        "RABBITMQ_PID_FILE": tmp_path / "pid",
        "RABBITMQ_DIST_PORT": own,
        "ERL_EPMD_PORT": names,
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    environ = {"PATH": os.environ["PATH"], **{name: str(value) for name, value in where.items()}}
    try:
        with running([str(program)], port, env=environ):
            assert check_policy(f"amqp://127.0.0.1:{port}", keyword="RabbitMQ").error_message is None
            assert check_policy(f"mqtt://127.0.0.1:{port}").is_success is False
            assert check_policy(f"redis://127.0.0.1:{port}", timeout="1s").is_success is False
    finally:
        # Erlang leaves its name server running, which serves nobody else on this port.
        subprocess.run(["epmd", "-port", str(names), "-kill"], env=environ, check=False, capture_output=True)
