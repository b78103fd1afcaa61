"""Channels that misbehave, from the outside: events are pushed into the running system, Telegram is a stand-in.

Each message about a monitor meets what the table says for that monitor; what came of it is read where anybody can: at
the channel, in notification_logs, in the log.
"""

import itertools
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.models import as_text
from tests.support.running import LocalSystem
from tests.support.stand_ins import (
    Behaviour,
    BotApi,
    Call,
    Target,
    accepts,
    accepts_and_hangs,
    accepts_and_resets,
    asks_to_wait,
    bad_gateway,
    chat_not_found,
    hangs,
    internal_error,
    not_found,
    refuses,
    resets,
    says_no_json,
    unauthorized,
    was_blocked,
)

pytestmark = pytest.mark.system


def accepts_and_drips_a_byte_a_second(call: Call) -> None:
    """Accepts the message and takes minutes to say so."""
    call.exchange.drip(200, call.accept(), pause=1.0)


def accepts_and_says_half_of_it(call: Call) -> None:
    """Accepts the message, but its JSON ends in the middle."""
    call.exchange.answer(200, call.accept()[:-20], "application/json")


def says_so_twice(call: Call) -> None:
    """Accepts the message once, and answers twice on the same connection."""
    answer = call.accept()
    call.exchange.answer(200, answer, "application/json")
    call.exchange.answer(200, answer, "application/json")


def says_nothing(call: Call) -> None:
    """An empty answer."""
    call.exchange.answer(200, "", "application/json")


too_many = refuses(429, "Too Many Requests")


@dataclass(frozen=True)
class Case:
    """What a monitor's message meets, one behaviour an attempt and then acceptance, and what has to come of it."""

    monitor: str
    meets: tuple[Behaviour, ...]
    attempts: str
    accepted: int
    answer: str
    why: str


ONCE_MORE = "RETRY SENT"
CUT_OFF = "no answer within"
CASES = [
    Case("kept-waiting", (asks_to_wait(3),), ONCE_MORE, 1, "asked to wait 3 s", "429: its own word on when"),
    Case("429-unsaid", (too_many,), ONCE_MORE, 1, "Too Many Requests", "429 without a word on when"),
    Case("reset", (resets,), ONCE_MORE, 1, "Error", "a reset may pass"),
    Case("500", (internal_error,), ONCE_MORE, 1, "Internal Server Error", "its trouble may pass"),
    Case("502", (bad_gateway,), ONCE_MORE, 1, "Bad Gateway", "a proxy's trouble, in HTML, may pass"),
    Case("twice", (internal_error, bad_gateway), "RETRY RETRY SENT", 1, "Internal", "it is tried more than once more"),
    Case("no-json", (says_no_json,), ONCE_MORE, 1, "Invalid server response", "200 of something else is no success"),
    Case("empty", (says_nothing,), ONCE_MORE, 1, "Invalid server response", "nor is 200 with nothing"),
    Case("hang", (hangs,), ONCE_MORE, 1, CUT_OFF, "cut off, then told"),
    Case("400", (chat_not_found,), "FAILED", 0, "Chat not found", "a wrong chat stays wrong"),
    Case("401", (unauthorized,), "FAILED", 0, "Unauthorized", "a bad token stays bad"),
    Case("403", (was_blocked,), "FAILED", 0, "blocked by the user", "who blocked the bot does not want it"),
    Case("404", (not_found,), "FAILED", 0, "Not Found", "what Telegram says to a token that is none"),
    # Accepted, but the word of it is lost: the contract's one case of a copy.
    Case("drip", (accepts_and_drips_a_byte_a_second,), ONCE_MORE, 2, CUT_OFF, "a byte a second is a hang"),
    Case("accepts+hangs", (accepts_and_hangs,), ONCE_MORE, 2, CUT_OFF, "silence is no success"),
    Case("accepts+resets", (accepts_and_resets,), ONCE_MORE, 2, "Error", "nor is a reset"),
    Case("accepts+half", (accepts_and_says_half_of_it,), ONCE_MORE, 2, "Invalid server response", "nor is half a word"),
    Case("says-so-twice", (says_so_twice,), "SENT", 1, "message", "the second answer to one request is nobody's"),
]
REFUSED = Case("refused", (), ONCE_MORE, 1, "Error|refused|attempts failed", "nobody listens, and then somebody does")


class Script:
    """A behaviour that gives each monitor's messages what its case says."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.left = {case.monitor: list(case.meets) for case in cases}

    def __call__(self, call: Call) -> None:
        left = self.left.get(monitor_of(call.message.text), [])
        behaviour = left.pop(0) if left else accepts
        behaviour(call)


def monitor_of(text: str) -> str:
    return text.split()[1]


def fail(system: LocalSystem, monitor: str) -> float:
    """Report a failure of ``monitor``; how many seconds that took."""
    event = {"target_url": "http://pushed.example/", "monitor": monitor, "is_success": False}
    answer = system.post("/events", event | {"timestamp": as_text(datetime.now(UTC)), "error_message": "it is broken"})
    assert answer.status_code == 201, answer.text
    return answer.elapsed.total_seconds()


def attempts(system: LocalSystem, monitor: str, channel: str = "telegram") -> list[dict[str, Any]]:
    return system.rows(
        "SELECT log.* FROM notification_logs log JOIN alerts alert ON alert.id = log.alert_id"
        " WHERE alert.kind = 'OUTAGE' AND alert.subject = ? AND log.channel = ? ORDER BY log.id",
        monitor,
        channel,
    )


def statuses(logs: list[dict[str, Any]]) -> str:
    return " ".join(log["status"] for log in logs)


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_whatever_a_channel_does_the_message_arrives_or_the_log_says_why_not(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.behaviour = Script(CASES)
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        # Whoever sends first has a library to load, which may cost a busy machine the whole budget.
        fail(system, "first")
        system.wait_until(lambda: bot_api.messages)
        bot_api.is_down = True
        fail(system, REFUSED.monitor)
        bot_api.is_down = False
        # Those that hang side by side, and the others one by one: no attempt is to be cut off for want of a processor.
        hanging = [case for case in CASES if case.answer == CUT_OFF]
        with ThreadPoolExecutor(len(hanging)) as pool:
            took = list(pool.map(lambda case: fail(system, case.monitor), hanging))
        took += [fail(system, case.monitor) for case in CASES if case not in hanging]

        cases = [REFUSED, *CASES]
        system.wait_until(
            lambda: all(statuses(attempts(system, case.monitor))[-4:] in ("SENT", "ILED") for case in cases), 60
        )
        # What is settled stays settled: a run of deliveries later all is as it was.
        before = len(bot_api.calls)
        assert system.post("/deliver_notifications").json() == {"SENT": 0, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}
        assert len(bot_api.calls) == before

    received = defaultdict(list)
    for message in bot_api.calls:
        received[monitor_of(message.text)].append(message)
    for case in cases:
        logs, calls = attempts(system, case.monitor), received[case.monitor]
        assert statuses(logs) == case.attempts, case
        assert re.search(case.answer, logs[0]["answer"]), (case, logs[0]["answer"])
        assert sum(call.is_accepted for call in calls) == case.accepted, case
        assert len(calls) == len(logs) - (case is REFUSED), case
        # A copy carries the same id; every attempt is about one and the same notification.
        assert len({call.text for call in calls}) <= 1, case
        assert all(call.text.endswith(f" · #{logs[0]['notification_id']}") for call in calls), case
        gaps = [seconds_between(a["attempted_at"], b["attempted_at"]) for a, b in itertools.pairwise(logs)]
        for gap, least in zip(gaps, (3.0,) if case.monitor == "kept-waiting" else (1.0, 2.0), strict=False):
            assert gap >= least, (case, gaps)
        # And the other channel told it once and did not wait for this one.
        assert [line for line in system.told() if monitor_of(line) == case.monitor][1:] == [], case
        console = attempts(system, case.monitor, "console")
        assert statuses(console) == "SENT", case
        assert case not in hanging or console[0]["id"] < logs[0]["id"], case
    # A second is the budget; the rest is a busy machine's.
    assert max(took) < 3, took


def test_a_channel_that_fails_for_a_day_is_tried_less_and_less_and_then_given_up_with_one_row(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.behaviour = internal_error
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        fail(system, "hopeless")
        system.wait_until(lambda: len(attempts(system, "hopeless")) == 1)

        # Many failures later, almost a day after it was decided: it is still tried, but every 5 to 10 minutes.
        change(system, attempts=50, due_at=ago(hours=1), created_at=ago(hours=23, minutes=59))
        system.wait_until(lambda: len(attempts(system, "hopeless")) == 2, 15)
        [owed] = system.rows("SELECT * FROM notifications WHERE channel = 'telegram'")
        last = attempts(system, "hopeless")[-1]
        assert (owed["status"], last["status"]) == ("PENDING", "RETRY")
        assert 295 < seconds_between(last["attempted_at"], owed["due_at"]) < 605

        # A day after it was decided, whenever it would be due.
        change(system, created_at=ago(hours=24, seconds=1))
        system.wait_until(lambda: "EXPIRED" in statuses(attempts(system, "hopeless")), 15)
        tried = len(bot_api.calls)
        change(system, due_at=ago(hours=1))
        assert system.post("/deliver_notifications").json()["EXPIRED"] == 0

    logs = attempts(system, "hopeless")
    assert statuses(logs) == "RETRY RETRY EXPIRED"
    assert re.fullmatch(r"not delivered after \d+ attempts since .+Z", logs[-1]["answer"])
    assert len(bot_api.calls) == tried > 0
    assert bot_api.messages == []
    assert len(re.findall(r"ERROR +notification_expired", (tmp_path / "logs" / "server.log").read_text())) == 1
    assert [monitor_of(line) for line in system.told()] == ["hopeless"]


def test_a_channel_that_hangs_costs_the_next_checks_nothing_and_the_other_channel_tells_at_once(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    interval, count, least = 0.5, 20, 14
    urls = [f"{target.url}/{number}" for number in range(3)]
    settings = {"TARGET_URL": " ".join(urls), "CHECK_INTERVAL_SECONDS": str(interval), **bot_api.environ}
    with LocalSystem(project, tmp_path, **settings) as system:
        # Whoever sends first has a library to load, which may cost a busy machine the whole budget.
        fail(system, "first")
        system.wait_until(lambda: bot_api.messages and system.told())
        bot_api.behaviour = hangs
        system.wait_for_further_events(3, is_success=True)
        target.is_down = True
        system.wait_until(lambda: len(system.told()) == 1 + len(urls))
        # From the first failing check on, so that the one that pays for the telling counts as well.
        began = min(datetime.fromisoformat(alert["failed_at"]) for alert in alerts_of(system, urls))
        until = began + timedelta(seconds=interval * count)
        system.wait_until(lambda: datetime.now(UTC) > until + timedelta(seconds=1), 30)
        alerts = alerts_of(system, urls)
        events = system.events(is_success=False)
        hanging = len(bot_api.calls) - 1
        bot_api.release()

    checks = dict.fromkeys(urls, 0)
    for event in events:
        if event["target_url"] in checks:
            checks[event["target_url"]] += datetime.fromisoformat(event["timestamp"]) < until
    assert min(checks.values()) >= least, checks
    # It hung all the while: what was cut off was begun again, and nothing was accepted.
    assert hanging >= 2
    assert [monitor_of(message.text) for message in bot_api.calls if message.is_accepted] == ["first"]
    cut_off = [log for url in urls for log in attempts(system, url)]
    # It was tried at once, too: later it would have had ten seconds. The third is a busy machine's.
    assert min(cut_off, key=lambda log: str(log["attempted_at"]))["duration_ms"] < 3000
    for alert in alerts:
        [console] = attempts(system, alert["subject"], "console")
        assert console["status"] == "SENT"
        assert seconds_between(alert["opened_at"], console["attempted_at"]) < 2
        for hung in attempts(system, alert["subject"])[:1]:
            assert seconds_between(hung["attempted_at"], console["attempted_at"]) < hung["duration_ms"] / 1000


def alerts_of(system: LocalSystem, urls: list[str]) -> list[dict[str, Any]]:
    return [alert for alert in system.alerts() if alert["subject"] in urls]


def ago(**length: float) -> str:
    return as_text(datetime.now(UTC) - timedelta(**length))


def change(system: LocalSystem, **values: object) -> None:
    """Set what the store holds of the message that Telegram is owed: how a test passes a day."""
    database = sqlite3.connect(system.database, timeout=5)
    with database:
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        database.execute(f"UPDATE notifications SET {assignments} WHERE channel = 'telegram'", values)
    database.close()
