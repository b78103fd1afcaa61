"""Hostile words of reporters, channels and proxies, on the running system: every outage is still told."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shared.models import as_text, now
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Call, Target, accepts, asks_to_wait, internal_error
from tests.system.copies import one_by_one, without_copies

pytestmark = pytest.mark.system

YEAR_ONE = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.001Z", "0001-01-02T12:00:00Z", "1900-01-01T00:00:00+09:00")


def fail(system: LocalSystem, monitor: str, timestamp: str | None = None, cause: str = "broken") -> None:
    """Report a failure of ``monitor``."""
    event = {"target_url": f"http://{monitor}.example/", "monitor": monitor, "is_success": False}
    answer = system.post("/events", event | {"timestamp": timestamp or as_text(now()), "error_message": cause})
    assert answer.status_code == 201, answer.text


def attempts(system: LocalSystem, channel: str = "telegram") -> list[dict[str, Any]]:
    return system.rows("SELECT * FROM notification_logs WHERE channel = ? ORDER BY id", channel)


def statuses(system: LocalSystem, channel: str = "telegram") -> list[str]:
    return [log["status"] for log in attempts(system, channel)]


def sent(api: BotApi) -> list[str]:
    """The first words of each accepted message."""
    return [" ".join(text.split()[:2]) for text in one_by_one(api.messages)]


def chats_of(api: BotApi, monitor: str) -> set[str]:
    """The chats to which the outage of a monitor was sent, whether they accepted it or not."""
    return {call.chat_id for call in api.calls if call.text.startswith(f"OUTAGE {monitor} ")}


def test_events_of_the_year_one_stop_no_message(project: Path, tmp_path: Path, target: Target, bot_api: BotApi) -> None:
    variables = {"TZ": "America/New_York", "TARGET_URL": target.url, **bot_api.environ}
    with LocalSystem(project, tmp_path, **variables) as system:
        bot_api.behaviour = internal_error
        for number in range(19):
            fail(system, f"go{number}", YEAR_ONE[number % len(YEAR_ONE)])
        # As if version 0.1 had stored it: composing has to show the calendar's first day.
        with closing(sqlite3.connect(system.database, timeout=5)) as database, database:
            database.execute("UPDATE alerts SET failed_at = '0001-01-01T00:00:00.000Z' WHERE id <= 3")
            database.execute("UPDATE alerts SET cause_data = '{', opened_at = 'never' WHERE id = 4")
        bot_api.behaviour = accepts
        fail(system, "shop")
        expected = {f"OUTAGE {name}" for name in ("shop", *(f"go{number}" for number in range(19)))}
        system.wait_until(lambda: expected <= set(sent(bot_api)), 40)
        assert len(without_copies(bot_api.messages)) == len(expected)
        assert {log["status"] for log in attempts(system)} <= {"RETRY", "SENT"}
        assert "Traceback" not in system.output()


@pytest.mark.parametrize("seconds", [10**12, 10**300], ids=["10^12", "10^300"])
def test_a_wait_without_end_ends_before_its_message_does(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi, seconds: int
) -> None:
    bot_api.queue(asks_to_wait(seconds))
    variables = {"TARGET_URL": target.url, "NOTIFICATION_TTL": "64", **bot_api.environ}
    with LocalSystem(project, tmp_path, **variables) as system:
        fail(system, "first")
        fail(system, "second")
        system.wait_until(lambda: sorted(sent(bot_api)) == ["OUTAGE first", "OUTAGE second"], 20)
        assert "asked to wait" in " ".join(log["answer"] for log in attempts(system))
        assert "Traceback" not in system.output()


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, "<html><h1>Blocked</h1></html>"), (404, "<html>nginx</html>"), (403, '{"message": "Forbidden"}')],
)
def test_a_middlebox_that_refuses_once_loses_no_outage(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi, status: int, body: str
) -> None:
    bot_api.queue(lambda call: call.exchange.answer(status, body, "text/html"))
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        fail(system, "shop")
        system.wait_until(lambda: "SENT" in statuses(system), 20)
        assert sent(bot_api) == ["OUTAGE shop"]
        # A busy machine may cut the first attempt off, while it loads the library.
        *retried, last = attempts(system)
        assert ({attempt["status"] for attempt in retried}, last["status"]) == ({"RETRY"}, "SENT")
        assert any(f"HTTP {status}" in attempt["answer"] for attempt in retried)
        assert system.rows("SELECT * FROM alerts WHERE kind = 'CHANNEL_REFUSED'") == []


@pytest.mark.parametrize(
    ("channel", "setting"), [("telegram", "TELEGRAM_CHAT_ID"), ("ops", "CHANNELS.ops.chat_id")], ids=["telegram", "ops"]
)
def test_a_group_that_becomes_a_supergroup_gets_everything(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi, channel: str, setting: str
) -> None:
    def has_moved(call: Call) -> None:
        if call.message.chat_id == "-1001":
            accepts(call)
        else:
            call.refuse(400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -1001})

    bot_api.behaviour = has_moved
    ops = {"kind": "telegram", "bot_token": bot_api.token, "chat_id": -42, "api_url": bot_api.url}
    variables = {
        "telegram": {**bot_api.environ, "TELEGRAM_CHAT_ID": "-42"},
        "ops": {"CHANNELS": json.dumps({"ops": ops})},
    }
    count = 0
    for run in (1, 2):  # the second after a restart
        with LocalSystem(project, tmp_path, TARGET_URL=target.url, **variables[channel]) as system:
            for name in (f"first{run}", f"later{run}"):
                fail(system, name)
                count += 1
                system.wait_until(lambda: statuses(system, channel).count("SENT") == count, 20)  # noqa: B023
                assert f"OUTAGE {name}" in sent(bot_api)
                assert attempts(system, channel)[-1]["answer"].endswith(f"; the group moved: {setting} has to be -1001")
            assert f"{setting} has to be -1001" in (tmp_path / "logs" / "server.log").read_text()
            # Only the first message of a run asks at the old id.
            assert chats_of(bot_api, f"first{run}") == {"-42", "-1001"}
            assert chats_of(bot_api, f"later{run}") == {"-1001"}


# Fillers and blanks that Unicode calls letters and symbols, variation selectors, and what a terminal obeys.
UNSEEN = ["\u3164", "\u2800", "\ufe00", "\ufe0f", "\U000e0100", "\x9b", "\x85", "\u2028", "\u202e"]


@pytest.mark.parametrize("variables", [{}, {"LOG_DIR": ""}], ids=["log files", "JSON"])
def test_what_nobody_sees_is_in_no_message_and_no_log(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi, variables: dict[str, str]
) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **variables, **bot_api.environ) as system:
        for number, unseen in enumerate(UNSEEN):
            fail(system, f"a{unseen}b{number}", cause=f"x{unseen}y")
        system.wait_until(lambda: len(without_copies(bot_api.messages)) == len(UNSEEN))
    messages = without_copies(bot_api.messages)
    for message in messages:
        alone = r"OUTAGE a b(\d) \(http://a b\1\.example/\)\nCause: x y\nSince: [-\d: ]+ \S+(\n[^\n]+)*\n#\d+"
        assert re.fullmatch(rf"{alone}|OUTAGE a b\d · x y · #\d+", message), "what comes later is in a list"
        assert all(line.isprintable() for line in message.split("\n"))
    logged = [file.read_bytes().decode() for file in (tmp_path / "logs").glob("*.log")]
    written = "\n".join((*messages, *logged, system.output()))
    assert all(line.isprintable() for line in written.split("\n"))
    assert set(UNSEEN).isdisjoint(written)
    # The logs hold what was reported, escaped.
    assert all(f"a{json.dumps(unseen)[1:-1]}b" in written for unseen in UNSEEN)


def test_a_live_outage_that_is_reopened_is_told_again(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        target.status = 500
        outage, recovery = f"OUTAGE {target.url}", f"RECOVERY {target.url}"
        system.wait_until(lambda: sent(bot_api) == [outage], 20)
        system.patch("/alerts/1", {"status": "RESOLVED", "by": "kim"})
        assert system.patch("/alerts/1", {"status": "OPEN", "by": "x" * 255}).status_code in (200, 409)
        system.wait_until(lambda: sent(bot_api) == [outage, recovery, outage], 20)
        assert len(bot_api.messages[-1]) < 400
        target.status = 200
        system.wait_until(lambda: sent(bot_api) == [outage, recovery, outage, recovery], 20)
        # Reopened while it is up, just before it fails again.
        newest = system.alerts()[0]["id"]
        target.status = 500
        system.patch(f"/alerts/{newest}", {"status": "OPEN"})
        system.wait_until(lambda: sent(bot_api)[4:5] == [outage], 20)


@pytest.mark.parametrize("pair", [("RESOLVED", "OPEN"), ("ACK", "OPEN")])
def test_moves_cannot_flood_the_channels(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi, pair: tuple[str, str]
) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        fail(system, "shop")
        answers = [system.patch("/alerts/1", {"status": pair[turn % 2], "by": f"spam {turn}"}) for turn in range(40)]
        # Every second of the later ones asks for the status that the alert has already.
        assert [answer.status_code for answer in answers] == [200] * 10 + [429, 200] * 15
        refused = answers[10]
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.json()["status"] == 429
        system.wait_until(lambda: system.get("/").json()["owed_notifications"] == 0, 20)
        assert len(bot_api.messages) <= 11
