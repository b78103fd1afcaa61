"""The plan, against what a deployment makes."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.clouds.aws import stages as aws_stages
from infra.clouds.aws.target import Existing as AwsExisting
from infra.clouds.aws.target import Place as AwsPlace
from infra.clouds.aws.template import document
from infra.clouds.cli import Command
from infra.clouds.gcp import stages
from infra.clouds.gcp.project import Existing, Place
from infra.clouds.gcp.services import TOGETHER
from infra.plan.plans import REFERENCE, load_of, plan_of
from infra.table import rows
from tests.infra.plan.planned import line, plan

DEPLOYED = {
    **REFERENCE,
    "API_KEY": "a-key-of-the-cloud-alone",
    "DATABASE_URL": "postgresql://watcher:pass-of-the-database@db.example/bonghwa",
    "HEARTBEAT_URL": "https://hc.example/ping/heartbeats-own-uuid",
}


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "heartbeat"), [("10", True), ("30", True), ("60", False), ("300", False)])
def test_google_is_reckoned_with_what_a_deployment_makes(seconds: str, heartbeat: bool) -> None:
    told = {**DEPLOYED, "CHECK_INTERVAL_SECONDS": seconds}
    told["HEARTBEAT_URL"] = DEPLOYED["HEARTBEAT_URL"] if heartbeat else ""
    told = {name: value for name, value in told.items() if value}
    place = Place("my-project", "1", "us-central1", "us-central1")
    now = datetime(2026, 1, 8, tzinfo=UTC)
    planned = stages.deployment(place, Existing(), told, TOGETHER, now)
    commands = [command for stage in planned for command in stage.commands]

    def made(*words: str) -> list[Command]:
        return [each for each in commands if tuple(each.words()[1 : 1 + len(words)]) == words]

    load = load_of({name: value for name, value in told.items() if name != "DATABASE_URL"}, 10)
    of = plan_of("gcp", load)
    assert line(of, "scheduler jobs").quantity == len(made("scheduler", "jobs", "create"))
    assert line(of, "secret versions").quantity == len(made("secrets", "create"))
    assert (line(of, "queue operations").quantity > 0) == bool(made("tasks", "queues", "create"))
    lines = [" ".join(each.words()) for each in made("run", "deploy")]
    later = re.findall(r"LATER_RUNS_SECONDS=(\d+(?:,\d+)*)", " ".join(lines))
    # A task is made, and it is delivered.
    delays = sum(len(seconds.split(",")) for seconds in later)
    assert line(of, "queue operations").quantity == pytest.approx(2 * 43_800 * delays)
    reads = sum(
        len(re.findall(r":\d+", word))
        for each in made("run", "deploy")
        for word in each.words()
        if "set-secrets" in word
    )
    assert line(of, "secret reads").quantity == pytest.approx(reads * 24 * 730 / 24)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", ["30", "60"])
def test_amazon_is_reckoned_with_what_a_deployment_makes(seconds: str, tmp_path: Path) -> None:
    told = {**DEPLOYED, "CHECK_INTERVAL_SECONDS": seconds}
    package = tmp_path / "package.zip"
    package.write_bytes(b"a zip")
    place = AwsPlace("123456789012", "us-east-1")
    commands = [
        command
        for stage in aws_stages.deployment(place, AwsExisting(), told, package, "")
        for command in stage.commands
    ]
    secrets = [each for each in commands if each.words()[1:3] == ["ssm", "put-parameter"]]
    of = plan_of("aws", load_of({name: value for name, value in told.items() if name != "DATABASE_URL"}, 10))
    assert len(secrets) == 4
    resources = document()["Resources"]
    names = [
        name["Ref"]
        for each in resources.values()
        if each["Type"] == "AWS::Serverless::Function"
        for name in each["Properties"]["Environment"]["Variables"]["SECRET_NAMES"]["Fn::Join"][1]
    ]
    assert line(of, "decryptions of a parameter").quantity == pytest.approx(len(names) * 24 * 730 / 24)
    kinds = [each["Type"] for each in resources.values()]
    assert line(of, "alarms").quantity == kinds.count("AWS::CloudWatch::Alarm")
    # Each minute a check, a delivery and a review; each hour the upkeep of the store.
    assert kinds.count("AWS::Scheduler::Schedule") == 4
    assert line(of, "scheduler calls").quantity == pytest.approx(43_800 * 3 + 730)
    assert (line(of, "queue requests").quantity > 0) == (seconds == "30")
    # The time is multiplied with the template's memory.
    sizes = {each["Properties"]["MemorySize"] for each in resources.values() if "MemorySize" in each["Properties"]}
    assert sizes == {512}


def test_every_function_that_is_called_by_itself_is_in_the_plan() -> None:
    planned = {each.function for each in plan("aws").calls}
    assert {row.name for row in rows() if row.every is not None} | {"ingest_event"} <= planned
