"""A cloud that refuses, and the deployment's command in this process, which costs less than one of its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.clouds import given
from infra.clouds.aws import __main__ as command
from infra.clouds.aws import package
from infra.clouds.aws.target import dashed
from infra.table import rows
from tests.infra.clouds.aws.life import IN, AwsDeployer, of_parameter, statements
from tests.support.moto_aws import ACCOUNT


class World:
    """A cloud in which calls and stacks fail, and the deployment's command."""

    def __init__(self, deployer: AwsDeployer, folder: Path, environ: pytest.MonkeyPatch) -> None:
        self.deployer, self._environ = deployer, environ
        self.cloud = cloud = deployer.cloud
        self.zip = folder / "any.zip"
        package.write_zip({}, self.zip, package.Runtime("3.12"))
        # moto's AWS is the process's: another test may have left a deployment, and things that are none of ours.
        one_in, cloud.refusals.one_in = cloud.refusals.one_in, 0
        assert self.run(None) is None
        cloud.refusals.one_in, self._others = one_in, self.deployer.state()
        cloud.on_change = self._look
        # Secrets that a function could not have read at some moment.
        self.lacking: list[str] = []

    def run(self, goal: Mapping[str, str] | None) -> str | None:
        """Run the command in this process. None if it was done, else what it said."""
        self._environ.setattr(given, "environment_given", lambda _: dict(goal or {}))
        arguments = (
            ["teardown", IN, "--yes"] if goal is None else ["deploy", IN, f"--zip={self.zip}", "--yes", "--wait=0"]
        )
        try:
            command.main(arguments)
        except SystemExit as failed:
            return str(failed.code)
        return None

    def _look(self, arguments: list[str]) -> None:
        """After any change, a function of a stack that works may read all that its variables name."""
        is_harmful = arguments[0] == "cloudformation" or arguments[:2] == ["ssm", "delete-parameters"]
        if not is_harmful or not self.is_working():
            return
        newest, readable = self.versions(), self._readable()
        for function in self.deployer.client("lambda").list_functions()["Functions"]:
            role = function["Role"].rpartition("/")[2]
            for name in (part for each in self.names(function) for part in each.split(",")):
                path, _, version = name.rpartition(":")
                # Older versions of a parameter are kept beside the newest.
                if int(version) > newest.get(path, 0) or path not in readable[role]:
                    self.lacking.append(f"{function['FunctionName']} after {arguments[:2]}: {name}")

    def _readable(self) -> dict[str, set[str]]:
        """The parameters that each role may read. moto itself is asked, since IAM has no one request for that."""
        from moto.iam.models import iam_backends

        return {
            role.name: {
                arn.partition(":parameter")[2]
                for each in statements(role.policies["own"])
                if each["Action"] == ["ssm:GetParameters"]
                for arn in each["Resource"]
            }
            for role in iam_backends[ACCOUNT]["aws"].roles.values()
        }

    def is_working(self) -> bool:
        """Whether the stack's functions are meant to run."""
        found = self.deployer.client("cloudformation").describe_stacks()["Stacks"]
        return bool(found) and found[0]["StackStatus"] not in ("DELETE_FAILED", "ROLLBACK_FAILED")

    def versions(self) -> dict[str, int]:
        """Our parameters, with their newest version."""
        pages = self.deployer.client("ssm").get_paginator("get_parameters_by_path")
        found = [each for page in pages.paginate(Path="/bonghwa", Recursive=True) for each in page["Parameters"]]
        return {each["Name"]: each["Version"] for each in found}

    @staticmethod
    def names(function: Mapping[str, Any]) -> list[str]:
        """The secrets that a function reads."""
        names: str = function["Environment"]["Variables"]["SECRET_NAMES"]
        return names.split()

    def expect(self, goal: Mapping[str, str] | None) -> None:
        """The cloud has what the goal needs, and nothing else of ours."""
        state = self.deployer.state()
        if goal is None:
            assert state == self._others
            return
        assert set(state["functions"]) == {f"bonghwa-{dashed(row)}" for row in rows()}
        [keys] = [keys for name, keys in state["buckets"].items() if name not in self._others["buckets"]]
        assert len(keys) == 1
        needed = {
            part.rpartition(":")[0]
            for each in state["functions"].values()
            for name in self.names(each)
            for part in name.split(",")
        }
        ours = state["secrets"].keys() - self._others["secrets"].keys()
        assert ours == needed, "no parameter is left over"
        texts: dict[str, str] = {}
        for name in sorted(ours, key=of_parameter):
            group = of_parameter(name).partition("-")[0]
            texts[group] = texts.get(group, "") + state["secrets"][name]
        stored = {setting: value for text in texts.values() for setting, value in json.loads(text).items()}
        hidden = ("API_KEY", "DATABASE_URL", "HEARTBEAT_URL")
        assert {name: stored.get(name, "") for name in hidden} == {name: goal[name] for name in hidden}
