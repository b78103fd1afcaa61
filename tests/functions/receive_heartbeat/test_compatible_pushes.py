"""The push URLs of Uptime Kuma and Gatus, as their own clients call them: nobody has to touch a cron job."""

import pytest

from tests.functions.receive_heartbeat.conftest import TOKEN, Job

pytestmark = pytest.mark.slow

OK = (200, {"ok": True})


@pytest.mark.parametrize(
    ("query", "ok", "message", "milliseconds"),
    [
        # The URL that Uptime Kuma itself shows to be copied.
        ("?status=up&msg=OK&ping=", 1, "OK", None),
        ("", 1, None, None),
        ("?status=up&msg=OK&ping=123.5", 1, "OK", 123.5),
        ("?status=&msg=&ping=", 1, None, None),
        ("?status=down&msg=disk%20full&ping=7", 0, "disk full", 7.0),
        ("?status=pending", 0, None, None),
        ("?status=up&ping=fast", 1, None, None),
        ("?status=up&ping=-5", 1, None, None),
        ("?status=up&ping=nan", 1, None, None),
        ("?status=up&msg=%ED%95%9C%EA%B8%80+x", 1, "한글 x", None),
        ("?status=up&status=down&unknown=1", 1, None, None),
    ],
)
def test_a_push_of_uptime_kuma_means_the_same(
    job: Job, query: str, ok: int, message: str | None, milliseconds: float | None
) -> None:
    assert job.ping(f"/api/push/{TOKEN}{query}") == OK
    assert job.ping(f"/api/push/{TOKEN}{query}", "POST") == OK
    for event in job.events:
        assert (event["is_success"], event["message"], event["response_time_ms"]) == (ok, message, milliseconds)
        assert event["error_message"] == (None if ok else message or "the job reported a failure")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("query", "ok", "cause", "milliseconds"),
    [
        ("?success=true&error=&duration=10s", 1, None, 10_000.0),
        ("?success=true", 1, None, None),
        ("?success=true&duration=1m30.5s", 1, None, 90_500.0),
        ("?success=true&duration=250ms", 1, None, 250.0),
        ("?success=true&duration=0", 1, None, 0.0),
        ("?success=false&error=no+space+left", 0, "no space left", None),
        ("?success=false", 0, "the job reported a failure", None),
    ],
)
def test_a_result_of_gatus_means_the_same(
    job: Job, query: str, ok: int, cause: str | None, milliseconds: float | None
) -> None:
    job.make("Nightly backup/DB.1", "secret-of-gatus", group="Core")
    path = f"/api/v1/endpoints/core_nightly-backup-db-1/external{query}"
    assert job.ping(path, "POST", headers=bearer("secret-of-gatus")) == OK
    [event] = job.events
    assert (event["is_success"], event["error_message"], event["response_time_ms"]) == (ok, cause, milliseconds)


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("_nightly-backup", {}),
        ("_nightly-backup", bearer("wrong")),
        ("_nightly-backup", {"Authorization": f"Basic {TOKEN}"}),
        ("_other", bearer(TOKEN)),
        ("nightly-backup", bearer(TOKEN)),
    ],
)
def test_an_unknown_key_and_a_wrong_token_are_both_404(job: Job, key: str, headers: dict[str, str]) -> None:
    status, body = job.ping(f"/api/v1/endpoints/{key}/external?success=true", "POST", headers=headers)
    assert (status, body["ok"]) == (404, False)


@pytest.mark.parametrize(
    ("query", "field"), [("", "success"), ("?success=yes", "success"), ("?success=true&duration=soon", "duration")]
)
def test_a_wrong_parameter_of_gatus_is_named(job: Job, query: str, field: str) -> None:
    path = f"/api/v1/endpoints/_nightly-backup/external{query}"
    status, body = job.ping(path, "POST", headers=bearer(TOKEN))
    assert (status, body["field"]) == (400, field)
    assert job.events == []


def test_endpoints_may_share_a_token_since_the_key_tells_them_apart(job: Job) -> None:
    job.make("Other", TOKEN)
    for key in ("_nightly-backup", "_other"):
        assert job.ping(f"/api/v1/endpoints/{key}/external?success=true", "POST", headers=bearer(TOKEN)) == OK
    assert [each["state"] for each in job.api.get("/monitors")["monitors"]] == ["UP", "UP"]
