"""/heartbeats/<token>: a job says that it runs, how its run ended, and what it had to say."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.api import on_each_engine
from tests.functions.receive_heartbeat.conftest import TOKEN, Job

pytestmark = pytest.mark.slow

OK = (200, {"ok": True})


@on_each_engine
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_ping_is_one_event_whatever_its_method(job: Job, method: str) -> None:
    assert job.state == "UNKNOWN"
    status, body = job.ping(f"/heartbeats/{TOKEN}", method)
    assert (status, body) == (200, b"" if method == "HEAD" else {"ok": True})
    assert job.events == [{"is_success": 1, "error_message": None, "message": None, "response_time_ms": None}]
    assert job.state == "UP"


@pytest.mark.parametrize(
    ("what", "ok", "cause"),
    [
        ("0", 1, None),
        ("1", 0, "exit code 1"),
        ("255", 0, "exit code 255"),
        ("fail", 0, "the job reported a failure"),
    ],
)
def test_the_end_of_a_run_says_how_it_went(job: Job, what: str, ok: int, cause: str | None) -> None:
    assert job.ping(f"/heartbeats/{TOKEN}/{what}", "POST") == OK
    [event] = job.events
    assert (event["is_success"], event["error_message"]) == (ok, cause)
    assert job.causes == ([] if ok else [cause])


@pytest.mark.parametrize("what", ["256", "-1", "01", "1e1", "٣", "finish", "START", "1000000000000"])
def test_anything_else_after_the_token_is_404(job: Job, what: str) -> None:
    status, body = job.ping(f"/heartbeats/{TOKEN}/{what}")
    assert (status, body["ok"], "exit code" in body["msg"]) == (404, False, True)
    assert job.events == []


@pytest.mark.parametrize(
    ("what", "cause"),
    [("fail", "pg_dump: no space left\nsee /var/log"), ("3", "exit code 3: pg_dump: no space left\nsee /var/log")],
)
def test_the_body_is_the_message_and_the_cause_of_a_failure(job: Job, what: str, cause: str) -> None:
    said = b"pg_dump: no space left\nsee /var/log\n"
    job.ping(f"/heartbeats/{TOKEN}/{what}", "POST", data=said, content_type="application/x-www-form-urlencoded")
    [event] = job.events
    assert (event["message"], event["error_message"]) == (said.decode().strip(), cause)
    assert job.causes == [cause]


def test_a_long_body_is_cut_and_not_refused(job: Job) -> None:
    assert job.ping(f"/heartbeats/{TOKEN}", "POST", data=b"x" * 900_000) == OK
    assert job.ping(f"/heartbeats/{TOKEN}/1", "POST", data="봉화".encode() * 5_000) == OK
    assert len(job.events[0]["message"]) == 10_000
    assert job.events[1]["error_message"].startswith("exit code 1: 봉화봉화")


@pytest.mark.parametrize("body", [b"\xff\xfe\x00 binary", b"\x1b[31mred\x1b[0m", b" \n\t "])
def test_any_bytes_are_a_message(job: Job, body: bytes) -> None:
    assert job.ping(f"/heartbeats/{TOKEN}/fail", "POST", data=body) == OK
    assert len(job.causes) == 1


def test_a_start_is_no_event_and_its_end_has_the_duration(job: Job) -> None:
    assert job.ping(f"/heartbeats/{TOKEN}/start") == OK
    assert (job.events, job.state) == ([], "UNKNOWN")
    job.ping(f"/heartbeats/{TOKEN}/0")
    job.ping(f"/heartbeats/{TOKEN}/0")
    durations = [event["response_time_ms"] for event in job.events]
    assert 0 <= durations[0] < 60_000
    assert durations[1] is None


def test_a_success_ends_the_outage_and_is_sent_at_once(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.ping(f"/heartbeats/{TOKEN}/fail")
    job.ping(f"/heartbeats/{TOKEN}")
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("OUTAGE", "RECOVERY"))]
    assert [line.split(" · ")[0] for line in said] == [
        f"{kind} Nightly backup (heartbeat)" for kind in ("OUTAGE", "RECOVERY")
    ]


def test_failures_count_up_to_the_threshold(job: Job) -> None:
    job.make("Slow job", "another-token", failure_threshold=2)
    job.ping("/heartbeats/another-token/fail")
    assert job.causes == []
    job.ping("/heartbeats/another-token/fail")
    assert len(job.causes) == 1


def test_the_next_ping_is_due_within_period_and_grace(job: Job) -> None:
    [before] = job.api.get("/monitors")["monitors"]
    job.ping(f"/heartbeats/{TOKEN}")
    [after] = job.api.get("/monitors")["monitors"]
    assert before["next_check_at"] is None
    assert after["next_check_at"][:11] >= after["last_checked_at"][:11]
    assert after["next_check_at"] > after["last_checked_at"]


def test_a_paused_heartbeat_takes_pings_and_stays_paused(job: Job) -> None:
    job.api.call("PATCH", "/monitors/1", {"enabled": False})
    assert job.ping(f"/heartbeats/{TOKEN}/fail") == OK
    assert (job.state, job.causes) == ("PAUSED", [])
    [monitor] = job.api.get("/monitors")["monitors"]
    assert monitor["next_check_at"] is None


def test_a_removed_heartbeat_is_unknown(job: Job) -> None:
    job.api.call("DELETE", "/monitors/1")
    assert job.ping(f"/heartbeats/{TOKEN}")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/heartbeats/unknown", {}),
        ("POST", "/heartbeats/unknown/0", {}),
        ("GET", "/heartbeats/%E6%97%A5%00", {}),
        ("GET", "/api/push/unknown?status=up", {}),
        ("POST", "/api/v1/endpoints/_nightly-backup/external?success=true", {}),
    ],
)
def test_an_unknown_token_is_404_and_says_so(job: Job, method: str, path: str, options: dict[str, Any]) -> None:
    assert job.ping(path, method, **options) == (404, {"ok": False, "msg": "no heartbeat has this token"})


def test_a_token_of_several_is_no_ones(job: Job) -> None:
    job.make("Other", TOKEN)
    status, body = job.ping(f"/heartbeats/{TOKEN}")
    assert (status, body["ok"]) == (409, False)
    assert job.events == []


def test_neither_logs_nor_messages_show_the_token(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    body = f"curl https://example.org/heartbeats/{TOKEN} postgresql://me:hunter2@db/x".encode()
    job.ping(f"/heartbeats/{TOKEN}/1", "POST", data=body)
    job.ping("/heartbeats/wrong-but-perhaps-elsewhere-right")
    shown = capsys.readouterr()
    said = shown.out + shown.err + str(job.events) + str(job.causes)
    assert "OUTAGE" in said
    for secret in (TOKEN, "hunter2", "wrong-but-perhaps"):
        assert secret not in said


@pytest.mark.parametrize("auth", ["ingest", "writes", "all"])
def test_a_token_is_enough_whatever_api_auth_says(job: Job, environ: Callable[..., None], auth: str) -> None:
    environ(API_AUTH=auth)
    assert job.ping(f"/heartbeats/{TOKEN}") == OK
    assert job.ping("/heartbeats/unknown")[0] == 404


def test_the_other_methods_are_405(job: Job) -> None:
    assert job.ping(f"/heartbeats/{TOKEN}", "PUT")[0] == 405
    assert job.ping("/api/v1/endpoints/_x/external", "GET")[0] == 405
