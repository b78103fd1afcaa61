"""The database's stages: what is waited for, made anew, or refused."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.clouds.aws.database import stages, template
from infra.clouds.cli import CommandFailed, Stage
from tests.infra.clouds.aws.life import PLACE
from tests.support.moto_aws import Cloud

pytestmark = pytest.mark.together("aws")
NAME = template.STACK


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with Cloud(tmp_path / "bin") as cloud:
        monkeypatch.setenv("PATH", f"{cloud.folder}:/usr/bin:/bin")
        yield cloud


@pytest.mark.system
@pytest.mark.usefixtures("cloud")
def test_another_authority_is_refused() -> None:
    stages.refuse_unknown_authority(PLACE)
    with pytest.raises(CommandFailed, match="functions would not trust a database in us-gov-west-1"):
        stages.refuse_unknown_authority(dataclasses.replace(PLACE, region="us-gov-west-1"))


def words(planned: list[Stage]) -> list[str]:
    return [" ".join(command.words()[1:4]) for stage in planned for command in stage.commands]


@pytest.mark.parametrize(
    ("status", "first"),
    [
        ("CREATE_IN_PROGRESS", ["cloudformation wait stack-create-complete"]),
        ("DELETE_IN_PROGRESS", ["cloudformation wait stack-delete-complete"]),
        (
            "ROLLBACK_COMPLETE",
            [f"cloudformation delete-stack --stack-name={NAME}", "cloudformation wait stack-delete-complete"],
        ),
    ],
)
def test_an_unfinished_stack_is_waited_for_or_made_anew(status: str, first: list[str]) -> None:
    planned = words(stages.creation(PLACE, stages.Existing(status)))
    assert planned[: len(first)] == first
    assert planned[-1] == f"cloudformation deploy --stack-name={NAME}"


def test_a_deletion_that_failed_is_not_undone() -> None:
    with pytest.raises(CommandFailed, match="teardown-aws WITH_DATABASE=1"):
        stages.creation(PLACE, stages.Existing("DELETE_FAILED"))


def test_a_lost_parameter_means_a_new_password() -> None:
    planned = words(stages.creation(PLACE, stages.Existing("CREATE_COMPLETE", "host")))
    assert planned == [
        f"ssm put-parameter --name={template.PASSWORD}",
        f"rds modify-db-instance --db-instance-identifier={NAME}",
        f"cloudformation deploy --stack-name={NAME}",
    ]
