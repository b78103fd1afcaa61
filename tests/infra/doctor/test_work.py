"""Findings about the agents, the reviews, the deliveries and the last drill."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.doctor import store
from infra.doctor.drills import examine_drill
from infra.doctor.findings import Verdict
from shared.models import now
from tests.infra.doctor.examined import FAILURE, OK, WARNING, ago, execute, find, one

pytestmark = pytest.mark.slow

WELL = {"ok": True, "delivered": {"ops": 0.4}, "failed": {}, "acknowledged_by": "kim"}


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


def test_a_channel_that_was_notified_and_is_gone_is_found(environ: dict[str, str], database: Path) -> None:
    open_alert(database, "OUTAGE", "shop")
    for channel in ("console", "former"):
        owe(database, channel, due=ago(), created=ago())
    execute(database, "UPDATE notifications SET status = 'SENT'")
    found = one(find(environ), "channels", "was notified of alerts that are still active")
    assert found.verdict is WARNING
    assert found.found == "former was notified of alerts that are still active (1), and is not configured here"


def test_a_location_without_an_agent_is_found(environ: dict[str, str], database: Path) -> None:
    see_agent(database, "seoul", seconds=9)
    columns = "name, target_url, interval_seconds, locations, quorum"
    sql = f"INSERT INTO monitors ({columns}) VALUES ('shop', 'http://shop/', 60, ?, 3)"
    execute(database, sql, '["seol", "seoul"]')
    found = [finding for finding in find(environ) if finding.about == "checks" and finding.verdict is WARNING]
    assert found[0].found == "no agent at 'seol' has ever reported; did you mean seoul?"


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
    if agent is None:
        assert "http://127.0.0.1:5000/check_monitors" in (found.fix or "")


def test_an_agent_is_started_on_its_own_machine(environ: dict[str, str], database: Path) -> None:
    see_agent(database, hours=2)
    here = one(find({**environ, "LOCATION": "seoul"}), "checks", "agent seoul reported 2 h ago")
    assert "http://127.0.0.1:5000/check_monitors" in (here.fix or "")
    there = "on the machine of LOCATION=seoul: make run or its schedule, with its BACKEND_URL and API_KEY; "
    elsewhere = one(find(environ), "checks", "agent seoul reported 2 h ago")
    assert elsewhere.fix == f"{there}if it is gone for good, resolve its alert once it is open"
    open_alert(database, "AGENT_SILENT", "seoul")
    elsewhere = one(find(environ), "checks", "agent seoul reported 2 h ago")
    assert elsewhere.fix == f"{there}if it is gone for good, resolve alert 1"


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
    ("ahead", "words"), [(240, "is 4 min ahead of the backend"), (-7, "is 7 s behind the backend")]
)
def test_an_agent_whose_clock_is_wrong_is_found(
    environ: dict[str, str], database: Path, ahead: float, words: str
) -> None:
    see_agent(database, seconds=10)
    assert not [finding for finding in find(environ) if finding.about == "clock"]
    execute(database, "UPDATE agents SET clock_ahead_seconds = ?", ahead)
    found = one(find(environ), "clock", f"the clock of agent seoul {words}")
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


@pytest.mark.parametrize(("hours", "words"), [(None, "has never run"), (4, "last ran 4 h ago"), (2, None)])
def test_upkeep_that_is_missing_is_found(
    environ: dict[str, str], database: Path, hours: float | None, words: str | None
) -> None:
    assert "upkeep" not in [each.about for each in find(environ)], "the store is new"
    execute(database, "UPDATE schema_migrations SET applied_at = ?", ago(days=1))
    if hours is not None:
        execute(database, "INSERT INTO watches VALUES (8, ?, ?)", ago(hours=hours), ago(hours=hours))
    if words is None:
        assert "upkeep" not in [each.about for each in find(environ)]
    else:
        assert one(find(environ), "upkeep", f"maintain_store {words}").verdict is WARNING


def test_an_update_or_a_start_is_no_missing_upkeep(environ: dict[str, str], database: Path) -> None:
    """An older version noted no upkeep, although it ran."""
    execute(database, "UPDATE schema_migrations SET applied_at = ? WHERE version < 5", ago(days=1))
    assert "upkeep" not in [each.about for each in find(environ)]
    execute(database, "UPDATE schema_migrations SET applied_at = ?", ago(days=1))
    execute(database, "INSERT INTO watches VALUES (3, ?, ?)", ago(minutes=4), ago(minutes=4))
    assert "upkeep" not in [each.about for each in find(environ)]
    execute(database, "UPDATE watches SET started_at = ?", ago(hours=4))
    assert one(find(environ), "upkeep", "maintain_store has never run").verdict is WARNING


def test_runs_that_fail_are_found(environ: dict[str, str], database: Path) -> None:
    since = ago(minutes=4)
    execute(database, "INSERT INTO watches VALUES (6, ?, ?)", since, since)
    found = one(find(environ), "runs", f"runs of deliver_notifications have failed since {since}, 4 min ago")
    assert found.verdict is FAILURE
    execute(database, "INSERT INTO watches VALUES (7, ?, ?)", since, since)
    assert one(find(environ), "runs", f"runs of maintain_store have failed since {since}").verdict is FAILURE


@pytest.mark.parametrize(
    ("channel", "due", "created", "verdict", "words"),
    [
        ("console", -1, 2, OK, "1 message to console on the way"),
        ("console", 8, 9, FAILURE, "1 message to console should have been sent, the oldest"),
        ("console", -5, 180, WARNING, "1 message to console tried for 3 h"),
        ("telegram", 8, 180, WARNING, "1 message owed to telegram, which is not configured"),
    ],
)
def test_what_is_owed_for_too_long_is_found(
    environ: dict[str, str], database: Path, channel: str, due: float, created: float, verdict: Verdict, words: str
) -> None:
    open_alert(database, "OUTAGE", "shop")
    owe(database, channel, due=ago(minutes=due), created=ago(minutes=created))
    assert one(find(environ), "deliveries", words).verdict is verdict


def test_a_channel_that_takes_nothing_is_found(environ: dict[str, str], database: Path) -> None:
    open_alert(database, "OUTAGE", "shop")
    owe(database, "console", due=ago(minutes=-5), created=ago(minutes=4))
    execute(database, "UPDATE notifications SET attempts = 5")
    assert one(find(environ), "deliveries", "1 message to console tried for 4 min").verdict is WARNING


def test_a_recovery_behind_its_outage_is_not_overdue(environ: dict[str, str], database: Path) -> None:
    open_alert(database, "OUTAGE", "shop")
    owe(database, "console", due=ago(minutes=-5), created=ago(minutes=9))
    owe(database, "console", kind="RECOVERY", due=ago(minutes=8), created=ago(minutes=8))
    assert one(find(environ), "deliveries", "2 messages to console on the way").verdict is OK


def test_a_channel_that_refused_is_found(environ: dict[str, str], database: Path) -> None:
    open_alert(database, "CHANNEL_REFUSED", "telegram", "Chat not found")
    found = one(find(environ), "channels", "telegram permanently rejected a message: Chat not found")
    assert (found.verdict, "--send-test" in (found.fix or "")) == (FAILURE, True)
    execute(database, "INSERT INTO configuration (id, version, body, channels) VALUES (1, 0, '{}', '[\"console\"]')")
    found = one(find(environ), "channels", "Chat not found; it is not on any more")
    assert (found.verdict, "/review_alerts" in (found.fix or "")) == (WARNING, True)


def drilled(database: Path, **result: Any) -> None:
    found = json.dumps({**WELL, "at": ago(days=3), **result})
    sql = "INSERT INTO drills (alert_id, channels, finished_at, result) VALUES (1, '[]', ?, ?)"
    execute(database, sql, ago(days=3), found)


@pytest.mark.parametrize(
    ("result", "verdict", "words"),
    [
        ({}, OK, "the last drill was 3 d ago; delivered to ops in 0.4 s; acknowledged by kim"),
        (
            {"ok": False, "failed": {"mail": "550 no such user"}, "acknowledged_by": None},
            WARNING,
            "delivered to ops in 0.4 s; failed on mail: 550 no such user",
        ),
        ({"ok": False, "acknowledged_by": None}, WARNING, "nobody acknowledged it in time"),
        ({"ok": False, "delivered": {}, "acknowledged_by": None}, WARNING, "3 d ago; nobody got it"),
    ],
)
def test_the_last_drill_is_a_finding(
    environ: dict[str, str], database: Path, result: dict[str, Any], verdict: Verdict, words: str
) -> None:
    drilled(database, **result)
    assert one(find(environ), "drill", words).verdict is verdict


def test_before_the_first_drill_there_is_no_finding(environ: dict[str, str]) -> None:
    assert [each for each in find(environ) if each.about == "drill"] == []


@pytest.mark.parametrize("last", [None, "well", {}, {"at": 5}, {**WELL, "at": "then"}, {**WELL, "delivered": []}])
def test_what_another_version_says_is_no_finding(last: object) -> None:
    assert list(examine_drill(last, now())) == []
