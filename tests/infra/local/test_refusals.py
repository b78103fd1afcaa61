"""Settings and trouble that stop the start of the local system with one line."""

from pathlib import Path

import pytest

from tests.infra.local.starts import refusal_to_start
from tests.support.running import START_SECONDS, LocalSystem, copy_project, environment
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


MALFORMED = [
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


@pytest.mark.parametrize(("variable", "value", "found", "expected"), MALFORMED)
def test_a_malformed_setting_stops_the_start_with_one_line(
    forked_project: Path, tmp_path: Path, variable: str, value: str, found: str, expected: str
) -> None:
    telegram = {"TELEGRAM_BOT_TOKEN": "123:abc", "TELEGRAM_CHAT_ID": "42"} if variable.startswith("TELEGRAM") else {}
    line = refusal_to_start(forked_project, environment(tmp_path, **{**telegram, variable: value}))

    assert line.startswith(f"bonghwa: {variable} ")
    assert found in line
    assert ": expected " in line
    assert expected in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("given", "missing"), [("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"), ("TELEGRAM_CHAT_ID", "TELEGRAM_BOT_TOKEN")]
)
def test_half_a_channel_stops_the_start(forked_project: Path, tmp_path: Path, given: str, missing: str) -> None:
    line = refusal_to_start(forked_project, environment(tmp_path, **{given: "424242"}))

    assert line.startswith(f"bonghwa: {missing} is not set: expected ")
    assert "424242" not in line


def test_a_taken_port_stops_the_start(project: Path, tmp_path: Path, target: Target) -> None:
    line = refusal_to_start(project, environment(tmp_path, FLASK_PORT=str(target.port)))

    assert line.startswith(f"bonghwa: FLASK_PORT is '{target.port}': expected a port that can be bound")
    assert "in use" in line


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
