"""One suite for every platform and both stores: the scenarios, the HTTP API and the shapes of its errors.

What is asserted is what anybody sees from outside: what a channel received, what is answered, what is printed.
"""

import itertools
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.openapi.document import FILE
from infra.table import rows
from shared import ROOT, __version__
from shared.models import as_text, now
from tests.conftest import new_store
from tests.support.running import API_KEY, rows_of, wait_until
from tests.support.stand_ins import internal_error
from tests.system.runtimes import Runtime, aws, google, sandbox
from tests.system.runtimes.aws import Aws
from tests.system.runtimes.confined import can_confine, files_in, is_writable
from tests.system.runtimes.google import Google
from tests.system.runtimes.local import Local
from tests.system.runtimes.processes import Processes

pytestmark = pytest.mark.system

RUNTIMES = [
    ("local", "sqlite"),
    ("local", "postgresql"),
    ("local", "pgbouncer"),
    ("processes", "sqlite"),
    ("processes", "postgresql"),
    ("google", "postgresql"),
    ("aws", "postgresql"),
]
_numbers = itertools.count(1)


def on(platform: str, engine: str) -> Any:
    name = f"{platform}-{engine}"
    return pytest.param((platform, engine), id=name, marks=pytest.mark.together(f"runtime {name}"))


@pytest.fixture(scope="module", params=[on(*each) for each in RUNTIMES])
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Bonghwa on one platform and one store, started once for all that is asked of it."""
    platform, engine = request.param
    folder = tmp_path_factory.mktemp(platform)
    url = new_store(request, engine) or f"sqlite:///{folder / 'bonghwa.db'}"

    def fixture(name: str) -> Any:
        return request.getfixturevalue(name)

    match platform:
        case "local":
            running: Runtime = Local(fixture("project"), folder, url)
        case "processes":
            running = Processes(fixture("project"), folder, url)
        case "google":
            running = Google(fixture("built"), folder, url)
        case _:
            running = Aws(fixture("unpacked"), folder, url, fixture("aws_server"))
    with running:
        yield running


@pytest.fixture(scope="session")
def built() -> Iterator[Path]:
    """What Google's buildpack makes. Not among pytest's folders, which are kept, and searched for secrets whole."""
    with tempfile.TemporaryDirectory(prefix="bonghwa-buildpack-") as folder:
        yield google.build(Path(folder))


@pytest.fixture(scope="session")
def unpacked() -> Iterator[Path]:
    """What Lambda makes of the zip; see ``built`` for its place."""
    if sys.platform != "linux":
        pytest.skip("the zip holds libraries for Linux")
    with tempfile.TemporaryDirectory(prefix="bonghwa-zip-") as folder:
        yield sandbox.unpacked(Path(folder))


class Watch:
    """What the agent looks at, and what was told since this test began."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.url, self._told_before = runtime, runtime.target.url, len(runtime.bot_api.messages)
        self._alerts_before = len(runtime.alerts(monitor=self.url))
        self._events_before = len(self._all_events())

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.runtime.run("check_monitors")

    @property
    def told(self) -> list[str]:
        """What Telegram took, in this order."""
        return self.runtime.bot_api.messages[self._told_before :]

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """Newest first, as listed."""
        found = self.runtime.alerts(monitor=self.url)
        return found[: len(found) - self._alerts_before]

    @property
    def events(self) -> list[dict[str, Any]]:
        return self._all_events()[self._events_before :]

    def _all_events(self) -> list[dict[str, Any]]:
        sql = "SELECT is_success, status_code, error_message FROM events WHERE target_url = ? ORDER BY id"
        return rows_of(self.runtime.database_url, sql, self.url)


@pytest.fixture
def watch(runtime: Runtime) -> Iterator[Watch]:
    """The target is well; and so it is again afterwards, and nothing is owed."""
    watch = Watch(runtime)
    yield watch
    runtime.target.status, runtime.target.is_down = 200, False
    if any(alert["status"] != "RESOLVED" for alert in watch.alerts):
        watch.look()
        runtime.deliver()


@pytest.fixture
def failure() -> dict[str, Any]:
    """The report of a failure of something that no other test is about."""
    return {
        "target_url": f"https://{next(_numbers)}.example/",
        "status_code": None,
        "response_time_ms": None,
        "timestamp": "2025-01-08T10:30:00Z",
        "is_success": False,
        "error_message": "connection refused",
    }


@pytest.fixture
def alert(runtime: Runtime, failure: dict[str, Any]) -> dict[str, Any]:
    """An outage that was just reported."""
    found: dict[str, Any] = runtime.call("POST", "/events", failure).json()["alert"]
    return found


def recovered(failure: dict[str, Any], at: str = "2025-01-08T10:33:05Z") -> dict[str, Any]:
    return failure | {"status_code": 200, "is_success": True, "error_message": None, "timestamp": at}


def problem(answer: requests.Response, status: int) -> dict[str, Any]:
    """The members of a problem, which is what every error is."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert (found["type"], found["status"]) == ("about:blank", status)
    assert found["title"]
    assert found["detail"]
    return found


def numbers_of(runtime: Runtime, alert: dict[str, Any], channel: str) -> dict[str, int]:
    """The ids of what a channel is told about an alert, by kind."""
    found = runtime.get(f"/alerts/{alert['id']}")["notifications"]
    return {each["kind"]: each["id"] for each in found if each["channel"] == channel}


def sent(runtime: Runtime, alert: dict[str, Any]) -> list[tuple[str, str]]:
    """What was sent about an alert, as the log says."""
    logs = runtime.get(f"/notification_logs?alert_id={alert['id']}")["notification_logs"]
    return sorted((log["channel"], log["kind"]) for log in logs if log["status"] == "SENT")


# --- the scenarios ----------------------------------------------------------------------------------------------------


def test_a_healthy_target_is_looked_at_and_nobody_is_told(runtime: Runtime, watch: Watch) -> None:
    hits, began_at = runtime.target.hits, as_text(now())
    watch.look(times=2)
    assert runtime.target.hits >= hits + 2
    assert {(event["is_success"], event["status_code"]) for event in watch.events} == {(1, 200)}
    assert watch.alerts == []
    assert watch.told == []
    health = runtime.get("/")
    assert health["status"] == health["database"] == "ok"
    assert health["last_check"] >= began_at


def test_an_outage_is_told_once_while_it_lasts_and_its_recovery_once(runtime: Runtime, watch: Watch) -> None:
    runtime.target.is_down = True
    watch.look()
    runtime.deliver()
    [opened] = watch.alerts
    assert (opened["status"], opened["target_url"], opened["cause"]) == ("OPEN", watch.url, "connection refused")
    assert sent(runtime, opened) == [("console", "OUTAGE"), ("telegram", "OUTAGE")]
    watch.look(times=3)
    runtime.deliver()
    assert watch.alerts == [opened]
    assert len(watch.told) == 1

    runtime.target.is_down = False
    watch.look()
    runtime.deliver()
    watch.look()
    [resolved] = watch.alerts
    assert (resolved["id"], resolved["status"]) == (opened["id"], "RESOLVED")
    assert resolved["resolved_at"] > opened["opened_at"]
    assert sent(runtime, opened) == [
        (channel, kind) for channel in ("console", "telegram") for kind in ("OUTAGE", "RECOVERY")
    ]
    outage, recovery = watch.told  # in this order, and no other
    number = numbers_of(runtime, opened, "telegram")
    assert re.fullmatch(rf"OUTAGE {watch.url} · cause: connection refused · since .+ · #{number['OUTAGE']}", outage)
    assert re.fullmatch(rf"RECOVERY {watch.url} · .+ · lasted \d+ s · #{number['RECOVERY']}", recovery)
    for kind, number_there in numbers_of(runtime, opened, "console").items():
        assert len(runtime.on_the_console(kind, number_there)) == 1
    # One line a step, and the alert's id goes through all of it.
    steps = {line["message"] for line in runtime.steps() if line.get("alert_id") == opened["id"]}
    assert steps >= {"event_stored", "alert_opened", "notification_sent", "alert_resolved"}


def test_a_channel_that_fails_is_told_later_under_the_same_numbers_and_in_order(runtime: Runtime, watch: Watch) -> None:
    # Once: the recovery could be told at once, if the outage had not to be told before it.
    runtime.bot_api.queue(internal_error)
    for runtime.target.status in (500, 200):
        watch.look()
    [alert] = watch.alerts
    assert (alert["status"], alert["cause"]) == ("RESOLVED", "HTTP 500 Internal Server Error")
    runtime.deliver()
    number = numbers_of(runtime, alert, "telegram")
    assert [text.split()[0] for text in watch.told] == ["OUTAGE", "RECOVERY"]
    assert [text.rpartition("#")[2] for text in watch.told] == [str(number["OUTAGE"]), str(number["RECOVERY"])]
    logs = runtime.get(f"/notification_logs?alert_id={alert['id']}")["notification_logs"]
    of_outage = [log["status"] for log in logs if log["notification_id"] == number["OUTAGE"]]
    assert of_outage[0] == "SENT"
    assert set(of_outage[1:]) == {"RETRY"}


def test_an_acknowledged_outage_stays_the_only_one_until_the_target_recovers(runtime: Runtime, watch: Watch) -> None:
    runtime.target.status = 503
    watch.look()
    [opened] = watch.alerts
    acknowledged = runtime.call("PATCH", f"/alerts/{opened['id']}", {"status": "ACK", "by": "Kim"})
    assert acknowledged.status_code == 200
    watch.look(times=2)
    assert watch.alerts == [acknowledged.json()]
    assert (acknowledged.json()["status"], opened["cause"]) == ("ACK", "HTTP 503 Service Unavailable")

    runtime.target.status = 200
    watch.look()
    runtime.deliver()
    assert [(alert["status"], alert["acknowledged_by"]) for alert in watch.alerts] == [("RESOLVED", "Kim")]
    assert [text.split()[0] for text in watch.told] == ["OUTAGE", "RECOVERY"]

    runtime.target.status = 500
    watch.look()
    assert [alert["status"] for alert in watch.alerts] == ["OPEN", "RESOLVED"]


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_event_of_the_documents_is_taken_and_the_same_again_changes_nothing(
    runtime: Runtime, failure: dict[str, Any]
) -> None:
    event = recovered(failure, at="2025-01-08T10:30:00") | {"response_time_ms": 150}
    taken = runtime.call("POST", "/events", event)
    assert taken.status_code == 201
    assert (taken.json()["duplicate"], taken.json()["change"], taken.json()["alert"]) == (False, None, None)
    again = runtime.call("POST", "/events", failure | {"event_id": taken.json()["event_id"]})
    assert (again.status_code, again.json()) == (200, taken.json() | {"duplicate": True})


def test_an_array_is_taken_in_one_transaction_or_refused_whole(runtime: Runtime, failure: dict[str, Any]) -> None:
    refused = problem(runtime.call("POST", "/events", [failure, failure | {"is_success": "no"}]), 400)
    assert refused["field"] == "1.is_success"
    assert runtime.alerts(monitor=failure["target_url"]) == []
    known = f"known-{failure['target_url']}"
    events = [failure | {"event_id": known}, recovered(failure), failure | {"event_id": known}]
    taken = runtime.call("POST", "/events", events)
    assert taken.status_code == 201
    assert (taken.json()["accepted"], taken.json()["duplicates"]) == (2, 1)
    assert [change["change"] for change in taken.json()["changes"]] == ["OPENED", "RESOLVED"]


def test_alerts_are_listed_newest_first_page_by_page(runtime: Runtime, failure: dict[str, Any]) -> None:
    at = [f"2025-01-08T10:3{minute}:00Z" for minute in range(5)]
    events = [recovered(failure, at[n]) if n % 2 else failure | {"timestamp": at[n]} for n in range(5)]
    assert runtime.call("POST", "/events", events).status_code == 201
    listed = f"/alerts?monitor={failure['target_url']}&limit=2"
    first = runtime.get(listed)
    second = runtime.get(f"{listed}&cursor={first['next']}")
    alerts = [*first["alerts"], *second["alerts"]]
    assert (len(first["alerts"]), second["next"]) == (2, None)
    assert [alert["status"] for alert in alerts] == ["OPEN", "RESOLVED", "RESOLVED"]
    assert [alert["id"] for alert in alerts] == sorted((alert["id"] for alert in alerts), reverse=True)
    assert runtime.alerts(monitor=failure["target_url"], status="OPEN") == alerts[:1]


def test_an_alert_is_acknowledged_reopened_and_resolved_by_hand(runtime: Runtime, alert: dict[str, Any]) -> None:
    path, told_before = f"/alerts/{alert['id']}", len(runtime.bot_api.messages)
    runtime.deliver()
    for status in ("ACK", "OPEN", "RESOLVED"):
        moved = runtime.call("PATCH", path, {"status": status, "by": "김 kim"})
        assert (moved.status_code, moved.json()["status"]) == (200, status)
        assert moved.json() == {name: value for name, value in runtime.get(path).items() if name != "notifications"}
    runtime.deliver()
    assert moved.json()["resolved_by"] == "김 kim"
    [*_, recovery] = runtime.bot_api.messages[told_before:]
    assert f"RECOVERY {alert['target_url']}" in recovery
    assert "resolved by hand by 김 kim" in recovery
    assert {each["status"] for each in runtime.get(path)["notifications"]} == {"SENT"}


def test_every_attempt_to_send_is_listed_newest_first(runtime: Runtime, alert: dict[str, Any]) -> None:
    runtime.deliver()
    logs = runtime.get("/notification_logs?limit=1000")["notification_logs"]
    assert [log["id"] for log in logs] == sorted((log["id"] for log in logs), reverse=True)
    own = [log for log in logs if log["alert_id"] == alert["id"]]
    assert own == runtime.get(f"/notification_logs?alert_id={alert['id']}&limit=100")["notification_logs"]
    assert {log["channel"] for log in own} == {"console", "telegram"}


def test_health_tells_what_is_open(runtime: Runtime, failure: dict[str, Any]) -> None:
    before = runtime.get("/")
    assert set(before) == {"status", "database", "last_check", "open_alerts", "owed_notifications", "version"}
    assert before["version"] == __version__
    runtime.call("POST", "/events", failure)
    assert runtime.get("/")["open_alerts"] == before["open_alerts"] + 1


def test_the_api_describes_itself(runtime: Runtime) -> None:
    answer = runtime.call("GET", "/openapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == json.loads(FILE.read_text(encoding="utf-8"))


def test_head_is_answered_like_get_and_without_a_body(runtime: Runtime) -> None:
    answer = runtime.call("HEAD", "/", function="health")
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, "application/json", b"")


# --- the errors -------------------------------------------------------------------------------------------------------


def test_a_wrong_value_is_named_and_stores_nothing(runtime: Runtime, failure: dict[str, Any]) -> None:
    for field, value, shown in [
        ("target_url", None, "null"),
        ("timestamp", "yesterday", "'yesterday'"),
        ("is_success", "true", "'true'"),
        ("status_code", 10**30, "1" + "0" * 30),
        ("monitor", {"이름": 1}, '{"이름": 1}'),
    ]:
        found = problem(runtime.call("POST", "/events", failure | {field: value}), 400)
        assert (found["field"], found["value"]) == (field, shown)
        assert field in found["detail"]
    found = problem(runtime.call("POST", "/events", {k: v for k, v in failure.items() if k != "target_url"}), 400)
    assert found["field"] == "target_url"
    assert runtime.alerts(monitor=failure["target_url"]) == []


def test_a_body_that_is_no_event_is_400(runtime: Runtime) -> None:
    for body in (b"", b"  \n", b"hello", b"{", b'"text"', b"null", b"[" * 100_000):
        problem(runtime.call("POST", "/events", body), 400)


def test_a_wrong_parameter_is_named(runtime: Runtime) -> None:
    for path, field in [
        ("/alerts?status=open", "status"),
        ("/alerts?limit=1001", "limit"),
        ("/alerts?cursor=%ED%95%9C", "cursor"),
        (f"/notification_logs?alert_id={2**63}", "alert_id"),
    ]:
        assert problem(runtime.call("GET", path), 400)["field"] == field


def test_nothing_is_answered_without_the_key(runtime: Runtime) -> None:
    for row in rows():
        for key in (None, "", "wrong", API_KEY[:-1], f"{API_KEY}x"):
            path = row.path.replace("<id>", "1")
            problem(runtime.call(row.method, path, key=key, function=row.name), 401)
    assert runtime.call("GET", "/").status_code == 200


def test_an_alert_that_is_not_there_is_404(runtime: Runtime) -> None:
    for alert_id in ("0", "-1", "abc", "9" * 19, "%00"):
        problem(runtime.call("GET", f"/alerts/{alert_id}"), 404)
        problem(runtime.call("PATCH", f"/alerts/{alert_id}", {"status": "ACK"}), 404)


def test_another_method_is_405_and_says_which(runtime: Runtime) -> None:
    for row in rows():
        for method in {"GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"} - {row.method}:
            path = row.path.replace("<id>", "1")
            if not any((other.method, other.path) == (method, row.path) for other in rows()):
                answer = runtime.call(method, path, function=row.name)
                problem(answer, 405)
                own = {"GET": {"GET", "HEAD"}}.get(row.method, {row.method})
                # Where one URL leads to several functions, it answers for them all.
                assert own <= set(answer.headers["Allow"].split(", ")) <= {"GET", "HEAD", "PATCH"} | own


def test_an_illegal_move_is_409_and_names_both_statuses(runtime: Runtime, alert: dict[str, Any]) -> None:
    path = f"/alerts/{alert['id']}"
    runtime.call("PATCH", path, {"status": "RESOLVED"})
    found = problem(runtime.call("PATCH", path, {"status": "ACK"}), 409)
    assert (found["from"], found["to"]) == ("RESOLVED", "ACK")
    assert "RESOLVED to ACK" in found["detail"]


def test_a_body_over_the_limit_is_413(runtime: Runtime) -> None:
    problem(runtime.call("POST", "/events", b" " * (1024 * 1024 + 1)), 413)
    assert runtime.call("POST", "/events", b" " * (1024 * 1024 - 2) + b"[]").status_code == 201


def test_a_body_that_says_it_is_not_json_is_415(runtime: Runtime, failure: dict[str, Any]) -> None:
    for content_type in ("application/x-www-form-urlencoded", "text/plain"):
        answer = runtime.call("POST", "/events", failure, content_type=content_type)
        assert problem(answer, 415)["field"] == "Content-Type"
    assert runtime.call("POST", "/events", failure, content_type="application/cloudevents+json").status_code == 201


# --- in a cloud -------------------------------------------------------------------------------------------------------

in_clouds = pytest.mark.parametrize("runtime", [on("google", "postgresql"), on("aws", "postgresql")], indirect=True)
on_google = pytest.mark.parametrize("runtime", [on("google", "postgresql")], indirect=True)
on_aws = pytest.mark.parametrize("runtime", [on("aws", "postgresql")], indirect=True)


@in_clouds
def test_a_sqlite_file_is_refused_in_a_cloud_with_what_to_do_instead(runtime: Google | Aws, tmp_path: Path) -> None:
    file = tmp_path / "notifications.db"
    with runtime.one_more("list_alerts", DATABASE_URL=f"sqlite:///{file}") as url:
        refused = problem(requests.get(f"{url}/alerts", headers={"X-API-Key": API_KEY}, timeout=60), 503)
    assert refused["detail"].startswith("a SQLite file does not outlive a function in a cloud: set DATABASE_URL to")
    assert not file.exists()


@in_clouds
def test_a_private_address_is_refused_in_a_cloud_and_the_refusal_is_an_event(
    runtime: Google | Aws, watch: Watch
) -> None:
    hits = runtime.target.hits
    with runtime.one_more("check_monitors", ALLOW_PRIVATE_TARGETS="") as url:
        looked = requests.post(f"{url}/check_monitors", headers={"X-API-Key": API_KEY}, timeout=60)
    assert looked.json() == {"checked": 1, "failed": 1, "posted": 1, "refused": 0, "spooled": 0}
    cause = "refused: 127.0.0.1 is a private address (ALLOW_PRIVATE_TARGETS is off)"
    assert [(event["is_success"], event["error_message"]) for event in watch.events] == [(0, cause)]
    assert [alert["cause"] for alert in watch.alerts] == [cause]
    assert runtime.target.hits == hits


@in_clouds
def test_each_function_fits_its_instance_and_leaves_no_file_beside_its_code(runtime: Google | Aws) -> None:
    runtime.start()
    for row in rows():
        runtime.call(row.method, row.path.replace("<id>", "1"), function=row.name)
    shares = runtime.memory_shares()
    assert set(shares) == {row.name for row in rows()}
    assert max(shares.values()) < 0.8, shares
    assert files_in(runtime.code) == runtime.files_before


@in_clouds
def test_tmp_is_the_only_place_that_can_be_written_to(runtime: Google | Aws) -> None:
    if not can_confine(runtime.folder, runtime.code.parent):
        pytest.skip("the file system cannot be made read-only here")
    runtime.start()
    processes = runtime.processes()
    assert len(processes) >= len(rows())
    for process in processes:
        places = {each: is_writable(each, process) for each in (runtime.folder, runtime.code, Path("/"))}
        assert places == {each: each == runtime.folder for each in places}


@on_google
def test_the_key_of_googles_schedules_opens_nothing_else(runtime: Google) -> None:
    for row in rows():
        if row.every is None:
            problem(runtime.call(row.method, row.path, key=google.KEY_OF_SCHEDULES, function=row.name), 401)


@on_google
def test_a_function_is_found_where_google_strips_its_name_from_the_path(runtime: Google, alert: dict[str, Any]) -> None:
    path = f"/{alert['id']}"
    assert runtime.call("GET", path, function="get_alert").json() == runtime.get(f"/alerts{path}")
    assert runtime.call("PATCH", path, {"status": "ACK"}, function="update_alert").json()["status"] == "ACK"


@on_aws
def test_what_no_route_of_amazons_takes_is_answered_as_everywhere(runtime: Aws) -> None:
    for method, path in (("GET", "/nope"), ("POST", "/check_monitors"), ("GET", "/alerts/1/2"), ("GET", "/$default")):
        problem(runtime.call(method, path), 404)


@on_aws
def test_another_secret_replaces_the_instances_that_read_the_one_before(runtime: Aws) -> None:
    before, other = runtime.environment("health"), "another-key-that-is-for-tests-only"
    runtime.get("/")  # and the instance has read its secrets
    with runtime.redeployed("health", API_KEY=other) as (told, url):
        # A change of its configuration is what Lambda replaces a function's instances for.
        assert dict(told.items() ^ before.items()).keys() == {"SECRETS_DIGEST"}
        statuses = {
            key: requests.get(url, headers={"X-API-Key": key}, timeout=60).status_code for key in (other, API_KEY)
        }
        assert statuses == {other: 200, API_KEY: 401}
        assert runtime.call("GET", "/", key=other).status_code == 401, "what runs knows the old one alone"
        assert runtime.get("/")["version"] == __version__


@on_aws
def test_a_topic_of_amazons_is_told_with_the_boto3_that_lambda_brings(
    runtime: Aws, aws_server: str, failure: dict[str, Any]
) -> None:
    session = aws.session()
    sns, sqs = session.client("sns", endpoint_url=aws_server), session.client("sqs", endpoint_url=aws_server)
    topic, queue = sns.create_topic(Name="outages")["TopicArn"], sqs.create_queue(QueueName="outages")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    key = {"X-API-Key": API_KEY}
    with runtime.one_more("ingest_event", SNS_TOPIC_ARN=topic) as url:
        alert = requests.post(f"{url}/events", json=failure, headers=key, timeout=60).json()["alert"]
    with runtime.one_more("deliver_notifications", SNS_TOPIC_ARN=topic) as url:

        def is_told() -> bool:
            # To load what Lambda brings takes its time: the first attempt may be given up for it.
            runtime.make_due()
            requests.post(f"{url}/deliver_notifications", headers=key, timeout=60).raise_for_status()
            return ("sns", "OUTAGE") in sent(runtime, alert)

        wait_until(is_told, otherwise=runtime.printed)
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"].startswith(f"OUTAGE {failure['target_url']} ")


@on_aws
def test_lambda_finds_nothing_but_the_zip_and_what_its_runtime_brings(runtime: Aws) -> None:
    runtime.start()
    for each in runtime.sandboxes.values():
        own, brought, *standard = each.path
        assert (own, brought) == (str(runtime.code), str(runtime.unpacked / sandbox.LIBRARIES))
        assert not [place for place in standard if "site-packages" in place or Path(place).is_relative_to(ROOT)]
    assert {each["Handler"] for each in runtime.functions.values()} == {"infra.clouds.aws.handler.handler"}


# --- the last scenario, since it leaves few processes running ---------------------------------------------------------


def test_what_is_killed_during_an_outage_goes_on_where_the_store_stands(runtime: Runtime, watch: Watch) -> None:
    runtime.target.is_down = True
    watch.look()
    runtime.deliver()
    before = watch.alerts
    runtime.kill()

    watch.look(times=2)
    assert watch.alerts == before
    assert len(watch.told) == 1

    runtime.target.is_down = False
    watch.look()
    runtime.deliver()
    [resolved] = watch.alerts
    assert (resolved["id"], resolved["status"]) == (before[0]["id"], "RESOLVED")
    assert [text.split()[0] for text in watch.told] == ["OUTAGE", "RECOVERY"]
    for kind, number in numbers_of(runtime, resolved, "console").items():
        assert len(runtime.on_the_console(kind, number)) == 1
