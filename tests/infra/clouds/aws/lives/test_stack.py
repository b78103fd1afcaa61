"""The stack: what an earlier operation left, what one that fails says, and secrets of an older version."""

from typing import Any

import pytest

from infra.clouds.aws.stack import explained
from infra.clouds.cli import CommandFailed
from tests.infra.clouds.aws.life import GIVEN, OTHERS, PLACE, statements
from tests.infra.clouds.aws.world import World
from tests.support.moto_aws import REGION

pytestmark = [pytest.mark.system, pytest.mark.together("aws")]
OTHER = {**GIVEN, "API_KEY": "another-key-of-the-cloud-alone"}


def test_a_failed_stack_says_which_resource_failed_first_and_why(world: World) -> None:
    world.cloud.refusals.next_reason = "No quota is left for roles"
    said = world.run(GIVEN)
    assert said
    assert said.startswith(
        "bonghwa: CheckMonitorsRole (AWS::IAM::Role) is in CREATE_FAILED: No quota is left for roles\n"
    )
    assert "cancelled" not in said
    of_another = (
        "aws cloudformation wait stack-delete-complete --stack-name=bonghwa-database: Waiter StackDeleteComplete"
    )
    assert explained(PLACE, CommandFailed(of_another)) == of_another
    # Only the newest operation counts, and the next run removes what this one left.
    world.cloud.refusals.next_reason = "The name is taken"
    said = world.run(GIVEN)
    assert said
    assert "The name is taken" in said.splitlines()[0]
    assert world.run(GIVEN) is None
    world.expect(GIVEN)


def test_a_reason_that_passes_is_waited_for(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.cloud.refusals.next_reason = "The role defined for the function cannot be assumed by Lambda."
    assert world.run(GIVEN) is None
    assert "# not ready yet, so once more: CheckMonitorsRole (AWS::IAM::Role)" in capsys.readouterr().out
    world.expect(GIVEN)


def test_an_update_that_could_not_be_taken_back_is_continued(world: World) -> None:
    assert world.run(GIVEN) is None
    world.cloud.refusals.next_reason, world.cloud.refusals.is_next_stuck = "No quota is left", True
    assert world.run(OTHER)
    assert world.run(OTHER) is None
    assert [call.words for call in world.cloud.calls if "continue-update-rollback" in call.words]
    world.expect(OTHER)


@pytest.mark.parametrize("goal", [OTHER, None], ids=["deploy", "teardown"])
def test_what_is_under_way_is_waited_for(
    world: World, goal: dict[str, str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    world.cloud.refusals.leave_the_next_running()
    assert world.run(GIVEN), "as after Ctrl-C"
    assert world.run(goal) is None
    assert "# waiting for what is under way already: the stack is in CREATE_IN_PROGRESS" in capsys.readouterr().out
    world.expect(goal)


def test_secrets_of_an_older_version_are_read_until_it_is_replaced(world: World) -> None:
    """A function of that version may start while its role is changed, and after a deployment that failed."""
    old, bucket = world.deployer.client("secretsmanager"), PLACE.first_bucket
    for group in ("everyone", "store"):
        old.create_secret(Name=f"bonghwa/{group}", SecretString="{}")
    where = {"LocationConstraint": REGION}
    world.deployer.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)

    def stored() -> list[str]:
        names = [each["Name"] for each in old.list_secrets()["SecretList"]]
        return [name for name in names if name not in OTHERS["old secrets"]]

    def is_readable() -> bool:
        iam = world.deployer.client("iam")
        [role] = [each["RoleName"] for each in iam.list_roles()["Roles"] if "-HealthRole-" in each["RoleName"]]
        found: list[dict[str, Any]] = statements(iam.get_role_policy(RoleName=role, PolicyName="own")["PolicyDocument"])
        return any(each["Action"] == ["secretsmanager:GetSecretValue"] for each in found)

    world.cloud.refusals.next_reason = "No quota is left"
    assert world.run(GIVEN)
    assert len(stored()) == 2
    assert world.run(GIVEN) is None
    assert stored() == []
    assert is_readable(), "until the functions had changed"
    assert world.run(GIVEN) is None
    assert not is_readable()
    buckets = world.deployer.state()["buckets"]
    assert [name for name in buckets if name.startswith("bonghwa-")] == [bucket], "it goes on working"
    assert world.run(None) is None
    world.expect(None)


def test_a_command_that_says_why_is_repeated_as_it_is() -> None:
    assert explained(PLACE, CommandFailed("aws s3 cp: there is no such file")) == "aws s3 cp: there is no such file"
