"""The environment of a process under test: every variable is set, so that the caller's own does not matter."""

import errno
import itertools
import os
import socket
from pathlib import Path

API_KEY = "a-key-that-is-for-tests-only"
# A test's identity on AWS. The files of the person who runs the tests are not read, and no metadata server is asked.
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTSONLY4242",
    "AWS_SECRET_ACCESS_KEY": "an-aws-secret-that-is-for-tests-only",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")


# Below those that the machine gives to whoever wants any. Each worker has a part of its own: a system that starts would
# take another worker's, which got the same port, for itself. Other processes, such as torture, have the last part.
_PORTS, _FIRST_PORT = 1000, 20_000
_turns = itertools.count(os.getpid())


def free_port() -> int:
    """A port on which nothing listens, on any address of this machine: some tests listen on all of them."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 10
    ports = (_FIRST_PORT + worker * _PORTS + turn % _PORTS for turn in _turns)
    return next(port for port in ports if _is_free(port))


def _is_free(port: int) -> bool:
    try:
        with socket.socket() as probe:
            probe.bind(("", port))
        if socket.has_ipv6:
            with socket.socket(socket.AF_INET6) as probe:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(("::", port))
    except OSError as error:
        return error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # this machine has no IPv6
    return True


def environment(folder: Path, /, **variables: str | None) -> dict[str, str]:
    """Every variable that the system reads, with its files in ``folder``. None leaves a variable out."""
    defaults = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    defaults |= {
        "TARGET_URL": "http://127.0.0.1:1/",
        "CONFIG_FILE": "",
        "CHECK_INTERVAL_SECONDS": "0.3",
        "CHECK_TIMEOUT_SECONDS": "5",
        "LOCATION": "",
        "ALLOW_PRIVATE_TARGETS": "",
        "CONNECTIVITY_CHECK": "",
        "HEARTBEAT_URL": "",
        "FLASK_HOST": "",
        "FLASK_PORT": str(free_port()),
        "BACKEND_URL": "",
        "CLAIM_URL": "",
        "PUBLIC_URL": "",
        "API_KEY": API_KEY,
        "API_AUTH": "ingest",
        "DATABASE_URL": f"sqlite:///{folder / 'bonghwa.db'}",
        "SPOOL_DIR": "",
        "MESSAGE_LANGUAGE": "en",
        "NOTIFICATION_TTL": "86400",
        # Tests let one monitor fail and recover many times.
        "FLAPPING_STARTS": "off",
        "TELEGRAM_BOT_TOKEN": "",
        "TELEGRAM_CHAT_ID": "",
        "TELEGRAM_API_URL": "",
        "TELEGRAM_TOPIC_ID": "",
        "TELEGRAM_SILENT_RECOVERY": "",
        "TELEGRAM_WEBHOOK_SECRET": "",
        "TELEGRAM_POLLING": "",
        "SNS_TOPIC_ARN": "",
        "CHANNELS": "",
        "LOG_DIR": str(folder / "logs"),
        "LOG_LEVEL": "INFO",
    }
    return {name: value for name, value in {**defaults, **variables}.items() if value is not None}
