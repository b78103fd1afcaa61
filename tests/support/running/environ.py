"""The environment of a process under test: every variable is set, so that the caller's own does not matter."""

import contextlib
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


def free_port() -> int:
    """A port on which nothing listens, on any address of this machine: some tests listen on all of them."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as both:
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        both.bind(("::", 0))
        return int(both.getsockname()[1])
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


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
