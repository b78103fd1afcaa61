"""Fixtures around one deployment on AWS, and an instance of a Lambda."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from infra.clouds import deployed_file
from infra.clouds.aws import stack as stack_module
from shared import ROOT
from shared.settings import Settings
from tests.infra.clouds.aws.life import AwsDeployer, Life, Steps, lived
from tests.infra.clouds.aws.world import World
from tests.infra.clouds.conftest import deployed_by_forks
from tests.support.moto_aws import Cloud, Refusals
from tests.support.moto_aws.instance import KEY, Instance


@pytest.fixture(scope="session")
def life_on_aws(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The whole life of a deployment, which takes seconds: mark what uses it with ``together("aws")``."""
    folder = tmp_path_factory.mktemp("aws")
    # A copy of its own, since some tests read what is left in it.
    with Cloud(folder / "bin") as cloud, deployed_by_forks(folder) as project:
        return lived(AwsDeployer(project, cloud))


@pytest.fixture(scope="session")
def steps(life_on_aws: Life) -> Steps:
    """Its steps."""
    return life_on_aws.steps


@pytest.fixture(scope="session")
def stack(life_on_aws: Life) -> dict[str, Any]:
    """Everything that was made for a deployment with every setting, in detail."""
    return life_on_aws.details


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Instance:
    """An instance of a Lambda that nobody has called yet, and that knows no function."""
    ours = {*dotenv_values(ROOT / ".env.example"), *(field.alias for field in Settings.model_fields.values())}
    for name in [name for name in os.environ if name in ours or name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    new = Instance(monkeypatch)
    new.set(API_KEY=KEY, API_AUTH="all", DATABASE_URL=f"sqlite:///{tmp_path / 'bonghwa.db'}")
    return new


@pytest.fixture
def world(
    tmp_path: Path, cloud_project: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A cloud whose failures come by the seed of the test."""
    # The developer's own file is none of the test's.
    monkeypatch.setattr(deployed_file, "read", lambda *_: None)
    monkeypatch.setattr(stack_module, "PAUSE_SECONDS", 0.0)
    with Cloud(tmp_path / "bin", Refusals(getattr(request, "param", 0))) as cloud:
        monkeypatch.setenv("PATH", f"{cloud.folder}:/usr/bin:/bin")
        world = World(AwsDeployer(cloud_project, cloud), tmp_path, monkeypatch)
        yield world
        # moto's AWS is the process's, and the next test begins with nothing.
        cloud.refusals.one_in = 0
        world.run(None)
