"""``WITH_DATABASE=1`` on AWS: a database in RDS, found again, kept, and deleted by its name."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.clouds.aws.database import template
from infra.clouds.aws.package import Runtime, write_zip
from shared import ROOT
from tests.infra.clouds.aws.life import GIVEN, IN, AwsDeployer
from tests.infra.clouds.deployer import Step
from tests.support import leaks
from tests.support.moto_aws import Call, Cloud

pytestmark = pytest.mark.together("aws")
Steps = dict[str, Step[Call]]
GIVEN_WITHOUT = {**GIVEN, "DATABASE_URL": "", "CHANNELS": ""}
NAME = "bonghwa-database"


class DatabaseDeployer(AwsDeployer):
    """A deployment whose zip has nothing in it, since nobody calls it."""

    def __init__(self, project: Path, cloud: Cloud) -> None:
        super().__init__(project, cloud)
        self.zip.parent.mkdir()
        write_zip({"main.py": ROOT / "main.py"}, self.zip, Runtime())

    def deploy(self, *more: str, typed: str = "") -> Step[Call]:
        arguments = ("deploy", IN, f"--zip={self.zip}", "--with-database", *more)
        return self.run(*arguments, settings=GIVEN_WITHOUT, typed=typed)

    def state(self) -> dict[str, Any]:
        rds, ssm = self.client("rds"), self.client("ssm")
        names = [each["Name"] for each in ssm.describe_parameters()["Parameters"]]
        return super().state() | {
            "databases": {
                # The moment of the last backup passes.
                each["DBInstanceIdentifier"]: each | {"LatestRestorableTime": None}
                for each in rds.describe_db_instances()["DBInstances"]
            },
            "snapshots": [each["DBSnapshotIdentifier"] for each in rds.describe_db_snapshots()["DBSnapshots"]],
            "parameters": {
                name: ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] for name in names
            },
        }


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory, cloud_project: Path) -> Steps:
    """Deploy with a database, again, take all away but it, and then it too."""
    folder = tmp_path_factory.mktemp("aws-database")
    with Cloud(folder / "bin") as cloud:
        deployer = DatabaseDeployer(cloud_project, cloud)
        steps = {"planned": deployer.deploy("--dry-run")}
        deployer.cloud.breaks_at = (f"--stack-name={NAME}", "the connection was lost")
        return steps | {
            "failed": deployer.deploy("--yes"),
            "deployed": deployer.deploy(typed="y\n"),
            "again": deployer.deploy("--yes"),
            "ended without": deployer.run("teardown", IN, typed="y\n"),
            "end without its name": deployer.run("teardown", IN, "--with-database", typed="y\nbonghwa\n"),
            "ended": deployer.run("teardown", IN, "--with-database", typed=f"y\n{NAME}\n"),
            "nothing left": deployer.run("teardown", IN, "--with-database"),
        }


def password(step: Step[Call]) -> str:
    return str(step.state["parameters"][template.PASSWORD])


def url(step: Step[Call]) -> str:
    """The DATABASE_URL that the functions with the store read."""
    stored = {**step.state["secrets"], **step.state["parameters"]}
    found = re.findall(r"postgresql://bonghwa:[^\"]+", json.dumps(list(stored.values())).replace("\\", ""))
    [only] = set(found)
    return str(only)


@pytest.mark.system
def test_the_store_gets_a_database_of_its_own(steps: Steps) -> None:
    deployed = steps["deployed"]
    assert (deployed.returncode, deployed.error) == (0, "")
    database = deployed.state["databases"][NAME]
    assert (database["DBName"], database["MasterUsername"]) == ("bonghwa", "bonghwa")
    assert re.fullmatch("[A-Za-z0-9_-]{43}", password(deployed))
    host = database["Endpoint"]["Address"]
    begin = f"postgresql://bonghwa:{password(deployed)}@{host}:5432/bonghwa?sslmode=verify-full&sslrootcert="
    assert url(deployed) == f"{begin}/var/task/infra/clouds/aws/database/rds-ca.pem"


@pytest.mark.system
def test_the_instance_is_small_grows_and_is_protected(steps: Steps) -> None:
    database = steps["deployed"].state["databases"][NAME]
    assert (database["DBInstanceClass"], database["StorageType"]) == ("db.t4g.micro", "gp3")
    assert (database["AllocatedStorage"], database["MaxAllocatedStorage"]) == (20, 100)
    assert database["StorageEncrypted"]
    assert database["DeletionProtection"]
    assert database["BackupRetentionPeriod"] == 7


@pytest.mark.system
def test_it_says_what_the_database_costs_before_it_asks(steps: Steps) -> None:
    said = steps["deployed"].said.partition("Go on?")[0]
    assert f"cloudformation deploy {NAME}" in said
    assert f"The database {NAME} costs some 17.63 dollars a month" in said


@pytest.mark.system
def test_a_failed_creation_is_finished_by_the_next_run(steps: Steps) -> None:
    failed, deployed = steps["failed"], steps["deployed"]
    assert failed.error.startswith("bonghwa: aws cloudformation deploy")
    assert not failed.state["databases"]
    assert password(failed) == password(deployed)


@pytest.mark.system
def test_a_second_run_keeps_the_database_and_its_password(steps: Steps) -> None:
    again = steps["again"]
    assert (again.returncode, again.error) == (0, "")
    assert again.state["databases"] == steps["deployed"].state["databases"]
    assert password(again) == password(steps["deployed"])
    assert url(again) == url(steps["deployed"])


@pytest.mark.system
def test_a_removal_keeps_the_database_and_its_password(steps: Steps) -> None:
    ended = steps["ended without"]
    assert (ended.returncode, ended.error) == (0, "")
    assert f"The database {NAME} stays" in ended.said
    assert list(ended.state["databases"]) == [NAME]
    assert not ended.state["functions"]
    assert password(ended) == password(steps["deployed"])


@pytest.mark.system
def test_the_database_is_deleted_only_by_its_name(steps: Steps) -> None:
    refused, ended = steps["end without its name"], steps["ended"]
    assert (refused.returncode, refused.error) == (1, "nothing was changed\n")
    assert refused.state == steps["ended without"].state
    assert (ended.returncode, ended.error) == (0, "")
    left = {kind: list(things) for kind, things in ended.state.items() if things}
    assert left == {"snapshots": [f"{NAME}-last"]}
    assert [call.words[:2] for call in ended.calls if not call.is_read] == [
        ["rds", "modify-db-instance"],
        ["cloudformation", "delete-stack"],
        ["ssm", "delete-parameter"],
    ]
    assert f"A last snapshot of the database {NAME} stays" in ended.said
    assert steps["nothing left"].said.startswith("There is nothing of Bonghwa")


@pytest.mark.system
def test_no_password_is_on_a_command_line_or_on_the_screen(steps: Steps) -> None:
    secrets = {"DATABASE": {password(steps["deployed"])}}
    for step in steps.values():
        said = "\n".join([step.said, step.error, *(each for call in step.calls for each in call.arguments)])
        assert not leaks.found_in(said.encode(), secrets)
    assert password(steps["failed"]) in json.dumps([call.files for call in steps["failed"].calls])


@pytest.mark.system
def test_a_dry_run_prints_what_a_run_does(steps: Steps) -> None:
    assert all(call.is_read for call in steps["planned"].calls)
    printed = [line.split()[1:3] for line in steps["planned"].said.splitlines() if line.startswith("aws ")]
    done = [call.words[:2] for each in ("failed", "deployed") for call in steps[each].calls if not call.is_read]
    # The run that failed had stored the password.
    assert sorted(map(tuple, done)) == sorted([*map(tuple, printed), ("cloudformation", "deploy")])


@pytest.mark.parametrize("command", ["deploy", "teardown"])
def test_make_hands_the_wish_on(command: str, tmp_path: Path, cloud_project: Path) -> None:
    deployer = AwsDeployer(cloud_project, Cloud(tmp_path / "bin"))
    line = f"make {command}-aws REGION=us-east-1"
    assert deployer.arguments_of(f"{line} WITH_DATABASE=1") == [*deployer.arguments_of(line), "--with-database"]
