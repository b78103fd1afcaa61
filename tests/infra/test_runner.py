"""The local runner: how it starts, what it says, what it never does, and how it ends."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local import schedules
from infra.table import rows
from tests.support.running import API_KEY, START, START_SECONDS, LocalSystem, copy_project, environment, free_port
from tests.support.stand_ins import BotApi, Target, internal_error, resets, unauthorized

system = pytest.mark.system
one_and_many_processes = pytest.mark.parametrize("separate", ["", "1"], ids=["one process", "SEPARATE=1"])
on_linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's /proc/net/tcp")

LOG_LINE = (
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO   |WARNING|ERROR  ) [a-z_]+( [a-z_]+=(\"(\\.|[^\"\\])*\"|[^ \"=]+))*"
)


@pytest.fixture
def new_project(tmp_path: Path) -> Path:
    """A project that nobody has started yet."""
    return copy_project(tmp_path / "project")


# --- .env -------------------------------------------------------------------------------------------------------------


@system
def test_only_the_first_start_makes_a_settings_file_with_a_key(
    new_project: Path, tmp_path: Path, target: Target
) -> None:
    file = new_project / ".env"
    # As a user does it: what the file says is not in the environment too.
    from_the_file = dict.fromkeys(["API_KEY", "LOG_DIR", "DATABASE_URL", "BACKEND_URL", "CHECK_TIMEOUT_SECONDS"])
    with LocalSystem(new_project, tmp_path, TARGET_URL=target.url, **from_the_file) as first:
        made = file.read_text()
        key = settings_of(file)["API_KEY"]

        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(key) >= 32
        assert re.sub(r"(?m)^API_KEY=.*$", "API_KEY=", made) == (new_project / ".env.example").read_text()
        assert "made now" in first.output()
        assert key not in first.output()
        assert first.post("/events", event(target), key=key).status_code == 201
        assert first.post("/events", event(target)).status_code == 401
        first.wait_until(lambda: target.hits)
        assert (new_project / "notifications.db").exists()
        assert (new_project / "logs" / "server.log").exists()

    file.write_text(made + "# a line of the user's\n")
    with LocalSystem(new_project, tmp_path, TARGET_URL=target.url, **from_the_file) as second:
        assert file.read_text() == made + "# a line of the user's\n"
        assert "made now" not in second.output()
        assert second.post("/events", event(target), key=key).status_code == 201


@system
def test_two_settings_files_have_different_keys(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        folder = copy_project(tmp_path / name)
        init_db(folder, environment(folder, API_KEY=None))
        keys.add(settings_of(folder / ".env")["API_KEY"])
    assert len(keys) == 2


@system
def test_the_environment_wins_over_the_settings_file(new_project: Path, tmp_path: Path, target: Target) -> None:
    (new_project / ".env").write_text(
        "API_KEY=from-the-file\nTARGET_URL=http://from-the-file.example\nMESSAGE_LANGUAGE=ko\nAPI_AUTH=all\n"
    )
    variables = {"TARGET_URL": target.url, "API_KEY": "from-the-environment", "API_AUTH": "ingest"}
    with LocalSystem(new_project, tmp_path, MESSAGE_LANGUAGE=None, **variables) as running:
        assert running.post("/events", event(target), key="from-the-file").status_code == 401
        assert running.post("/events", event(target), key="from-the-environment").status_code == 201
        assert "from-the-file.example" not in running.output()
        # And what only the file says is so, too.
        target.is_down = True
        running.wait_until(lambda: running.told("장애"))


# --- what it says -----------------------------------------------------------------------------------------------------


@system
def test_the_banner_says_what_is_watched_and_where_things_are(project: Path, tmp_path: Path, target: Target) -> None:
    urls = f"{target.url}/one?ids=1,2, {target.url}/two?next=1,http://me:planted-pw@127.0.0.1:{target.port}/three,"
    with LocalSystem(project, tmp_path, TARGET_URL=urls, CHECK_INTERVAL_SECONDS="1.5") as silent:
        banner = silent.output()

    assert re.search(rf"(?m)^Bonghwa +http://localhost:{silent.port} ", banner)
    watched = re.search(r"(?m)^watching  (\S+)  every 1\.5 s\n {10}(\S+)\n {10}(\S+)$", banner)
    assert watched is not None
    assert list(watched.groups()) == [
        f"{target.url}/one?ids=1,2",
        f"{target.url}/two?next=1",
        f"http://me:***@127.0.0.1:{target.port}/three",
    ]
    assert re.search(r"(?m)^channels +console +\(off: sns, telegram\)$", banner)
    assert re.search(rf"(?m)^database +{silent.database}$", banner)
    assert re.search(rf"(?m)^logs +{tmp_path}/logs/server\.log, agent\.log$", banner)
    assert re.search(rf"(?m)^settings +{project}/\.env", banner)


@system
def test_a_second_start_is_ready_at_once(project: Path, tmp_path: Path, target: Target) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url):
        pass
    began = time.monotonic()
    with LocalSystem(project, tmp_path, TARGET_URL=target.url):
        # Two seconds on an idle machine; the tests may share theirs.
        assert time.monotonic() - began < 4.0


@system
def test_the_logs_have_a_line_for_each_step_of_an_alert(project: Path, tmp_path: Path, target: Target) -> None:
    target.is_down = True
    with LocalSystem(project, tmp_path, TARGET_URL=target.url) as running:
        running.wait_until(lambda: running.told("OUTAGE"))
        running.patch("/alerts/1", {"status": "ACK", "by": "Kim"})
        target.is_down = False
        running.wait_until(lambda: len(running.notification_logs()) == 2)

    server = (tmp_path / "logs" / "server.log").read_text(encoding="utf-8").splitlines()
    agent = (tmp_path / "logs" / "agent.log").read_text(encoding="utf-8").splitlines()
    assert [line for line in server + agent if not re.fullmatch(LOG_LINE, line)] == []
    steps = [line.split()[2] for line in server if " alert_id=1 " in line]
    assert [step for step in steps if step != "event_stored"] == [
        "alert_opened",
        "notification_sent",
        "alert_moved",
        "alert_resolved",
        "notification_sent",
    ]
    assert all(f" target_url={target.url} " in line for line in server if " alert_id=1 " in line)
    assert {line.split()[2] for line in agent} == {"checked"}
    assert all(f" target_url={target.url} " in line for line in agent)
    # Each event is in both logs.
    events = {row["event_id"] for row in running.rows("SELECT event_id FROM events")}
    for log in (server, agent):
        assert events <= {found for line in log for found in re.findall(r" event_id=(\w+)", line)}


# --- what it never does -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["", "1"], ids=["one process", "SEPARATE=1"])
def debugged(
    request: pytest.FixtureRequest, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalSystem]:
    """A running system that was told to open a debugger."""
    debug = {"FLASK_DEBUG": "true", "DEBUG": "true", "FLASK_ENV": "development"}
    folder = tmp_path_factory.mktemp("debugged")
    with Target() as target, LocalSystem(project, folder, TARGET_URL=target.url, SEPARATE=request.param, **debug) as it:
        it.wait_until(lambda: target.hits)
        yield it


@system
@pytest.mark.together("debugged")
def test_debug_settings_open_no_debugger(debugged: LocalSystem) -> None:
    assert debugged.get("/console").status_code == 404
    for path in ("/", "/alerts", "/alerts/1", "/notification_logs"):
        for query in ("__debugger__=yes&cmd=resource&f=style.css", "__debugger__=yes&cmd=printpin&s=x"):
            answer = debugged.get(f"{path}?{query}")
            assert answer.headers["Content-Type"] in ("application/json", "application/problem+json")
    broken = debugged.post("/events", {"target_url": []})
    assert broken.status_code == 400
    assert "Traceback" not in broken.text
    assert "Debugger" not in debugged.output()
    assert "PIN" not in debugged.output()


@system
@pytest.mark.together("debugged")
@on_linux
def test_nothing_listens_anywhere_but_on_this_machine(debugged: LocalSystem) -> None:
    listening = listening_addresses(debugged.living())

    assert ("0100007F", debugged.port) in listening
    assert {address for address, _ in listening} == {"0100007F"}
    assert len(listening) == (1 + len(rows()) if debugged.environ["SEPARATE"] else 1)


@system
def test_the_token_and_the_key_are_nowhere_to_be_read(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.queue(internal_error, resets)
    settings = {"TARGET_URL": target.url, "FLASK_DEBUG": "true", "LOG_LEVEL": None, **bot_api.environ}
    with LocalSystem(project, tmp_path, **settings) as running:
        assert "console, telegram  (off: sns)" in running.output()
        target.is_down = True
        running.wait_until(lambda: bot_api.messages, 15)
        bot_api.behaviour = unauthorized
        target.is_down = False
        running.wait_until(lambda: any(log["status"] == "FAILED" for log in running.notification_logs()))
        running.post("/events", event(target), key="not-the-key")
        running.post("/events", {"target_url": 1})

    read = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"server.log", "agent.log", "bonghwa.db"} <= read.keys()
    assert b"notification_failed" in read["server.log"]
    secrets = [bot_api.token, bot_api.token.partition(":")[2], API_KEY]
    assert [(name, secret) for name, text in read.items() for secret in secrets if secret.encode() in text] == []


# --- what it does not start with --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """A start that cannot be."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def line(self) -> str:
        """The one line with which it ends."""
        assert self.returncode == 1
        assert self.stdout == ""
        assert self.stderr.endswith("\n")
        assert len(self.stderr.splitlines()) == 1
        return self.stderr


MALFORMED = [
    ("TARGET_URL", "", "is not set", "http:// or https:// URLs"),
    ("TARGET_URL", "www.example.com", "'www.example.com'", "http:// or https:// URLs"),
    ("TARGET_URL", "http://one.example ftp://two.example", "ftp://two.example", "http:// or https:// URLs"),
    ("CHECK_INTERVAL_SECONDS", "often", "'often'", "0.1 to 86400"),
    ("CHECK_INTERVAL_SECONDS", "0", "'0'", "0.1 to 86400"),
    ("CHECK_INTERVAL_SECONDS", "nan", "'nan'", "0.1 to 86400"),
    ("CHECK_TIMEOUT_SECONDS", "-1", "'-1'", "0.1 to 120"),
    ("LOCATION", "x" * 256, "xxx", "at most 255 characters"),
    ("FLASK_PORT", "70000", "'70000'", "1 to 65535"),
    ("FLASK_PORT", "http", "'http'", "1 to 65535"),
    ("FLASK_DEBUG", "maybe", "'maybe'", "true or false"),
    ("BACKEND_URL", "localhost:5000", "'localhost:5000'", "http:// or https:// URL"),
    ("API_KEY", "", "is not set", "a secret"),
    ("API_KEY", "hunter2\nb", "'(hidden)'", "a secret of ASCII"),
    ("API_KEY", "비밀hunter2", "'(hidden)'", "a secret of ASCII"),
    ("API_AUTH", "none", "'none'", "ingest, writes or all"),
    ("DATABASE_URL", "notifications.db", "'notifications.db'", "sqlite:////absolute/path.db"),
    ("DATABASE_URL", "mysql://bonghwa:hunter2@example/db", "mysql://(hidden)@example/db", "sqlite:///relative"),
    ("DATABASE_URL", "mysql://bonghwa:hunter2/x@y@example/db", "mysql://(hidden)@example/db", "sqlite:///relative"),
    ("DATABASE_URL", "sqlite:////nonexistent/b.db", "'sqlite:////nonexistent/b.db'", "a database that can be used"),
    ("DATABASE_URL", "sqlite:////dev/null/b.db", "'sqlite:////dev/null/b.db'", "a database that can be used"),
    ("DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/b", "'postgresql://127.0.0.1:1/b'", "nothing listens there"),
    ("DATABASE_URL", "postgresql://u:hunter2@127.0.0.1", "'(hidden)'", "postgresql://user:password@host:port/database"),
    ("LOG_DIR", "/dev/null/logs", "'/dev/null/logs'", "a folder that can be written"),
    ("MESSAGE_LANGUAGE", "fr", "'fr'", "en or ko"),
    ("MESSAGE_LANGUAGE", "e\nn", r"'e\nn'", "en or ko"),
    ("NOTIFICATION_TTL", "a day", "'a day'", "1 to 31536000"),
    ("LOG_LEVEL", "loud", "'loud'", "DEBUG, INFO, WARNING or ERROR"),
    ("SNS_TOPIC_ARN", "arn:aws:sqs:eu-west-1:123456789012:a", "'arn:aws:sqs:", "a topic's ARN, like arn:aws:sns:"),
    ("CHANNELS", '{"ops": "hunter2"', "'(hidden)'", "a JSON object of channels by name, like {"),
    ("TELEGRAM_BOT_TOKEN", "123:hunter2/x", "'(hidden)'", "123456:ABC-DEF"),
    ("TELEGRAM_CHAT_ID", "123:hunter2", "'(hidden)'", "the chat's number or @channelname"),
    ("TELEGRAM_CHAT_ID", "my chat", "'my chat'", "the chat's number or @channelname"),
    ("TELEGRAM_API_URL", "telegram.example", "'telegram.example'", "http:// or https://"),
]


# As ``python -m infra.local`` does it, but what that imports is imported once. Who does start has ten seconds to live.
FORKS = """
import json, os, signal, sys
from infra.local.runner import main
for line in sys.stdin:
    environ, output = json.loads(line)
    if os.fork() == 0:
        for number in (1, 2):
            os.dup2(os.open(f"{output}-{number}", os.O_WRONLY | os.O_CREAT), number)
        os.environ.clear()
        os.environ.update(environ)
        signal.alarm(10)
        main()
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


@pytest.fixture(scope="module")
def refused(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Refusal]:
    """What comes of a start with each of MALFORMED, by variable and value."""
    folder = tmp_path_factory.mktemp("refused")
    telegram = {"TELEGRAM_BOT_TOKEN": "123:abc", "TELEGRAM_CHAT_ID": "42"}
    lines = [
        json.dumps(
            [
                environment(folder, **{**(telegram if variable.startswith("TELEGRAM") else {}), variable: value}),
                f"{folder}/{number}",
            ]
        )
        for number, (variable, value, _, _) in enumerate(MALFORMED)
    ]
    starts = subprocess.run(
        [sys.executable, "-c", FORKS],
        cwd=project,
        env=environment(folder),
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    codes = map(int, starts.stdout.split())
    return {
        each[:2]: Refusal(code, *(Path(f"{folder}/{number}-{stream}").read_text() for stream in (1, 2)))
        for number, (each, code) in enumerate(zip(MALFORMED, codes, strict=True))
    }


@system
@pytest.mark.together("refused")
@pytest.mark.parametrize(("variable", "value", "found", "expected"), MALFORMED)
def test_a_malformed_setting_stops_the_start_with_one_line(
    refused: dict[tuple[str, str], Refusal], variable: str, value: str, found: str, expected: str
) -> None:
    line = refused[variable, value].line

    assert line.startswith(f"bonghwa: {variable} ")
    assert found in line
    assert ": expected " in line
    assert expected in line
    assert "hunter2" not in line


@system
@pytest.mark.parametrize(
    ("given", "missing"), [("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"), ("TELEGRAM_CHAT_ID", "TELEGRAM_BOT_TOKEN")]
)
def test_half_a_channel_stops_the_start(project: Path, tmp_path: Path, given: str, missing: str) -> None:
    line = refusal_to_start(project, environment(tmp_path, **{given: "424242"}))

    assert line.startswith(f"bonghwa: {missing} is not set: expected ")
    assert "424242" not in line


@system
def test_a_taken_port_stops_the_start(project: Path, tmp_path: Path, target: Target) -> None:
    line = refusal_to_start(project, environment(tmp_path, FLASK_PORT=str(target.port)))

    assert line.startswith(f"bonghwa: FLASK_PORT is '{target.port}': expected a port that can be bound")
    assert "in use" in line


@system
def test_a_function_that_cannot_be_loaded_ends_the_start(tmp_path: Path, target: Target) -> None:
    broken = copy_project(tmp_path / "broken")
    (broken / "functions" / "list_alerts" / "main.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    running = LocalSystem(broken, tmp_path, TARGET_URL=target.url)
    running.start()
    try:
        assert running.process.wait(START_SECONDS) != 0
        assert "No module named 'nothing_of_this_name'" in running.output()
        assert running.output().count("Exception in worker process") == 1
    finally:
        running.kill()


# --- how it ends ------------------------------------------------------------------------------------------------------


def end_the_runner(running: LocalSystem) -> None:
    os.kill(running.process.pid, signal.SIGTERM)


def press_ctrl_c(running: LocalSystem) -> None:
    os.killpg(running.group, signal.SIGINT)


@system
@pytest.mark.parametrize(
    ("separate", "is_hanging", "end"),
    [
        ("", False, end_the_runner),
        ("", False, press_ctrl_c),
        ("", True, end_the_runner),
        ("", True, press_ctrl_c),
        # Of its nine functions eight are idle, and Ctrl-C reaches each process by itself.
        ("1", False, end_the_runner),
        ("1", True, press_ctrl_c),
    ],
)
def test_it_ends_with_everything_that_it_started(
    project: Path,
    tmp_path: Path,
    target: Target,
    separate: str,
    is_hanging: bool,
    end: Callable[[LocalSystem], None],
) -> None:
    target.is_hanging = is_hanging
    settings = {"TARGET_URL": target.url, "CHECK_TIMEOUT_SECONDS": "30", "SEPARATE": separate}
    with LocalSystem(project, tmp_path, **settings) as running:
        running.wait_until(lambda: target.hits)
        began = time.monotonic()

        end(running)

        running.wait_until(lambda: running.process.poll() is not None and not running.living(), 10)
        # Two seconds on an idle machine, but the tests share theirs. A check that hangs would take 30.
        assert time.monotonic() - began < 5.0
        assert running.process.returncode == 0
        assert "Traceback" not in running.output()
        assert "Fatal" not in running.output()


@system
@one_and_many_processes
def test_a_runner_that_is_killed_alone_takes_everything_with_it(
    project: Path, tmp_path: Path, target: Target, separate: str
) -> None:
    target.is_hanging = True
    settings = {"TARGET_URL": target.url, "CHECK_TIMEOUT_SECONDS": "30", "SEPARATE": separate}
    with LocalSystem(project, tmp_path, **settings) as running:
        running.wait_until(lambda: target.hits)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(5)
        running.wait_until(lambda: not running.living(), 10)


@system
def test_a_kill_leaves_nothing_and_frees_the_port_at_once(project: Path, tmp_path: Path, target: Target) -> None:
    settings = {"TARGET_URL": target.url, "SEPARATE": "1", "FLASK_PORT": str(free_port())}
    with LocalSystem(project, tmp_path, **settings) as killed:
        killed.wait_for_further_events(1, is_success=True)
        os.killpg(killed.group, signal.SIGKILL)
        killed.process.wait(5)
        killed.wait_until(lambda: not killed.living(), 1)

    # Which asks for that one port alone.
    with LocalSystem(project, tmp_path, **{**settings, "SEPARATE": ""}) as next_one:
        next_one.wait_for_further_events(1, is_success=True)


# --- python -m infra init-db ------------------------------------------------------------------------------------------


@system
def test_init_db_makes_a_database_or_leaves_it_unchanged(project: Path, tmp_path: Path, target: Target) -> None:
    environ = environment(tmp_path)
    database = tmp_path / "bonghwa.db"

    assert init_db(project, environ).stdout == f"{database} is ready\n"
    with LocalSystem(project, tmp_path, TARGET_URL=target.url) as running:
        running.wait_for_further_events(1, is_success=True)
    events = running.rows("SELECT * FROM events")

    assert init_db(project, environ).stdout == f"{database} is ready\n"
    assert running.rows("SELECT * FROM events") == events


@system
def test_a_reset_asks_and_then_empties_a_running_database(project: Path, tmp_path: Path, target: Target) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url) as running:
        target.is_down = True
        running.wait_until(lambda: running.told("OUTAGE"))
        first = running.rows("SELECT * FROM events WHERE id = 1")
        target.is_down = False
        running.wait_until(lambda: running.told("RECOVERY"))

        for reply in ("n\n", "\n", ""):
            kept = init_db(project, running.environ, "--reset", reply=reply)
            assert "Delete every event, alert and log in" in kept.stdout
            assert kept.stderr == "nothing was deleted\n"
            assert kept.returncode == 1
        assert running.rows("SELECT * FROM events WHERE id = 1") == first
        assert len(running.alerts()) == 1

        emptied = init_db(project, running.environ, "--reset", reply="y\n")
        assert emptied.returncode == 0
        assert emptied.stdout.endswith(f"{running.database} is empty and ready\n")
        assert running.alerts() == running.notification_logs() == []
        # The system goes on in the empty database: it checks, and tells the next outage.
        running.wait_for_further_events(2, is_success=True)
        assert running.rows("SELECT * FROM events WHERE id = 1") != first
        target.is_down = True
        running.wait_until(lambda: running.told("OUTAGE")[1:])
        assert [alert["id"] for alert in running.alerts()] == [1]

        assert (
            init_db(project, running.environ, "--reset", "--yes").stdout == f"{running.database} is empty and ready\n"
        )


# --- logs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test reaches."""
    monkeypatch.setattr(schedules, "LOG_BYTES", 10)


@pytest.mark.usefixtures("small_logs")
def test_a_log_over_the_limit_is_renamed_and_five_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    (tmp_path / "agent.log").write_text("short")
    (tmp_path / "other.txt").write_text("no log at all")
    for number in range(8):
        log.write_text(f"this is number {number}")
        schedules.rotate(tmp_path)
        assert not log.exists()

    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {
        "agent.log": "short",
        "other.txt": "no log at all",
        **{f"server.log.{age}": f"this is number {8 - age}" for age in range(1, 6)},
    }


@system
def test_a_long_log_is_renamed_and_a_new_one_begins(project: Path, tmp_path: Path, target: Target) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "server.log").write_bytes(b"x" * schedules.LOG_BYTES + b"\n")
    with LocalSystem(project, tmp_path, TARGET_URL=target.url) as running:
        running.wait_until(lambda: (logs / "server.log.1").exists() and (logs / "server.log").exists())
        with (logs / "server.log").open("ab") as log:
            log.write(b"y" * schedules.LOG_BYTES + b"\n")

        schedules.rotate(logs)

        running.wait_until(lambda: (logs / "server.log").exists())
        running.wait_for_further_events(2, is_success=True)

    oldest, older, newest = ((logs / name).read_text() for name in ("server.log.2", "server.log.1", "server.log"))
    assert oldest.startswith("x")
    assert older.endswith("y\n")
    assert all(row["event_id"] in oldest + older + newest for row in running.rows("SELECT event_id FROM events"))


# ---------------------------------------------------------------------------------------------------------------------


def event(target: Target) -> dict[str, object]:
    return {"target_url": target.url, "timestamp": "2025-01-08T10:30:00", "is_success": True}


def settings_of(file: Path) -> dict[str, str]:
    return dict(re.findall(r"(?m)^(\w+)=(.*)$", file.read_text()))


def refusal_to_start(project: Path, environ: dict[str, str]) -> str:
    """The one line with which a start ends that cannot be."""
    ended = subprocess.run(START, cwd=project, env=environ, capture_output=True, text=True, timeout=15, check=False)
    return Refusal(ended.returncode, ended.stdout, ended.stderr).line


def init_db(
    project: Path, environ: dict[str, str], *options: str, reply: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra", "init-db", *options]
    return subprocess.run(
        command, cwd=project, env=environ, input=reply, capture_output=True, text=True, timeout=15, check=False
    )


def listening_addresses(processes: list[int]) -> list[tuple[str, int]]:
    """Where the processes listen on TCP, as the kernel writes it: address in hex, port."""
    theirs = {
        str(descriptor.readlink())
        for process in processes
        for descriptor in Path(f"/proc/{process}/fd").iterdir()
        if descriptor.is_symlink()
    }
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in theirs:
                address, _, port = fields[1].partition(":")
                found.add((address, int(port, 16)))
    return sorted(found)
