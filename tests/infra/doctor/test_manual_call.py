"""The command that calls a function by hand, wherever it is deployed."""

import shlex
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.clouds.aws import template
from infra.clouds.aws.target import STACK, id_of
from infra.clouds.gcp import schedules as gcp_schedules
from infra.clouds.gcp.project import Existing, Place, name_of
from infra.doctor import manual_call, outside, store
from infra.table import Row, rows
from shared.models import now
from shared.settings import Settings
from shared.store.admin.inspection import inspect_store
from shared.store.engines.sqlite.database import SqliteDatabase
from tests.infra.doctor.examined import one
from tests.support.running import API_KEY

pytestmark = pytest.mark.slow

AMAZONS = "https://0123abcd.execute-api.eu-west-1.amazonaws.com"
GOOGLES = "https://bonghwa-123456789012.asia-northeast3.run.app"
BY_CURL = 'curl -X POST -H "X-API-Key: $KEY" {url}/{function}'
BY_AWS = 'aws lambda invoke --function-name=bonghwa-{dashed} \'--payload={{"scheduled":"now"}}\''
BY_AWS += " --cli-binary-format=raw-in-base64-out /dev/stdout --region=eu-west-1"
BY_GCLOUD = "gcloud scheduler jobs run bonghwa-{dashed} --location=asia-northeast3 --project=…"


@pytest.mark.parametrize(
    ("url", "before", "line"),
    [
        ("http://127.0.0.1:5000", "make run, or its schedule: ", BY_CURL),
        ("https://bonghwa.example", "make run, or its schedule: ", BY_CURL),
        (AMAZONS, "its schedule, or ", BY_AWS),
        (GOOGLES, "its schedule, or ", BY_GCLOUD),
    ],
)
def test_the_manual_call_fits_the_place_of_the_deployment(
    database: Path, monkeypatch: pytest.MonkeyPatch, url: str, before: str, line: str
) -> None:
    opened = SqliteDatabase(database)
    inspection = inspect_store(opened, now())
    opened.close()
    fixes = {each.about: each.fix for each in store.examine_work(inspection, Settings.from_env({}), {}, url, now())}
    lines = {
        function: line.format(url=url, function=function, dashed=function.replace("_", "-"))
        for function in ("check_monitors", "review_alerts", "deliver_notifications")
    }
    assert fixes == {
        "checks": before + lines["check_monitors"],
        "reviews": before + lines["review_alerts"],
        "deliveries": before + lines["deliver_notifications"],
    }
    nothing_checked = outside.Reply(200, {}, b'{"status": "ok", "last_check": null}', 0.1, None)
    monkeypatch.setattr(outside, "ask", lambda *_: nothing_checked)
    findings = list(outside.examine_outside(url, Settings.from_env({}), now()))
    found = one(findings, "health", "nothing has been checked yet")
    assert found.fix == f"its schedule, or {lines['check_monitors']}"


@pytest.mark.parametrize("row", [row for row in rows() if row.every is not None], ids=lambda row: row.name)
def test_the_manual_call_names_the_deployed_function(row: Row) -> None:
    deployed = template.document()["Resources"][id_of(row)]["Properties"]["FunctionName"]["Fn::Sub"]
    name = deployed.replace("${AWS::StackName}", STACK)
    assert f"--function-name={name}" in shlex.split(manual_call.call(row.name, AMAZONS)[1])
    beat = gcp_schedules.beat_of(row, Settings.from_env({}))
    place = Place("my-project", "42", "us-central1", "us-central1")
    job = gcp_schedules.job(row, beat, place, Existing(), SecretStr(API_KEY))
    assert job.words()[5] in shlex.split(manual_call.call(row.name, GOOGLES)[1])
    assert f"--uri={place.url(name_of(row))}" in job.words(), "the one that calls the function itself"
