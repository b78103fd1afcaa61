"""The schedules on Google Cloud, and the queue for the runs between the minutes."""

import re
from datetime import UTC, datetime

import pytest

from functions.check_monitors.later_runs.cloud_tasks import CALLER, DEADLINE_SECONDS
from infra.clouds.cron import Beat
from infra.clouds.gcp import schedules, services
from infra.clouds.gcp.project import Existing, name_of
from infra.clouds.gcp.services import size_of
from infra.table import agent
from shared.settings import SettingError, Settings
from tests.infra.clouds.deployer import SCHEDULED, Step
from tests.infra.clouds.gcp.life import SCHEDULE_KEY, Steps, only, url
from tests.support.recording_gcloud import Call
from tests.system.runtimes.google import PLACE

pytestmark = pytest.mark.together("gcp")
NOW = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)


def test_every_schedule_has_a_job_that_identifies_itself(deployed: Step[Call]) -> None:
    calls = {call.words[4]: call for call in only(deployed.calls, "scheduler", "jobs", "create", "http")}
    assert set(calls) == {name_of(row) for row in SCHEDULED}
    for row in SCHEDULED:
        call = calls[name_of(row)]
        assert call.flags["--schedule"] == ("0 */1 * * *" if row.name == "maintain_store" else "* * * * *")
        assert call.flags["--http-method"].upper() == row.route.method
        assert call.flags["--uri"] == call.flags["--oidc-token-audience"] == url(row.name)
        assert call.flags["--oidc-service-account-email"] == "bonghwa-invoker@my-project.iam.gserviceaccount.com"
        assert call.files == {"--flags-file": {"--headers": {"X-API-Key": SCHEDULE_KEY}}}


def test_every_30_s_is_a_job_a_minute_and_a_queue(deployed: Step[Call]) -> None:
    [queue] = only(deployed.calls, "tasks", "queues", "create")
    assert re.fullmatch(r"bonghwa-\d{8}-\d{6}-\d{6}", queue.words[3])
    # A run that failed is not tried again: the next one comes soon.
    assert queue.flags["--max-attempts"] == "1"
    later = services.later_runs(Beat("* * * * *", (0, 30)), "q", PLACE)
    assert later == {
        "LATER_RUNS_QUEUE": "projects/my-project/locations/asia-northeast3/queues/q",
        "LATER_RUNS_SECONDS": "30",
    }


def test_once_a_minute_needs_no_queue(steps: Steps) -> None:
    assert steps["changed"].state["queues"] == {}
    assert services.later_runs(Beat("* * * * *", (0,)), "", PLACE) == {}


def test_a_queue_that_was_deleted_gets_another_name() -> None:
    """Its own name is blocked for days, and seems to be made anew although it is not."""
    beats = {agent(): Beat("* * * * *", (0, 30))}
    first = schedules.queue_name(Existing(), beats, NOW)
    assert schedules.queue_name(Existing(queues=frozenset({first})), beats, NOW.replace(minute=31)) == first
    assert schedules.queue_name(Existing(), beats, NOW.replace(minute=31)) != first


def test_a_later_run_has_as_long_as_one_at_the_tick() -> None:
    assert size_of(agent()).timeout_seconds == DEADLINE_SECONDS
    assert CALLER == "bonghwa-invoker"


@pytest.mark.parametrize(
    ("interval", "cron", "delays"),
    [
        ("10", "* * * * *", (0, 10, 20, 30, 40, 50)),
        ("20", "* * * * *", (0, 20, 40)),
        ("30", "* * * * *", (0, 30)),
        ("60", "* * * * *", (0,)),
        ("300", "*/5 * * * *", (0,)),
        ("3600", "0 */1 * * *", (0,)),
        ("86400", "0 0 * * *", (0,)),
    ],
)
def test_an_interval_is_kept_to_the_second(interval: str, cron: str, delays: tuple[int, ...]) -> None:
    beat = schedules.beat_of(agent(), Settings.from_env({"CHECK_INTERVAL_SECONDS": interval}))
    assert beat == Beat(cron, delays)


@pytest.mark.parametrize("interval", ["0.5", "2", "7", "30.5", "45", "90", "420", "7200.5", "18000"])
def test_an_interval_the_scheduler_cannot_keep_is_rejected(interval: str) -> None:
    with pytest.raises(SettingError, match=rf"CHECK_INTERVAL_SECONDS is '{interval}': expected 10, 12, 15"):
        schedules.beat_of(agent(), Settings.from_env({"CHECK_INTERVAL_SECONDS": interval}))
