"""The search for secrets finds one wherever it is. Every test that starts a system ends with that search."""

import base64
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from shared import ROOT
from tests.support import leaks
from tests.support.running import LocalSystem, Running, environment
from tests.support.stand_ins import BotApi, Echo, Target, resets, unauthorized

# No other system of the tests has this secret. Otherwise the search at the end of the run would find it too.
PLANTED = "planted+secret/of:the~tests?=1"
SECRETS = {"SOME_KEY": {PLANTED}}


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (f"key={PLANTED}\n", "as it is"),
        (f"?key={quote(PLANTED)}&x", "percent-encoded as in a path"),
        (f"?key={quote_plus(PLANTED)}&x", "as in a query"),
        (f"?key={quote(PLANTED, safe='').lower()}&x", "with small letters"),
        ("".join(f"%{byte:02X}" for byte in PLANTED.encode()), "every byte of it"),
        (PLANTED.encode().hex(), "hex"),
        *((base64.b64encode(f"{'x' * n}{PLANTED}".encode()).decode(), f"base64, {n} in") for n in range(4)),
        *((base64.b64encode(f"{PLANTED}{'x' * n}".encode()).decode(), f"base64, {n} after") for n in range(4)),
        (base64.urlsafe_b64encode(f"bot:{PLANTED}".encode()).decode(), "base64 for URLs"),
    ],
)
def test_a_secret_is_found_however_it_is_written(tmp_path: Path, written: str, why: str) -> None:
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "server.log"
    log.write_bytes(b"\0\xff before " + written.encode() + b" after")
    with pytest.raises(AssertionError, match=r"server\.log: SOME_KEY") as raised:
        leaks.search(tmp_path, SECRETS)
    assert PLANTED not in str(raised.value), why
    # If a piece of it is missing, it is no secret any more.
    middle = len(written) // 2
    log.write_text(written[: middle - 4] + "####" + written[middle:])
    leaks.search(tmp_path, SECRETS)


def test_only_the_settings_file_may_hold_a_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SOME_KEY={PLANTED}")
    leaks.search(tmp_path, SECRETS)
    (tmp_path / ".env.old").write_text(f"SOME_KEY={PLANTED}")
    with pytest.raises(AssertionError, match=r"\.env\.old"):
        leaks.search(tmp_path, SECRETS)


def test_secret_settings_are_known_by_their_names() -> None:
    found = leaks.secrets_of(
        {
            "API_KEY": "first-key, second-key",
            "TELEGRAM_BOT_TOKEN": BotApi.token,
            "HEARTBEAT_URL": "https://hc.example/ping-0123456789",
            "DATABASE_URL": "postgresql://bonghwa:pass-word@db/x",
            "TARGET_URL": "https://public.example/,http://monitor:pass-of-shop@shop.example/",
            "FLASK_PORT": "5000",
            "CHANNELS": '{"ops": {"kind": "telegram", "bot_token": "123456:token-of-ops", "chat_id": -1001234567}}',
        }
    )
    assert found["API_KEY"] >= {"first-key", "second-key"}
    assert found["TELEGRAM_BOT_TOKEN"] == {BotApi.token, BotApi.token.partition(":")[2]}
    assert found["HEARTBEAT_URL"] >= {"ping-0123456789"}
    assert found["DATABASE_URL"] == {"pass-word"}
    assert found["TARGET_URL"] == {"pass-of-shop"}
    assert found["OPS.BOT_TOKEN"] == {"123456:token-of-ops", "token-of-ops"}
    assert found.keys() == {
        "API_KEY",
        "TARGET_URL",
        "TELEGRAM_BOT_TOKEN",
        "HEARTBEAT_URL",
        "DATABASE_URL",
        "OPS.BOT_TOKEN",
    }


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads Linux's /proc")
def test_a_secret_in_a_list_of_processes_is_found(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('here', flush=True); input()", f"--key={PLANTED}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        said = leaks.command_lines([process.pid])
        process.communicate(b"\n")
    with pytest.raises(AssertionError, match=f"command line of process {process.pid}: SOME_KEY"):
        leaks.search(tmp_path, SECRETS, said)


LEAKY_TESTS = """
from tests.support.running import API_KEY

def test_that_prints():
    print(f"authorized by {API_KEY}")

def test_that_keeps_quiet():
    print("authorized")

def test_that_leaves_a_file(tmp_path):
    (tmp_path / "spool.jsonl").write_text(API_KEY)
"""


@pytest.mark.system
def test_a_run_fails_if_a_test_prints_or_leaves_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "test_leaky.py"
    file.write_text(LEAKY_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    # Outside this run's files, because the search at the end of this run would find the secrets too.
    with tempfile.TemporaryDirectory() as folder:
        command += [f"--basetemp={folder}/inner", f"--rootdir={tmp_path}", str(file)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 1
    assert "secrets can be read in what was printed: ['API_KEY']" in ended.stdout
    assert re.search(r"secrets can be read in \[.*spool\.jsonl: API_KEY", ended.stdout)
    assert re.findall(r"(?m)^(PASSED|FAILED|ERROR) \S+::(\w+)", ended.stdout) == [
        ("PASSED", "test_that_prints"),
        ("PASSED", "test_that_keeps_quiet"),
        ("PASSED", "test_that_leaves_a_file"),
        ("ERROR", "test_that_prints"),
        ("ERROR", "test_that_leaves_a_file"),  # the end of the run counts for the last test
    ]


TELLTALE = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ[self.path.strip("/") or "FLASK_PORT"].encode())
    def log_message(self, *_):
        print(os.environ["PRINTED"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["FLASK_PORT"])), Handler).serve_forever()
"""


@pytest.mark.system
@pytest.mark.parametrize(
    ("printed", "path", "place"),
    [
        (PLANTED, "/", r"output-.*\.txt: API_KEY"),
        ("nothing", "/API_KEY", r"the response to GET http.*/API_KEY: API_KEY"),
        ("nothing", "/", None),
    ],
)
def test_a_system_that_leaks_its_secret_fails_its_test(
    tmp_path: Path, printed: str, path: str, place: str | None
) -> None:
    environ = environment(tmp_path, API_KEY=PLANTED, PRINTED=printed)
    running = Running([sys.executable, "-c", TELLTALE], tmp_path, tmp_path, environ)
    running.start()
    running.wait_until_ready()
    running.get(path)
    if place is None:
        running.stop()
    else:
        with pytest.raises(AssertionError, match=place):
            running.stop()
    assert running.living() == []


@pytest.mark.system
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads Linux's /proc")
def test_many_processes_in_trouble_keep_their_secrets(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    """No secret is in a file, a response or the list of processes."""
    target.is_down = True
    bot_api.queue(resets)
    bot_api.behaviour = unauthorized
    settings = {"SEPARATE": "1", "FLASK_DEBUG": "true", "LOG_LEVEL": None, "API_KEY": PLANTED, **bot_api.environ}
    watched = target.url.replace("://", f"://monitor:{quote(PLANTED, safe='')}@")
    with LocalSystem(project, tmp_path, TARGET_URL=watched, **settings) as system:
        system.wait_until(lambda: any(log["status"] == "FAILED" for log in system.notification_logs()))
        for key in ("wrong", f"{PLANTED}x", None):
            assert system.post("/events", {"target_url": PLANTED[::-1]}, key=key).status_code == 401
        assert system.post("/events", {"target_url": []}, key=PLANTED).status_code == 400
        shown = leaks.command_lines(system.living())

    # The gateway, its worker, the supervisor and one process for each function were searched.
    assert len(shown) >= 11
    assert sum(b"infra.local" in line for line in shown.values()) >= 11
    searched = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"server.log", "agent.log", "bonghwa.db"} <= searched
    assert any(re.fullmatch(r"output-.*\.txt", name) for name in searched)


@pytest.mark.system
def test_a_backend_that_echoes_leaves_the_key_in_no_log(project: Path, tmp_path: Path, target: Target) -> None:
    """The search at the system's end finds no key, although each response to the agent has held it."""
    with Echo() as echo:
        settings = {"BACKEND_URL": echo.url, "FLASK_DEBUG": "true", "LOG_LEVEL": None, "API_KEY": PLANTED}
        with LocalSystem(project, tmp_path, TARGET_URL=target.url, **settings) as system:
            log = tmp_path / "logs" / "agent.log"
            system.wait_until(lambda: " status=500 " in log.read_text())
            echo.status = 401
            system.wait_until(lambda: " status=401 " in log.read_text())
    assert all(PLANTED in text for text in echo.echoed)
