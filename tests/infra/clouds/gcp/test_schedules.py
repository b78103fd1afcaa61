"""The schedules on Google Cloud, and the workflow that adds the runs between the minutes."""

import json

import pytest

from infra.clouds.cron import Beat
from infra.clouds.gcp import schedules
from infra.clouds.gcp.project import name_of
from infra.table import agent
from shared.settings import SettingError, Settings
from tests.infra.clouds.deployer import SCHEDULED, Step
from tests.infra.clouds.gcp.life import SCHEDULE_KEY, only, url
from tests.support.recording_gcloud import Call

pytestmark = pytest.mark.together("gcp")


def test_every_schedule_has_a_job_that_identifies_itself(deployed: Step[Call]) -> None:
    calls = {call.words[4]: call for call in only(deployed.calls, "scheduler", "jobs", "create", "http")}
    assert set(calls) == {*(name_of(row) for row in SCHEDULED), "bonghwa-check-monitors-30s"}
    for row in SCHEDULED:
        call = calls[name_of(row)]
        assert call.flags["--schedule"] == ("0 */1 * * *" if row.name == "maintain_store" else "* * * * *")
        assert call.flags["--http-method"].upper() == row.route.method
        assert call.flags["--uri"] == call.flags["--oidc-token-audience"] == url(row.name)
        assert call.flags["--oidc-service-account-email"] == "bonghwa-invoker@my-project.iam.gserviceaccount.com"
        assert call.files == {"--flags-file": {"--headers": {"X-API-Key": SCHEDULE_KEY}}}


def test_every_30_s_is_a_job_a_minute_and_a_sleeping_workflow(deployed: Step[Call]) -> None:
    calls = deployed.calls
    [job] = [call for call in only(calls, "scheduler", "jobs", "create", "http") if call.words[4].endswith("-30s")]
    workflow = "projects/my-project/locations/asia-northeast3/workflows/bonghwa-check-monitors"
    assert job.flags["--uri"] == f"https://workflowexecutions.googleapis.com/v1/{workflow}/executions"
    assert json.loads(json.loads(job.flags["--message-body"])["argument"]) == {"seconds": 30}
    assert job.flags["--oauth-service-account-email"] == "bonghwa-invoker@my-project.iam.gserviceaccount.com"
    [deployment] = only(calls, "workflows", "deploy")
    assert deployment.words[2] == "bonghwa-check-monitors"
    assert deployment.flags["--service-account"] == "bonghwa-invoker@my-project.iam.gserviceaccount.com"
    wait, call = deployment.files["--source"]["main"]["steps"]
    assert wait["wait"] == {"call": "sys.sleep", "args": {"seconds": "${args.seconds}"}}
    asked = call["call_function"]["args"]
    assert call["call_function"]["call"] == "http.post"
    assert (asked["url"], asked["auth"]) == (
        url("check_monitors"),
        {"type": "OIDC", "audience": url("check_monitors")},
    )
    assert asked["headers"]["X-API-Key"] == SCHEDULE_KEY


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
