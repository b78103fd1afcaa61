"""``python -m infra doctor``: each finding is provoked from the outside, and names what fixes it."""

import json
import shlex
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from infra.clouds.aws import template
from infra.clouds.aws.target import STACK, id_of
from infra.clouds.gcp import schedules as gcp_schedules
from infra.clouds.gcp.project import Existing, Place
from infra.doctor import examination, outside, store, versions
from infra.doctor import manual_call as by_hand
from infra.doctor.examination import examine
from infra.doctor.findings import Finding, Verdict, as_json, as_lines, worst
from infra.table import Row, rows
from shared import ROOT, __version__
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from shared.store.admin.inspection import inspect_store
from shared.store.engines import lifecycle
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.support.certificates import Authority
from tests.support.postgres import Server
from tests.support.running import API_KEY, AWS, LocalSystem, environment
from tests.support.stand_ins import Behaviour, BotApi, Exchange, StandIn, Target, chat_not_found

OK, WARNING, FAILURE = Verdict.OK, Verdict.WARNING, Verdict.FAILURE
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


@pytest.fixture(autouse=True)
def _versions_in_their_own_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # To look through everything that is installed costs more than all the rest.
    monkeypatch.setattr(examination, "ROOT", tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A store that the program made, and that nobody has open."""
    path = tmp_path / "bonghwa.db"
    made = SqliteDatabase(path)
    migrate(made, as_text(now()))
    made.close()
    return path


@pytest.fixture
def environ(tmp_path: Path, database: Path) -> dict[str, str]:
    """Settings without a fault."""
    return {
        "TARGET_URL": "https://shop.example/",
        "CHECK_INTERVAL_SECONDS": "30",
        "API_KEY": API_KEY,
        "DATABASE_URL": f"sqlite:///{database}",
    }


def find(environ: dict[str, str], url: str | None = None, *files: Path, is_test_sent: bool = False) -> list[Finding]:
    """Every finding; each that is not ok says what is expected, and what fixes it."""
    findings = examine(environ, files, url, is_test_sent=is_test_sent)
    assert all(bool(each.expected and each.fix) == (each.verdict is not OK) for each in findings), findings
    return findings


def one(findings: list[Finding], about: str, words: str) -> Finding:
    """The only finding about it that says these words."""
    found = [each for each in findings if each.about == about and words in each.found]
    assert len(found) == 1, as_lines(findings)
    return found[0]


def execute(database: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(sql, values)


def ago(**length: float) -> str:
    return as_text(now() - timedelta(**length))


# --- settings and keys --------------------------------------------------------------------------------------------


def test_every_malformed_setting_is_found_at_once(environ: dict[str, str]) -> None:
    environ |= {"API_AUTH": "none", "MESSAGE_LANGUAGE": "fr", "TELEGRAM_CHAT_ID": "42", "SNS_TOPIC_ARN": "alerts"}
    findings = find(environ)
    for name in ("API_AUTH", "MESSAGE_LANGUAGE", "TELEGRAM_BOT_TOKEN", "SNS_TOPIC_ARN"):
        found = one(findings, "settings", f"{name} is ")
        assert (found.verdict, found.fix) == (FAILURE, f"{name}=… in .env or the environment")


def test_what_is_needed_and_missing_is_found(environ: dict[str, str]) -> None:
    for name in ("TARGET_URL", "API_KEY"):
        del environ[name]
    findings = find(environ)
    assert one(findings, "settings", "TARGET_URL is not set").verdict is FAILURE
    assert one(findings, "settings", "API_KEY is not set").verdict is FAILURE


def test_settings_without_a_fault_are_reported_as_ok(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").touch(0o600)
    findings = find(environ, None, tmp_path / ".env")
    assert [each.found for each in findings if each.about == "settings"] == [
        "every setting can be read; TARGET_URL has 1 to watch"
    ]
    assert one(findings, "keys", "1 in use").verdict is OK
    assert one(find(environ, None, tmp_path / ".env.gcp"), "settings", "there is no .env.gcp").verdict is OK


def test_a_readable_file_and_a_misspelled_name_are_found(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TELEGRAM_CHATID=42\nHTTPS_PROXY=http://proxy.example\nLOG_LEVEL=INFO\n")
    file.chmod(0o640)
    findings = find(environ, None, file)
    assert one(findings, "settings", "other users of this machine can read .env").fix == f"chmod 600 {file}"
    misspelled = one(findings, "settings", "in .env is not a setting")
    assert (misspelled.verdict, misspelled.expected) == (WARNING, "perhaps TELEGRAM_CHAT_ID")
    assert misspelled.found.startswith("TELEGRAM_CHATID ")


def test_a_file_that_cannot_be_read_is_found(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"LOCATION=\xff\xfe")
    assert one(find(environ, None, file), "settings", ".env cannot be read: 'utf-8' codec").verdict is FAILURE


@pytest.mark.parametrize("key", ["hunter2", "my-secret-key-12345", f"{API_KEY},hunter2"])
@pytest.mark.parametrize(("host", "verdict"), [("127.0.0.1", WARNING), ("0.0.0.0", FAILURE)])
def test_a_key_that_can_be_guessed_is_worse_where_others_call(
    environ: dict[str, str], key: str, host: str, verdict: Verdict
) -> None:
    found = one(find(environ | {"API_KEY": key, "FLASK_HOST": host}), "keys", "can be guessed")
    assert (found.verdict, "secrets.token_urlsafe" in (found.fix or "")) == (verdict, True)


@pytest.mark.parametrize(
    ("auth", "host", "words"),
    [
        ("ingest", "0.0.0.0", "API_AUTH is ingest: others can read and change alerts without a key"),
        ("writes", "::", "API_AUTH is writes: others can read alerts without a key"),
        ("all", "0.0.0.0", None),
        ("ingest", "127.0.0.1", None),
    ],
)
def test_what_others_can_do_without_a_key_is_found(
    environ: dict[str, str], auth: str, host: str, words: str | None
) -> None:
    findings = find(environ | {"API_AUTH": auth, "FLASK_HOST": host})
    said = [(each.found, each.fix) for each in findings if each.about == "keys" and each.verdict is WARNING]
    assert said == ([(words, "API_AUTH=all")] if words else [])


def test_a_key_that_is_sent_in_the_clear_is_found(environ: dict[str, str]) -> None:
    found = one(find(environ | {"BACKEND_URL": "http://api.example:81"}), "keys", "unencrypted")
    assert (found.verdict, found.fix) == (WARNING, "BACKEND_URL=https://api.example:81")


def test_no_secret_is_shown_whoever_repeats_it(environ: dict[str, str]) -> None:
    environ |= {"BACKEND_URL": "http://kim:pass-of-kim@api.example", "FLASK_HOST": API_KEY}
    said = as_lines(find(environ, "http://kim:pass-of-lee@127.0.0.1:1"))
    assert "pass-of" not in said
    assert API_KEY not in said
    assert "FLASK_HOST is '(hidden)'" in said


# --- versions -----------------------------------------------------------------------------------------------------


def test_what_is_installed_is_held_against_the_pins(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text(
        "requests==1.0.0 \\\n    --hash=sha256:00\nno-such-package==1 ; python_version > '3' \\\n"
        "only-elsewhere==1 ; sys_platform == 'none' \\\n# a remark\n"
    )
    missing, other = versions.examine_versions(pins)
    assert (missing.verdict, missing.found) == (FAILURE, "not installed: no-such-package")
    assert other.verdict is WARNING
    assert other.found.startswith("other versions than pinned: requests ")
    assert missing.fix == other.fix == versions.INSTALL


def test_the_versions_are_named(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "ROOT", ROOT)
    found = one(find(environ), "versions", f"Bonghwa {__version__} on Python {sys.version_info[0]}")
    assert "packages as pinned" in found.found
    [alone] = versions.examine_versions(tmp_path / "requirements.txt")
    assert (alone.verdict, "there is no requirements.txt" in alone.found) == (OK, True)


# --- the store ----------------------------------------------------------------------------------------------------


def test_a_missing_store_is_found_and_none_is_made(environ: dict[str, str], tmp_path: Path) -> None:
    environ["DATABASE_URL"] = f"sqlite:///{tmp_path / 'folder' / 'none.db'}"
    found = one(find(environ), "store", "there is no database at ")
    assert found.verdict is FAILURE
    assert found.fix == f"mkdir -p {tmp_path / 'folder'} && .venv/bin/python -m infra init-db"
    assert not (tmp_path / "folder").exists()


def test_a_store_in_the_wrong_place_is_found(environ: dict[str, str]) -> None:
    found = one(find(environ | {"K_SERVICE": "health"}), "store", "does not outlive a function in a cloud")
    assert (found.verdict, found.fix) == (FAILURE, "DATABASE_URL=postgresql://…")


def test_a_store_of_an_older_program_is_found_and_unchanged(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    older = SqliteDatabase(path)
    migrate(older, as_text(now()), sorted((ROOT / "shared/store/migrations").glob("*.sql"))[:1])
    older.close()
    environ["DATABASE_URL"] = f"sqlite:///{path}"
    for _ in range(2):
        found = one(find(environ), "store", "the database has version 1")
        assert (found.verdict, found.fix) == (WARNING, ".venv/bin/python -m infra init-db")


def test_a_store_of_a_newer_program_is_found(environ: dict[str, str], database: Path) -> None:
    execute(database, "INSERT INTO schema_migrations (version) VALUES (99)")
    found = one(find(environ), "store", "the database has version 99, from a newer program")
    assert found.verdict is FAILURE


def test_a_damaged_store_is_found(environ: dict[str, str], database: Path) -> None:
    database.write_bytes(b"this is no database\n" * 500)
    found = one(find(environ), "store", "is damaged")
    assert (found.verdict, found.fix) == (FAILURE, "shared/store/README.md, Backup and restore")


def test_a_store_that_somebody_has_locked_is_found(
    environ: dict[str, str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "CHECK_SECONDS", 0.1)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = one(find(environ), "store", "another process has locked it")
    assert (found.verdict, found.fix) == (FAILURE, f"fuser {database} shows which process holds it")


def test_a_disk_that_fills_up_is_found(
    environ: dict[str, str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one(find(environ), "disk", "the database has 0.1 MB, its disk").verdict is OK
    monkeypatch.setattr(store, "ENOUGH_BYTES", 2**62)
    found = one(find(environ), "disk", "GB free")
    assert found.verdict is WARNING
    assert f"df -h {database.parent}" in (found.fix or "")


def test_a_server_that_is_away_is_found(environ: dict[str, str]) -> None:
    environ["DATABASE_URL"] = "postgresql://kim:pass-of-kim@127.0.0.1:1/bonghwa"
    found = one(find(environ), "store", "nothing listens there")
    assert (found.verdict, found.expected) == (FAILURE, "postgresql://127.0.0.1:1/bonghwa, writable")


@pytest.mark.system
def test_a_postgresql_server_is_checked_too(
    environ: dict[str, str], postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ["DATABASE_URL"] = postgres.new_store()
    assert one(find(environ), "store", "the database has version 0").verdict is WARNING
    open_store(Settings.from_env(environ)).database.close()
    findings = find(environ)
    assert one(findings, "store", "can be written, version ").verdict is OK
    assert one(findings, "disk", "MB on its server").verdict is OK
    assert one(findings, "clock", "the database's server has the same time").verdict is OK
    assert one(findings, "checks", "no agent has reported").verdict is WARNING
    monkeypatch.setattr(store, "OLDEST_SERVER", 990_000)
    monkeypatch.setattr(store, "now", lambda: now() - timedelta(hours=1))
    findings = find(environ)
    assert one(findings, "store", "the server is PostgreSQL ").verdict is WARNING
    assert one(findings, "clock", "the database's server is 1 h ahead of this machine").verdict is WARNING


# --- the work -----------------------------------------------------------------------------------------------------


def see_agent(database: Path, name: str = "seoul", is_silent: bool = False, **length: float) -> None:
    execute(
        database,
        "INSERT INTO agents (name, interval_seconds, last_seen_at, last_checked_at, is_silent) VALUES (?, 60, ?, ?, ?)",
        name,
        ago(**length),
        ago(**length),
        is_silent,
    )


def open_alert(database: Path, kind: str, subject: str, cause: str = "") -> None:
    execute(
        database,
        "INSERT INTO alerts (kind, subject, status, cause, failed_at, opened_at) VALUES (?, ?, 'OPEN', ?, ?, ?)",
        kind,
        subject,
        cause,
        ago(),
        ago(),
    )


def owe(database: Path, channel: str, *, kind: str = "OUTAGE", due: str, created: str) -> None:
    execute(
        database,
        "INSERT INTO notifications (alert_id, channel, kind, status, occurred_at, created_at, due_at)"
        " VALUES (1, ?, ?, 'PENDING', ?, ?, ?)",
        channel,
        kind,
        created,
        created,
        due,
    )


@pytest.mark.parametrize(
    ("agent", "verdict", "words"),
    [
        (None, WARNING, "no agent has reported anything yet"),
        ({"seconds": 100}, OK, "agent seoul reported 1 min 40 s ago, every 60 s"),
        ({"minutes": 4}, FAILURE, "agent seoul reported 4 min ago"),
        ({"days": 3, "is_silent": True}, OK, "agent seoul has been silent for 3 d; its alert was resolved by hand"),
    ],
)
def test_how_long_ago_an_agent_reported_is_found(
    environ: dict[str, str], database: Path, agent: dict[str, Any] | None, verdict: Verdict, words: str
) -> None:
    if agent is not None:
        see_agent(database, **agent)
    found = one(find(environ), "checks", words)
    assert found.verdict is verdict
    assert verdict is OK or "http://127.0.0.1:5000/check_monitors" in (found.fix or "")


def test_a_silence_that_is_an_alert_is_found(environ: dict[str, str], database: Path) -> None:
    see_agent(database, is_silent=True, hours=2)
    open_alert(database, "AGENT_SILENT", "seoul")
    assert one(find(environ), "checks", "agent seoul reported 2 h ago").verdict is FAILURE


def test_a_clock_that_was_ahead_is_found(environ: dict[str, str], database: Path) -> None:
    see_agent(database, hours=-2)
    found = one(find(environ), "clock", "the last report of agent seoul is 2 h ahead of this machine")
    assert found.verdict is WARNING
    assert store.SYNCHRONIZE in (found.fix or "")


@pytest.mark.parametrize(
    ("about", "function", "row"), [("reviews", "review_alerts", 1), ("deliveries", "deliver_notifications", 2)]
)
@pytest.mark.parametrize(
    ("length", "verdict", "words"),
    [
        (None, WARNING, "has never run"),
        ({"seconds": 40}, OK, "last ran 40 s ago"),
        ({"minutes": 5}, FAILURE, "last ran 5 min ago"),
    ],
)
def test_it_says_when_a_scheduled_function_last_ran(
    environ: dict[str, str],
    database: Path,
    about: str,
    function: str,
    row: int,
    length: dict[str, float] | None,
    verdict: Verdict,
    words: str,
) -> None:
    if length is not None:
        times = row, ago(**length), ago(**length)
        execute(database, "INSERT INTO watches (id, started_at, seen_at) VALUES (?, ?, ?)", *times)
    found = one(find(environ), about, f"{function} {words}")
    assert found.verdict is verdict
    assert verdict is OK or f"http://127.0.0.1:5000/{function}" in (found.fix or "")


AMAZONS = "https://0123abcd.execute-api.eu-west-1.amazonaws.com"
GOOGLES = "https://bonghwa-0123abcd.uc.gateway.dev"
BY_CURL = 'curl -X POST -H "X-API-Key: $KEY" {url}/{function}'
BY_AWS = 'aws lambda invoke --function-name=bonghwa-{dashed} \'--payload={{"scheduled":"now"}}\''
BY_AWS += " --cli-binary-format=raw-in-base64-out /dev/stdout --region=eu-west-1"
BY_GCLOUD = "gcloud scheduler jobs run bonghwa-{dashed} --location=… --project=…"


@pytest.mark.parametrize(
    ("url", "before", "line"),
    [
        ("http://127.0.0.1:5000", "make run, or its schedule: ", BY_CURL),
        ("https://bonghwa.example", "make run, or its schedule: ", BY_CURL),
        (AMAZONS, "its schedule, or ", BY_AWS),
        (GOOGLES, "its schedule, or ", BY_GCLOUD),
    ],
)
def test_the_manual_call_fits_the_place_of_the_deployment(database: Path, url: str, before: str, line: str) -> None:
    store_of_tests = SqliteDatabase(database)
    inspection = inspect_store(store_of_tests, now())
    store_of_tests.close()
    fixes = {each.about: each.fix for each in store.examine_work(inspection, {}, url, now())}
    lines = {
        function: line.format(url=url, function=function, dashed=function.replace("_", "-"))
        for function in ("check_monitors", "review_alerts", "deliver_notifications")
    }
    assert fixes == {
        "checks": before + lines["check_monitors"],
        "reviews": before + lines["review_alerts"],
        "deliveries": before + lines["deliver_notifications"],
    }
    [outside_too] = outside._last_check(None, Settings.from_env({}), url, now())
    assert outside_too.fix == f"its schedule, or {lines['check_monitors']}"


@pytest.mark.parametrize("row", [row for row in rows() if row.every is not None], ids=lambda row: row.name)
def test_the_manual_call_names_the_deployed_function(row: Row) -> None:
    deployed = template.document()["Resources"][id_of(row)]["Properties"]["FunctionName"]["Fn::Sub"]
    name = deployed.replace("${AWS::StackName}", STACK)
    assert f"--function-name={name}" in shlex.split(by_hand.call(row.name, AMAZONS)[1])
    beat = gcp_schedules.beat_of(row, Settings.from_env({}))
    place = Place("my-project", "42", "us-central1", "us-central1")
    job, *_ = gcp_schedules.jobs(row, beat, place, Existing(), SecretStr(API_KEY))
    assert job.words()[5] in shlex.split(by_hand.call(row.name, GOOGLES)[1])
    assert f"--uri={place.url(row)}" in job.words(), "the one that calls the function itself"


@pytest.mark.parametrize(
    ("channel", "due", "created", "verdict", "words"),
    [
        ("console", -1, 2, OK, "1 messages to console are on their way"),
        ("console", 8, 9, FAILURE, "1 messages to console should have been sent, the oldest"),
        ("console", -5, 180, WARNING, "1 messages to console have been tried for 3 h"),
        ("telegram", 8, 180, WARNING, "1 messages are owed to telegram, which is not configured"),
    ],
)
def test_what_is_owed_for_too_long_is_found(
    environ: dict[str, str], database: Path, channel: str, due: float, created: float, verdict: Verdict, words: str
) -> None:
    open_alert(database, "OUTAGE", "shop")
    owe(database, channel, due=ago(minutes=due), created=ago(minutes=created))
    assert one(find(environ), "deliveries", words).verdict is verdict


def test_a_recovery_behind_its_outage_is_not_overdue(environ: dict[str, str], database: Path) -> None:
    open_alert(database, "OUTAGE", "shop")
    owe(database, "console", due=ago(minutes=-5), created=ago(minutes=9))
    owe(database, "console", kind="RECOVERY", due=ago(minutes=8), created=ago(minutes=8))
    assert one(find(environ), "deliveries", "2 messages to console are on their way").verdict is OK


def test_a_channel_that_refused_is_found(environ: dict[str, str], database: Path) -> None:
    open_alert(database, "CHANNEL_REFUSED", "telegram", "Chat not found")
    found = one(find(environ), "channels", "telegram permanently rejected a message: Chat not found")
    assert (found.verdict, "--send-test" in (found.fix or "")) == (FAILURE, True)


# --- the channels -------------------------------------------------------------------------------------------------


class Bots(BotApi):
    """Telegram, which also says who the bot is and what the chat is, as ``says`` has it."""

    def __init__(self) -> None:
        super().__init__()
        self.says: dict[str, Any] = {"getMe": {"username": "beacon_bot"}, "getChat": {"id": 4242}}

    def answer(self, exchange: Exchange) -> None:
        method = exchange.path.rpartition("/")[2]
        if method not in self.says:
            super().answer(exchange)
            return
        said = self.says[method]
        if isinstance(said, str):
            body = {"ok": False, "error_code": 400, "description": said}
            exchange.answer(400, json.dumps(body), "application/json")
        else:
            exchange.answer(200, json.dumps({"ok": True, "result": said}), "application/json")


@pytest.fixture
def bots() -> Iterator[Bots]:
    with Bots() as listening:
        yield listening


def test_a_console_alone_is_found(environ: dict[str, str]) -> None:
    assert one(find(environ), "channels", "only the console is on").verdict is WARNING


def test_telegram_names_the_bot_and_no_message_is_sent(environ: dict[str, str], bots: Bots) -> None:
    findings = find(environ | bots.environ)
    assert one(findings, "channels", "telegram: @beacon_bot may write to the chat 4242").verdict is OK
    assert not [each for each in findings if "only the console" in each.found]
    assert bots.calls == []


def test_channels_of_one_kind_are_examined_by_name(environ: dict[str, str], bots: Bots) -> None:
    telegram = {"kind": "telegram", "bot_token": BotApi.token, "api_url": bots.url}
    described = {"ops": {**telegram, "chat_id": -100123}, "night": {**telegram, "chat_id": "@night"}}
    environ |= {"CHANNELS": json.dumps(described)}
    findings = find(environ)
    assert one(findings, "channels", "ops: @beacon_bot may write to the chat -100123").verdict is OK
    assert one(findings, "channels", "night: @beacon_bot may write to the chat @night").verdict is OK
    assert not [each for each in findings if "only the console" in each.found]
    bots.says |= {"getMe": f"no /bot{BotApi.token}/"}
    found = one(find(environ), "channels", "ops: Telegram refuses the token: no /bot(hidden)/")
    assert found.fix == "CHANNELS.ops.bot_token=… as BotFather's /token gives it"
    bots.is_down = True
    assert one(find(environ), "channels", "night: Telegram is not reached: ConnectionError").verdict is FAILURE


def test_a_malformed_channel_hides_no_other(environ: dict[str, str], bots: Bots) -> None:
    described = {"ops": {"kind": "telegram", "bot_token": BotApi.token, "chatid": 1}, "screen": {"kind": "console"}}
    findings = find(environ | bots.environ | {"CHANNELS": json.dumps(described)})
    found = one(findings, "settings", "CHANNELS.ops.chatid is '(hidden)'")
    assert (found.expected, found.fix) == (
        "a setting of telegram, perhaps chat_id",
        "CHANNELS=… in .env or the environment",
    )
    assert one(findings, "channels", "telegram: @beacon_bot may write to the chat 4242").verdict is OK
    assert one(findings, "channels", "screen: console is on").verdict is OK


@pytest.mark.parametrize(
    ("says", "words", "fix"),
    [
        ({"getMe": "Unauthorized"}, "Telegram refuses the token: Unauthorized", "TELEGRAM_BOT_TOKEN=…"),
        (
            {"getChat": "Bad Request: chat not found"},
            "Telegram refuses the chat: Bad Request: chat",
            "TELEGRAM_CHAT_ID=…",
        ),
        ({"getMe": ["nobody"], "getChat": "no chat"}, "Telegram refuses the chat: no chat", "TELEGRAM_CHAT_ID=…"),
        ({"getMe": f"no /bot{BotApi.token}/"}, "Telegram refuses the token: no /bot(hidden)/", "TELEGRAM_BOT_TOKEN=…"),
    ],
)
def test_what_telegram_refuses_is_found(
    environ: dict[str, str], bots: Bots, says: dict[str, Any], words: str, fix: str
) -> None:
    bots.says |= says
    found = one(find(environ | bots.environ), "channels", words)
    assert (found.verdict, (found.fix or "").startswith(fix)) == (FAILURE, True)


def test_an_unreachable_telegram_is_found_without_its_token(environ: dict[str, str], bots: Bots) -> None:
    bots.is_down = True
    found = one(find(environ | bots.environ), "channels", "Telegram is not reached: ConnectionError")
    assert (found.verdict, found.fix) == (FAILURE, f"curl -sS {bots.url} shows why")


def test_something_that_is_not_telegram_is_found(environ: dict[str, str], target: Target) -> None:
    telegram = {**BotApi().environ, "TELEGRAM_API_URL": target.url}
    assert (
        one(find(environ | telegram), "channels", "Telegram refuses the token: HTTP 200, and no JSON").verdict
        is FAILURE
    )


def test_a_topic_is_checked_and_nothing_is_published(environ: dict[str, str], aws: dict[str, str]) -> None:
    import boto3

    topics = boto3.client("sns", region_name="eu-west-1")
    found = one(find(environ | {"SNS_TOPIC_ARN": f"{TOPIC}-gone"}), "channels", "sns: NotFound")
    assert found.verdict is FAILURE
    assert (found.fix or "").startswith("aws sns create-topic --region eu-west-1 --name alerts-gone")

    arn = topics.create_topic(Name="doctored")["TopicArn"]
    found = one(find(environ | {"SNS_TOPIC_ARN": arn}), "channels", "nobody's subscription is confirmed")
    assert (found.verdict, arn in (found.fix or "")) == (WARNING, True)


class Sns(StandIn):
    """SNS, which knows of two subscriptions (moto counts none), or refuses everything."""

    is_refusing = False

    def answer(self, exchange: Exchange) -> None:
        if not self.is_refusing:
            entry = "<entry><key>SubscriptionsConfirmed</key><value>2</value></entry>"
            result = f"<GetTopicAttributesResult><Attributes>{entry}</Attributes></GetTopicAttributesResult>"
            body = f"<GetTopicAttributesResponse>{result}</GetTopicAttributesResponse>"
            exchange.answer(200, body, "text/xml")
            return
        error = "<Error><Code>AuthorizationError</Code><Message>not authorized</Message></Error>"
        exchange.answer(403, f"<ErrorResponse>{error}</ErrorResponse>", "text/xml")


def test_a_topic_that_cannot_be_read_may_still_be_writable(
    environ: dict[str, str], aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sns() as refusing:
        monkeypatch.setenv("AWS_ENDPOINT_URL", refusing.url)
        found = one(find(environ | {"SNS_TOPIC_ARN": TOPIC}), "channels", "with 2 confirmed subscriptions")
        assert found.verdict is OK
        refusing.is_refusing = True
        findings = find(environ | {"SNS_TOPIC_ARN": TOPIC}, is_test_sent=True)
        found = one(findings, "channels", "whether the topic is there cannot be asked: not authorized")
        assert (found.verdict, found.fix) == (WARNING, ".venv/bin/python -m infra doctor --send-test")
        assert one(findings, "channels", "sns did not accept a test message: AuthorizationError").verdict is FAILURE
        refusing.is_down = True
        assert (
            one(find(environ | {"SNS_TOPIC_ARN": TOPIC}), "channels", "sns: EndpointConnectionError").verdict is FAILURE
        )
    for name in AWS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    found = one(find(environ | {"SNS_TOPIC_ARN": TOPIC}), "channels", "there are no AWS credentials")
    assert (found.verdict, found.fix) == (FAILURE, "aws configure")


def test_a_topic_without_boto3_is_found(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("boto3", "botocore"):
        monkeypatch.setitem(sys.modules, name, None)
    found = one(find(environ | {"SNS_TOPIC_ARN": TOPIC}, is_test_sent=True), "settings", "SNS_TOPIC_ARN is ")
    assert (found.verdict, found.fix) == (FAILURE, ".venv/bin/python -m pip install boto3")
    assert (found.expected or "").startswith("boto3 ")


def test_a_test_message_goes_through_every_channel_on_request(
    environ: dict[str, str], bots: Bots, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = find(environ | bots.environ | {"MESSAGE_LANGUAGE": "ko"}, is_test_sent=True)
    assert one(findings, "channels", "telegram accepted a test message: message 1").verdict is OK
    assert one(findings, "channels", "console accepted a test message: printed").verdict is OK
    # Each is composed for itself, so their times may differ.
    texts = [message.rpartition(" · ")[0] for message in (*bots.messages, capsys.readouterr().out)]
    assert texts == ["시험 이 채널은 봉화의 메시지를 받습니다"] * 2


@pytest.mark.parametrize("behaviour", [chat_not_found], ids=["chat_not_found"])
def test_a_test_message_that_is_refused_is_found(environ: dict[str, str], bots: Bots, behaviour: Behaviour) -> None:
    bots.queue(behaviour)
    findings = find(environ | bots.environ, is_test_sent=True)
    assert one(findings, "channels", "telegram did not accept a test message: Chat not found").verdict is FAILURE


# --- from outside -------------------------------------------------------------------------------------------------


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
        text = json.dumps(body)
        date = f"{self.date:%a, %d %b %Y %H:%M:%S} GMT"
        exchange._send(f"HTTP/1.1 {status} -\r\nDate: {date}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with Deployment() as answering:
        yield answering


def asked(environ: dict[str, str], url: str) -> list[Finding]:
    """What is found outside alone."""
    inside = find(environ)
    return [each for each in find(environ, url) if each not in inside]


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


@pytest.fixture
def over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[timedelta], str]]:
    """Serve a deployment over TLS, with a certificate that ends so long from now; its URL."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    listeners = []

    def answer(connection: Any, context: ssl.SSLContext) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 503 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def start(ends: timedelta) -> str:
        at = datetime.now(UTC)
        context = authority.context(at - timedelta(days=30), at + ends)
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    answer(listener.accept()[0], context)

        threading.Thread(target=accept, daemon=True).start()
        return f"https://localhost:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


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


# --- the command --------------------------------------------------------------------------------------------------


def command(
    project: Path, folder: Path, *arguments: str, **variables: str | None
) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "infra", "doctor", *arguments]
    environ = environment(folder, **variables)
    return subprocess.run(words, cwd=project, env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.system
def test_a_running_system_is_ok_and_a_stopped_one_is_not(
    project: Path, tmp_path: Path, target: Target, bots: Bots
) -> None:
    settings = {"TARGET_URL": target.url, **bots.environ}
    with LocalSystem(project, tmp_path, **settings) as system:
        system.wait_for_further_events(1, is_success=True)
        system.wait_until(lambda: system.rows("SELECT * FROM watches"))
        asked = command(project, tmp_path, "--json", "--url", system.url, **settings)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    said = json.loads(asked.stdout)
    assert said["verdict"] == "ok", said
    about = {finding["about"] for finding in said["findings"]}
    assert about == {"settings", "keys", "versions", "store", "disk", "checks", "deliveries", "channels"} | {
        "answer",
        "clock",
        "health",
        "access",
        "routes",
    }

    file = tmp_path / "more.env"
    file.write_text("API_AUTH=none\n")
    file.chmod(0o600)
    asked = command(project, tmp_path, "--url", system.url, "--env-file", str(file), **{**settings, "API_AUTH": None})
    assert asked.returncode == 1
    assert asked.stderr == ""
    lines = [" ".join(line.split()) for line in asked.stdout.splitlines()]
    [answer] = [line for line in lines if line.startswith("failure answer ")]
    assert answer.startswith(f"failure answer {system.url} does not respond: connection refused · expected its health")
    [setting] = [line for line in lines if line.startswith("failure settings ")]
    assert setting.startswith("failure settings API_AUTH is 'none' · expected ingest, writes or all · fix: API_AUTH=…")
    assert lines[-1].endswith(", 2 failure")
    assert API_KEY not in asked.stdout


def test_the_gravest_finding_is_the_verdict() -> None:
    findings = [Finding(OK, "a", "x"), Finding(FAILURE, "b", "y", "z", "m"), Finding(WARNING, "c", "y", "z", "m")]
    assert worst(findings) is FAILURE
    assert worst(findings[:1]) is OK
    assert json.loads(as_json(findings))["findings"][1] == {
        "verdict": "failure",
        "about": "b",
        "found": "y",
        "expected": "z",
        "mend": "m",
    }
    assert as_lines(findings).splitlines() == [
        "ok       a  x",
        "failure  b  y · expected z · fix: m",
        "warning  c  y · expected z · fix: m",
        "1 ok, 1 warning, 1 failure",
    ]
