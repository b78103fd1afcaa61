"""Every function of the table in a functions-framework process of its own: they meet over HTTP and in the store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.check_monitors.spool import Spool
from infra.table import rows
from tests.running import FunctionAlone, free_port, started_together
from tests.stand_ins import BotApi, Target, internal_error

pytestmark = pytest.mark.system


@contextmanager
def all_alone(project: Path, folder: Path, **variables: str | None) -> Iterator[dict[str, FunctionAlone]]:
    backend = str(free_port())
    variables["BACKEND_URL"] = f"http://127.0.0.1:{backend}"
    functions = {
        row.name: FunctionAlone(
            project,
            folder,
            row.name,
            **variables,
            FLASK_PORT=backend if row.name == "ingest_event" else str(free_port()),
        )
        for row in rows()
    }
    with started_together(*functions.values()):
        yield functions


def test_an_outage_goes_its_way_through_functions_that_each_run_alone(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    with all_alone(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as functions:
        agent = functions["check_monitors"]

        assert agent.post("/").json() == {"checked": 1, "failed": 0, "posted": 1, "refused": 0, "spooled": 0}
        assert functions["list_alerts"].get("/alerts").json() == {"alerts": [], "next": None}
        assert functions["health"].get("/").json()["open_alerts"] == 0

        target.status = 500
        bot_api.queue(internal_error)

        assert agent.post("/check_monitors").json()["failed"] == 1
        [alert] = functions["list_alerts"].get("/alerts?status=OPEN").json()["alerts"]
        assert (alert["target_url"], alert["status"]) == (target.url, "OPEN")
        assert functions["health"].get("/").json()["open_alerts"] == 1
        # Telegram failed once: what is owed is left to the function that delivers it.
        assert bot_api.messages == []
        deliver = functions["deliver_notifications"]
        deliver.wait_until(lambda: deliver.post("/").json()["SENT"] == 1)
        assert [text.split()[0] for text in bot_api.messages] == ["OUTAGE"]

        whole = functions["get_alert"].get(f"/alerts/{alert['id']}").json()
        # Behind a cloudfunctions.net URL the function's name is stripped from the path.
        stripped = functions["get_alert"].get(f"/{alert['id']}").json()
        assert whole == stripped
        assert {(each["channel"], each["status"]) for each in whole["notifications"]} == {
            ("console", "SENT"),
            ("telegram", "SENT"),
        }

        acknowledged = functions["update_alert"].patch(f"/{alert['id']}", {"status": "ACK"})
        assert (acknowledged.status_code, acknowledged.json()["status"]) == (200, "ACK")
        assert functions["update_alert"].patch(f"/alerts/{alert['id']}", {"status": "ACK"}).json()["status"] == "ACK"

        target.status = 200

        assert agent.post("/").json()["failed"] == 0
        assert [each["status"] for each in functions["list_alerts"].get("/").json()["alerts"]] == ["RESOLVED"]
        deliver.wait_until(lambda: deliver.post("/").ok and len(bot_api.messages) == 2)
        logs = functions["list_notification_logs"].get("/notification_logs").json()["notification_logs"]
        attempts = [(log["channel"], log["kind"], log["status"]) for log in logs]
        assert ("telegram", "OUTAGE", "RETRY") in attempts
        assert sorted(attempt for attempt in attempts if attempt[2] == "SENT") == [
            ("console", "OUTAGE", "SENT"),
            ("console", "RECOVERY", "SENT"),
            ("telegram", "OUTAGE", "SENT"),
            ("telegram", "RECOVERY", "SENT"),
        ]
        assert [text.split()[0] for text in bot_api.messages] == ["OUTAGE", "RECOVERY"]

        # In a cloud the log is JSON on standard output, one line a step, and the alert's id goes through all of it.
        steps = {line["message"]: line for function in functions.values() for line in log_lines(function)}
        for step in ("event_stored", "alert_opened", "alert_moved", "notification_sent", "alert_resolved"):
            assert (steps[step]["alert_id"], steps[step]["target_url"]) == (alert["id"], target.url)
        assert steps["checked"]["target_url"] == target.url


def test_a_function_alone_lets_in_only_its_own_method_and_who_has_the_key(project: Path, tmp_path: Path) -> None:
    with all_alone(project, tmp_path) as functions:
        for row in rows():
            function = functions[row.name]
            path = row.path.replace("<id>", "1")
            if row.method != "GET":
                answer = function.get(path)
                assert (row.name, answer.status_code, answer.headers["Allow"]) == (row.name, 405, row.method)
            if row.method != "POST":
                answer = function.post(path)
                allowed = {"GET": "GET, HEAD", "PATCH": "PATCH"}[row.method]
                assert (row.name, answer.status_code, answer.headers["Allow"]) == (row.name, 405, allowed)
            else:
                for key in (None, "", "wrong", "a-key-that-is-for-tests-onl"):
                    answer = function.post(path, {}, key=key)
                    assert (row.name, key, answer.status_code) == (row.name, key, 401)
                    assert answer.headers["Content-Type"] == "application/problem+json"
        assert functions["ingest_event"].post("/events", {"is_success": True}).status_code == 400
        assert functions["get_alert"].get("/1").status_code == 404
        assert functions["update_alert"].patch("/1", {"status": "ACK"}).status_code == 404


def log_lines(function: FunctionAlone) -> list[dict[str, Any]]:
    return [json.loads(line) for line in function.output().splitlines() if line.startswith("{")]


def test_in_a_cloud_a_private_address_is_refused_and_the_refusal_is_an_event(
    project: Path, tmp_path: Path, target: Target
) -> None:
    backend = f"http://127.0.0.1:{free_port()}"
    variables = {"K_SERVICE": "check-monitors", "TARGET_URL": target.url, "BACKEND_URL": backend}
    with FunctionAlone(project, tmp_path, "check_monitors", **variables) as agent:
        assert agent.post("/").json() == {"checked": 1, "failed": 1, "posted": 0, "refused": 0, "spooled": 1}
        lines = [json.loads(line) for line in agent.output().splitlines() if '"checked"' in line]
    [event] = Spool(tmp_path, backend).oldest(2)
    cause = "refused: 127.0.0.1 is a private address (ALLOW_PRIVATE_TARGETS is off)"
    assert (event.target_url, event.is_success, event.error_message) == (target.url, False, cause)
    assert [line["error_message"] for line in lines] == [cause]
    assert target.hits == 0
